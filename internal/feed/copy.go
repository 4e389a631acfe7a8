package feed

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

// Copy is every seller's readiness in this process's memory, filled from the database and kept up by the feed. It answers only
// what is true: under a Lease, and never as of before what this process has stored or told of; where it can't, the database
// has to. A nil Copy never answers. It is safe for concurrent use.
type Copy struct {
	feed     *Feed
	registry *registry.Registry
	logger   *slog.Logger
	held     atomic.Pointer[held] // nil until it is filled
	moved    moved
	stop     context.CancelFunc
	stopped  chan struct{}
}

// held is a table of one epoch, filled and kept up since the feed has gone back last.
type held struct {
	client.Table
	epoch   int64
	rewinds int // the window's when the filling began
}

// OpenCopy begins to fill a copy, which answers once it is. The caller closes it before the feed.
func OpenCopy(f *Feed) *Copy {
	c := &Copy{feed: f, registry: f.cfg.Registry, logger: f.cfg.Logger, stopped: make(chan struct{})}
	var ctx context.Context
	ctx, c.stop = context.WithCancel(context.Background())
	go c.run(ctx)
	return c
}

// Close ends what keeps the copy up.
func (c *Copy) Close(ctx context.Context) error {
	c.stop()
	select {
	case <-c.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Standing is how the copy stands to a question.
type Standing int

// A copy that is Behind will have come as far in a moment.
const (
	Answers  Standing = iota
	Unfilled          // or switched off
	Unleased
	Behind
)

// Read answers from the copy alone. The answer has seen position at, which is least or more, and may have seen more.
func (c *Copy) Read(sellerID string, least int64) (ready client.Readiness, at int64, s Standing) {
	h, w, at, s := c.standing(least)
	if s != Answers {
		return ready, at, s
	}
	ready, ok := h.Readiness(sellerID)
	if !w.leased(time.Now()) { // looked at after the row was read
		return ready, at, Unleased
	}
	if !ok {
		ready = registry.NeverConnected(sellerID)
	}
	c.registry.JudgeAge(&ready)
	return ready, max(at, ready.Version), Answers // rows come before their position
}

// standing is as it is but for the lease.
func (c *Copy) standing(least int64) (h *held, w *window, at int64, s Standing) {
	if c == nil {
		return nil, nil, 0, Unfilled
	}
	w, reached := c.feed.window.Load(), c.registry.Reached()
	h = c.held.Load()
	switch {
	case h == nil:
		return nil, w, 0, Unfilled
	case h.epoch != w.end.Epoch || h.rewinds != w.rewinds || h.epoch < reached.Epoch:
		return h, w, 0, Unfilled // a new one is on its way
	case h.epoch > reached.Epoch:
		reached.Position = 0 // before a restore
	}
	if at = h.Position(); at < max(least, w.end.Position, reached.Position) {
		return h, w, at, Behind
	}
	return h, w, at, Answers
}

// Await waits while the copy is only Behind, but only so long, and reports whether it answers.
func (c *Copy) Await(ctx context.Context, least int64, within time.Duration) bool {
	if c == nil {
		return false
	}
	end := time.NewTimer(within)
	defer end.Stop()
	for {
		moved := c.moved.next() // before it is looked at, so that no move is missed
		_, w, _, s := c.standing(least)
		switch {
		case s == Unfilled || !w.leased(time.Now()):
			return false
		case s == Answers:
			return true
		}
		c.feed.hurry.ask()
		select {
		case <-moved:
		case <-end.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// Position is that of what the copy would answer now.
func (c *Copy) Position() (at int64, ok bool) {
	_, w, at, s := c.standing(0)
	return at, s == Answers && w.leased(time.Now())
}

// Held says whether the copy answers now, and how many sellers it holds.
func (c *Copy) Held() (leased bool, sellers int) {
	if h := c.held.Load(); h != nil {
		sellers = h.Len()
	}
	_, leased = c.Position()
	return leased, sellers
}

// moved tells those who wait that the copy, or its lease, has moved.
type moved struct {
	mu sync.Mutex
	ch chan struct{}
}

func (m *moved) next() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ch == nil {
		m.ch = make(chan struct{})
	}
	return m.ch
}

func (m *moved) tell() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ch != nil {
		close(m.ch)
		m.ch = nil
	}
}
