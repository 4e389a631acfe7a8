package sandbox

import (
	"slices"
	"sync"
	"time"
)

const keptAttempts = 500

// attempt is one delivery and how it was answered; Status is 0 where it was not.
type attempt struct {
	At      time.Time
	Event   string
	Type    string
	Account string
	URL     string
	Status  int
	Error   string
}

// attemptLog has the newest attempts, for people to look at. Safe for concurrent use.
type attemptLog struct {
	mu   sync.Mutex
	last []attempt
}

func (l *attemptLog) add(a attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, a)
	if len(l.last) >= 2*keptAttempts {
		l.last = slices.Clone(l.last[len(l.last)-keptAttempts:])
	}
}

// newest are the attempts of the log, at most n, the newest first.
func (l *attemptLog) newest(n int) []attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := max(len(l.last)-n, 0)
	attempts := slices.Clone(l.last[from:])
	slices.Reverse(attempts)
	return attempts
}
