package access

import (
	"fmt"
	"sync"
	"time"
)

const (
	attemptsAtOnce = 10          // wrong passwords from one address, after a quiet time
	attemptEvery   = time.Minute // and then
	mostAddresses  = 10_000      // that are remembered, in a megabyte
)

// TooManyAttemptsError says that an address has given too many wrong passwords.
type TooManyAttemptsError struct {
	// RetryAfter is when the next is taken.
	RetryAfter time.Duration
}

func (e *TooManyAttemptsError) Error() string {
	return fmt.Sprintf("too many wrong passwords from this address; the next is taken in %s", e.RetryAfter)
}

// attempts bounds the wrong passwords of each address, in this process: each moves the time by which the address's count is
// clear again. Where too many addresses are at it at once, all begin anew: a password has to withstand so many anyway. Its zero
// value has counted none.
type attempts struct {
	mu    sync.Mutex
	clear map[string]time.Time // by address; in the past: none is counted any more
}

// take counts an attempt as a wrong one, or refuses it. It is given back where it was right, or was none.
func (a *attempts) take(address string, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.makeRoom(now)
	clear := a.clear[address]
	if clear.Before(now) {
		clear = now
	}
	if wait := clear.Sub(now) - (attemptsAtOnce-1)*attemptEvery; wait > 0 {
		return &TooManyAttemptsError{RetryAfter: wait}
	}
	a.clear[address] = clear.Add(attemptEvery)
	return nil
}

func (a *attempts) giveBack(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if clear, ok := a.clear[address]; ok {
		a.clear[address] = clear.Add(-attemptEvery)
	}
}

func (a *attempts) makeRoom(now time.Time) {
	if len(a.clear) >= mostAddresses {
		for address, clear := range a.clear {
			if !clear.After(now) {
				delete(a.clear, address)
			}
		}
	}
	if a.clear == nil || len(a.clear) >= mostAddresses {
		a.clear = map[string]time.Time{}
	}
}
