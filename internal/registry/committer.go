package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/tracing"
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
	maxLockWaits  = 3                // of a group's accounts, before the rest of the group fails too
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

// commitGroup commits the group, or each of it alone where the group fails: one bad observation never costs its neighbours.
func (c *committer) commitGroup(ps []*pending) {
	for len(ps) > 0 {
		n, err := c.commit(ps)
		if err == nil {
			answer(ps[:n], nil)
			ps = ps[n:]
			continue
		}
		if len(ps) > 1 && isOneRows(err) {
			c.logger.Warn("a group of observations failed, each is tried alone", "observations", len(ps), "error", err)
			c.commitEach(ps)
			return
		}
		answer(ps, err)
		return
	}
}

// commitEach commits one by one, first those that can't be learned again. Others whose callers have gone are left out. An
// account whose row somebody else locks costs its own observations alone; where several do, or the database is gone, the rest
// fails at once.
func (c *committer) commitEach(ps []*pending) {
	slices.SortStableFunc(ps, func(a, b *pending) int { return cmp.Compare(a.rank(), b.rank()) })
	locked := map[string]error{} // by the account that was waited for in vain
	for i, p := range ps {
		err := c.commitAlone(ps[i:i+1], locked[p.obs.accountID])
		answer(ps[i:i+1], err)
		if postgres.IsLocked(err) {
			locked[p.obs.accountID] = fmt.Errorf("not tried: %w", err)
		}
		if len(locked) == maxLockWaits || errors.Is(err, errEveryones) {
			answer(ps[i+1:], fmt.Errorf("not tried, since others failed: %w", err))
			return
		}
	}
}

// errEveryones marks a failure that is not one observation's.
var errEveryones = errors.New("the database could not be written to")

func (c *committer) commitAlone(one []*pending, locked error) error {
	if locked != nil {
		return locked
	}
	if gone := one[0].caller.Err(); gone != nil && one[0].rank() > 0 {
		return gone
	}
	_, err := c.commit(one)
	if err != nil && !isOneRows(err) {
		return errors.Join(errEveryones, err)
	}
	return err
}

// rank is 0 for what happened once, at a request of ours, and that nobody will tell again.
func (p *pending) rank() int {
	if p.obs.kind == granted || p.obs.kind == unlinked {
		return 0
	}
	return 1
}

func answer(ps []*pending, err error) {
	for _, p := range ps {
		p.err = err
		close(p.answered)
	}
}

// isOneRows reports whether a group's error may be one observation's: one of the database's is everyone's, and to try each alone
// would keep all others waiting for as long as each takes.
func isOneRows(err error) bool {
	return !postgres.IsUnavailable(err) && !errors.Is(err, context.Canceled)
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

// commit runs one transaction, with the first n of ps, and has it counted.
func (c *committer) commit(ps []*pending) (n int, err error) {
	began := time.Now()
	n, err = c.transact(ps)
	c.registry.cfg.Committed(n, time.Since(began), err)
	for _, p := range ps[:n] {
		c.registry.cfg.Observed(p.obs.source, p.out.Result)
	}
	return n, err
}

// transact runs one transaction. A panic in it is that transaction's error.
func (c *committer) transact(ps []*pending) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while committing: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(c.ctx, commitTimeout)
	defer cancel()
	ctx, end := tracing.Group(ctx, "commit", callersOf(ps))
	defer end()
	conn, err := c.writer.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	obs := make([]Observation, len(ps))
	for i, p := range ps {
		obs[i] = p.obs
		obs[i].traceparent = tracing.Parent(p.caller)
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

func callersOf(ps []*pending) []context.Context {
	callers := make([]context.Context, len(ps))
	for i, p := range ps {
		callers[i] = p.caller
	}
	return callers
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
