package sandbox

import (
	"slices"
	"sync"
	"time"
)

const keptAttempts = 500

// Delivery is one attempt to deliver an event and how it was answered.
type Delivery struct {
	At      time.Time
	Event   string // id
	Type    string
	Account string // of a connected account's event
	URL     string
	Status  int    // 0 where there was no answer
	Error   string // why there was none
}

// attemptLog has the newest attempts, for people to look at. Safe for concurrent use.
type attemptLog struct {
	mu   sync.Mutex
	last []Delivery
}

func (l *attemptLog) add(a Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, a)
	if len(l.last) >= 2*keptAttempts {
		l.last = slices.Clone(l.last[len(l.last)-keptAttempts:])
	}
}
