package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/tracing"
)

const (
	commitTimeout = 10 * time.Second // of one transaction
	maxLockWaits  = 3                // of a group's accounts, before the rest of the group fails too
)

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
