package feed

import (
	"context"
	"sync"
)

// hurry lets who waits for a poll shorten the tail's rest. What asks for one since the last poll began counts.
type hurry struct {
	mu    sync.Mutex
	asked bool
	end   context.CancelFunc // of the rest; nil where there is none
}

func (h *hurry) ask() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = true
	if h.end != nil {
		h.end()
	}
}

func (h *hurry) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = false
}

// unless ends its context once somebody asks.
func (h *hurry) unless(ctx context.Context) (rest context.Context, done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest, end := context.WithCancel(ctx)
	h.end = end
	if h.asked {
		end()
	}
	return rest, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.end = nil
		end()
	}
}
