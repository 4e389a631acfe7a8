package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrFull says that the committer's queue is full and nothing was stored; it is to be tried again.
var ErrFull = errors.New("too many observations are waiting")

// ErrClosed says that the registry is closing and nothing was stored.
var ErrClosed = errors.New("the registry is closed")

// Observe stores what was learned, in order, and says what became of each observation. It returns when that is on disk.
// Observations of one call need not share a transaction: where some fail, the error joins theirs, and the outcomes of the
// others stand. A caller whose context ends does not know what became of its observations: they may still be stored.
func (r *Registry) Observe(ctx context.Context, obs []Observation) ([]Outcome, error) {
	return r.queue.submit(ctx, obs)
}

const maxGroup = 256 // observations in one transaction

// committer gathers what waits into groups and commits one at a time. It takes what is there and never waits for more, so
// that a lone observation is committed at once, and what arrives during a commit goes into the next.
type committer struct {
	registry *Registry
	writer   *pgxpool.Pool
	logger   *slog.Logger

	mu      sync.Mutex
	waiting []*pending
	closed  bool
	wake    chan struct{}
	done    chan struct{}

	ctx    context.Context // of all its transactions
	cancel context.CancelFunc
}

// pending is one observation in the queue. answered is closed once out and err are set.
type pending struct {
	obs      Observation
	caller   context.Context
	since    time.Time
	out      Outcome
	err      error
	answered chan struct{}
}

func newCommitter(r *Registry, writer *pgxpool.Pool) *committer {
	c := &committer{
		registry: r, writer: writer, logger: r.cfg.Logger, wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	return c
}

func (c *committer) submit(ctx context.Context, obs []Observation) ([]Outcome, error) {
	waiting, err := c.enqueue(ctx, obs)
	if err != nil {
		return nil, err
	}
	outs := make([]Outcome, len(obs))
	var errs []error
	for i, p := range waiting {
		select {
		case <-p.answered:
			outs[i] = p.out
			errs = append(errs, p.err)
		case <-ctx.Done():
			return nil, fmt.Errorf("observe: %w", ctx.Err())
		}
	}
	return outs, errors.Join(errs...)
}

func (c *committer) enqueue(ctx context.Context, obs []Observation) ([]*pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if len(c.waiting)+len(obs) > c.registry.cfg.QueueSize {
		return nil, ErrFull
	}
	mine, now := make([]*pending, len(obs)), time.Now()
	for i, o := range obs {
		mine[i] = &pending{obs: o, caller: ctx, since: now, answered: make(chan struct{})}
	}
	c.waiting = append(c.waiting, mine...)
	c.signal()
	return mine, nil
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take removes up to a group from the queue; open is false once the queue is closed and empty.
func (c *committer) take() (ps []*pending, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), maxGroup)
	ps, c.waiting = c.waiting[:n:n], c.waiting[n:]
	return ps, n > 0 || !c.closed
}

func (c *committer) run() {
	defer close(c.done)
	for {
		ps, open := c.take()
		switch {
		case len(ps) > 0:
			c.commitGroup(ps)
		case !open:
			return
		default:
			<-c.wake
		}
	}
}

// Queued says how many observations wait for the committer, of how many that may, and since when the oldest does: the zero
// time where none waits.
func (r *Registry) Queued() (observations, capacity int, since time.Time) {
	c := r.queue
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		since = c.waiting[0].since
	}
	return len(c.waiting), r.cfg.QueueSize, since
}

func (c *committer) close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	defer c.cancel()
	select {
	case <-c.done:
		return c.closeWriter(ctx)
	case <-ctx.Done():
		c.cancel()
		<-c.done
		return errors.Join(fmt.Errorf("store what was waiting: %w", ctx.Err()), c.closeWriter(ctx))
	}
}

// closeWriter waits no longer than ctx: a connection on which nothing is answered any more takes 15 seconds to close.
func (c *committer) closeWriter(ctx context.Context) error {
	closed := make(chan struct{})
	go func() { c.writer.Close(); close(closed) }()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close the committer's connection: %w", ctx.Err())
	}
}
