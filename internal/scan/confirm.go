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

// Confirm retrieves the account now, ahead of the scan, for whom what is known is too old. All who ask at once share one
// retrieval, of two seconds at most, which goes on without those who give up. The account falls due no sooner for it, and a
// failure is nobody's but the askers': else a seller who is asked for again and again while Stripe is away would, by so many
// failures, be left alone by the scan afterwards. Its errors are Check's, and one where other news kept overtaking the answers.
func (c *Checker) Confirm(ctx context.Context, accountID string) error {
	for {
		shared, begun := c.confirming.join(accountID, c.confirm)
		select {
		case <-shared.answered:
			if begun || !errors.Is(shared.err, context.DeadlineExceeded) {
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

	mu       sync.Mutex
	underWay map[string]*confirmation
}

// confirmation is one retrieval that all share who ask while it is under way. answered is closed once err is set.
type confirmation struct {
	answered chan struct{}
	err      error
}

func newConfirmations() *confirmations {
	ctx, cancel := context.WithCancel(context.Background())
	return &confirmations{ctx: ctx, cancel: cancel, underWay: map[string]*confirmation{}}
}

// join shares the account's retrieval that is under way, or begins one.
func (cs *confirmations) join(accountID string, retrieve func(context.Context, string) error) (c *confirmation, begun bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if shared, ok := cs.underWay[accountID]; ok {
		return shared, false
	}
	c = &confirmation{answered: make(chan struct{})}
	cs.underWay[accountID] = c
	cs.running.Go(func() {
		ctx, cancel := context.WithTimeout(cs.ctx, confirmWithin)
		defer cancel()
		cs.answer(accountID, c, retrieve(ctx, accountID))
	})
	return c, true
}

func (cs *confirmations) answer(accountID string, c *confirmation, err error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.underWay, accountID)
	c.err = err
	close(c.answered)
}

func (cs *confirmations) end() {
	cs.cancel()
	cs.running.Wait()
}
