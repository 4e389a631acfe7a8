package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
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

const (
	maxGroup      = 256              // observations in one transaction
	commitTimeout = 10 * time.Second // of one transaction
)

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
}

// pending is one observation in the queue. answered is closed once out and err are set.
type pending struct {
	obs      Observation
	out      Outcome
	err      error
	answered chan struct{}
}

func newCommitter(r *Registry, writer *pgxpool.Pool) *committer {
	c := &committer{
		registry: r, writer: writer, logger: r.cfg.Logger, wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go c.run()
	return c
}

func (c *committer) submit(ctx context.Context, obs []Observation) ([]Outcome, error) {
	waiting, err := c.enqueue(obs)
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

func (c *committer) enqueue(obs []Observation) ([]*pending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if len(c.waiting)+len(obs) > c.registry.cfg.QueueSize {
		return nil, ErrFull
	}
	mine := make([]*pending, len(obs))
	for i, o := range obs {
		mine[i] = &pending{obs: o, answered: make(chan struct{})}
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
	defer c.writer.Close()
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

// commitGroup commits the group, or each of it alone where the group fails: one bad observation never costs its neighbours.
func (c *committer) commitGroup(ps []*pending) {
	for len(ps) > 0 {
		n, err := c.commit(ps)
		if isOneRows(err) && len(ps) > 1 {
			c.logger.Warn("a group of observations failed, each is tried alone", "observations", len(ps), "error", err)
			for _, p := range ps {
				c.commitGroup([]*pending{p})
			}
			return
		}
		if err != nil {
			n = len(ps)
		}
		for _, p := range ps[:n] {
			p.err = err
			close(p.answered)
		}
		ps = ps[n:]
	}
}

// isOneRows reports whether a group's error may be one observation's: a timeout or a lost connection is everyone's, and to
// try each alone would keep all others waiting for as long as each takes.
func isOneRows(err error) bool {
	return err != nil && !pgconn.Timeout(err) && !errors.Is(err, context.DeadlineExceeded) && !pgconn.SafeToRetry(err)
}

// commit runs one transaction, with the first n of ps. A panic in it is that transaction's error.
func (c *committer) commit(ps []*pending) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while committing: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	conn, err := c.writer.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	obs := make([]Observation, len(ps))
	for i, p := range ps {
		obs[i] = p.obs
	}
	outs, err := c.registry.commit(ctx, conn.Conn(), obs)
	if err != nil {
		return 0, err
	}
	for i, out := range outs {
		ps[i].out = out
	}
	return len(outs), nil
}

func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	<-c.done
}
