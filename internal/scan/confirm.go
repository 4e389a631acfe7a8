package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// confirmWithin bounds a retrieval for which somebody's answer waits.
const confirmWithin = 2 * time.Second

// Confirm retrieves the account now, ahead of the scan, for whom what is known is too old: older than maxAge. All who ask at once
// share a retrieval, of two seconds at most, which goes on without those who give up: the one under way, where it began no
// longer than maxAge ago, else the next, since what Stripe said before somebody asked tells them nothing. The account falls due
// no sooner for it, and a failure is nobody's but the askers': else a seller who is asked for again and again while Stripe is
// away would, by so many failures, be left alone by the scan afterwards. Its errors are Check's, and one where other news kept
// overtaking the answers.
func (c *Checker) Confirm(ctx context.Context, accountID string, maxAge time.Duration) error {
	for {
		shared, late := c.confirming.join(accountID, maxAge, c.confirm)
		select {
		case <-shared.answered:
			if !late || !errors.Is(shared.err, context.DeadlineExceeded) {
				return shared.err
			} // who came late to one that ran out of time has time left
		case <-ctx.Done():
			return fmt.Errorf("confirm account %s: %w", accountID, ctx.Err())
		}
	}
}

// Close ends the retrievals that others' answers wait for. Nobody may ask any more.
func (c *Checker) Close(context.Context) error {
	c.confirming.end()
	return nil
}

func (c *Checker) confirm(ctx context.Context, accountID string) error {
	err := c.retrieveUntilApplied(ctx, accountID)
	if err != nil && account.KindOf(err) == "" && !errors.Is(err, context.Canceled) {
		c.logger.Warn("an account could not be confirmed; who asked was answered no", "account", accountID, "error", err)
	}
	return err
}

var errOvertaken = errors.New("other news of the account kept overtaking Stripe's answers")

// retrieveUntilApplied is content with what another process has retrieved meanwhile: where many ask for one account, their
// answers overtake each other.
func (c *Checker) retrieveUntilApplied(ctx context.Context, accountID string) error {
	row, err := c.connected(ctx, accountID)
	if err != nil {
		return err
	}
	last := row.CheckedAt
	for range tries {
		raced, err := c.retrieveOnce(ctx, row)
		if err != nil || !raced {
			return err
		}
		if row, err = c.connected(ctx, accountID); err != nil {
			return err
		}
		if !sameTime(row.CheckedAt, last) {
			return nil
		}
	}
	return errOvertaken
}

func (c *Checker) retrieveOnce(ctx context.Context, row client.Account) (raced bool, err error) {
	said, err := c.ask(ctx, c.stripe, registry.Retrieval{AccountID: row.ID, Source: registry.Recheck, Revision: row.Revision})
	if err != nil {
		return false, err
	}
	outcome, err := c.observe(ctx, said)
	return outcome.Result == registry.Raced, err
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// confirmations are the retrievals under way for which answers wait, one an account.
type confirmations struct {
	ctx     context.Context // of all of them
	cancel  context.CancelFunc
	running sync.WaitGroup
	now     func() time.Time

	mu       sync.Mutex
	underWay map[string]*confirmation
}

// confirmation is one retrieval that many share. answered is closed once err is set.
type confirmation struct {
	began    time.Time     // zero until it does
	next     *confirmation // of those whom this one began too early for; guarded by confirmations, as are the others
	sharers  int           // beside who began it
	answered chan struct{}
	err      error
}

func newConfirmations(now func() time.Time) *confirmations {
	ctx, cancel := context.WithCancel(context.Background())
	return &confirmations{ctx: ctx, cancel: cancel, now: now, underWay: map[string]*confirmation{}}
}

// join shares the account's retrieval that is under way, late, where that has begun recently enough, else the one after it; where
// there is none it begins one.
func (cs *confirmations) join(
	accountID string, maxAge time.Duration, retrieve func(context.Context, string) error,
) (shared *confirmation, late bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	now := cs.underWay[accountID]
	switch {
	case now == nil:
		now = &confirmation{began: cs.now(), answered: make(chan struct{})}
		cs.underWay[accountID] = now
		cs.running.Go(func() { cs.run(accountID, now, retrieve) })
		return now, false
	case now.beganWithin(maxAge, cs.now()):
		now.sharers++
		return now, true
	case now.next == nil:
		now.next = &confirmation{answered: make(chan struct{})}
	}
	now.next.sharers++
	return now.next, false
}

// beganWithin goes by the wall clock, as what is stored does. Nothing that was under way when somebody asked is young enough
// for 0.
func (c *confirmation) beganWithin(maxAge time.Duration, now time.Time) bool {
	return maxAge > 0 && now.Round(0).Sub(c.began.Round(0)).Abs() <= maxAge
}

// run retrieves until nobody waits.
func (cs *confirmations) run(accountID string, now *confirmation, retrieve func(context.Context, string) error) {
	for now != nil {
		ctx, cancel := context.WithTimeout(cs.ctx, confirmWithin)
		err := retrieve(ctx, accountID)
		cancel()
		now = cs.answer(accountID, now, err)
	}
}

// answer tells those who share a retrieval, and begins the next.
func (cs *confirmations) answer(accountID string, c *confirmation, err error) (next *confirmation) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.err = err
	close(c.answered)
	if c.next == nil {
		delete(cs.underWay, accountID)
		return nil
	}
	c.next.began = cs.now()
	cs.underWay[accountID] = c.next
	return c.next
}

func (cs *confirmations) end() {
	cs.cancel()
	cs.running.Wait()
}
