package notify

import (
	"context"
	"net/netip"
	"time"
)

// Reaches tells whether connectd may call the address.
func Reaches(livemode bool, addr netip.Addr) error { return reachOf(livemode).check(addr) }

// NextAttempt is when the next attempt follows so many.
func NextAttempt(tries int, now time.Time) (time.Time, bool) { return nextAttempt(tries, now) }

// Result is what came of an attempt.
type Result struct {
	Status  int
	Failure string
}

// Send makes one attempt, signed by a secret.
func (s *Sender) Send(ctx context.Context, url, secret string) Result {
	came := s.send(ctx, message{url: url, id: "msg_1", body: `{"type":"test"}`, secrets: []string{secret}}, time.Now())
	return Result{came.status, came.failure}
}

// UsesProxy tells whether another may dial.
func (s *Sender) UsesProxy() bool {
	return s.transport.Proxy != nil
}

// NewSecret is a secret as an endpoint gets it.
func NewSecret() string { return newSecret() }

// Lots does together what is asked for at the same time.
type Lots struct{ lots[int, int] }

// NewLots makes one.
func NewLots(do func(context.Context, []int) ([]int, error)) *Lots {
	return &Lots{lots[int, int]{do: do}}
}

// Ask waits for the answer.
func (l *Lots) Ask(ctx context.Context, in int) (int, error) { return l.ask(ctx, in) }

// Waiting counts those who wait for the next lot.
func (l *Lots) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
