package onboarding_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

// watchedChecker keeps how long the last retrieval was given, and does before each what the test says.
type watchedChecker struct {
	onboarding.Checker
	before  func(ctx context.Context)
	within  time.Duration
	bounded bool
}

func (c *watchedChecker) Check(ctx context.Context, accountID string, source registry.Source) error {
	end, bounded := ctx.Deadline()
	c.within, c.bounded = time.Until(end), bounded
	if c.before != nil {
		c.before(ctx)
	}
	return c.Checker.Check(ctx, accountID, source)
}

func (c *watchedChecker) wantBounded(t *testing.T) {
	t.Helper()
	if !c.bounded || c.within <= 0 || c.within > 30*time.Second {
		t.Errorf("what goes on without the browser has %v (bounded: %v)", c.within, c.bounded)
	}
}

// watchChecks has the place's service retrieve accounts by the checker that is returned.
func (p *place) watchChecks() *watchedChecker {
	p.t.Helper()
	watched := &watchedChecker{Checker: p.checker}
	p.Service = onboarding.New(onboarding.Config{
		Registry: p.registry, Queries: db.New(p.pool), Stripe: p.stripe.client(p.t, nil), Checker: watched,
		BaseURL: baseURL, Now: p.clock.now, Logger: slog.New(slog.DiscardHandler),
	})
	return watched
}

// holdDuring keeps what the statement locks from when the next request to path arrives until release is called.
func (p *place) holdDuring(path, lock string) (release func()) {
	p.t.Helper()
	tx, err := p.pool.Begin(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	p.stripe.gate.on(path, func() {
		if _, err := tx.Exec(p.t.Context(), lock); err != nil {
			p.t.Error(err)
		}
	})
	release = sync.OnceFunc(func() {
		if err := tx.Rollback(context.WithoutCancel(p.t.Context())); err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(release) // where the test ends before
	return release
}

func TestWhatGoesOnWithoutTheBrowserEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	watched := p.watchChecks()
	p.newAccount("acct_1again", "unsupported")
	p.connect("s1", "account=acct_1again")
	watched.wantBounded(t)

	p.stripe.gate.after(deauthorizations, func() { p.connect("s1", "account=acct_1again") })
	watched.bounded = false
	wantError(t, p.UnlinkAccount(t.Context(), "acct_1again", onboarding.Allowed, account.Actor{Name: "test"}), account.Conflict, "")
	watched.wantBounded(t)
}

// TestAnswerThatCanNotBeKeptForLongCostsNoGrant: neither the answer nor what became of it can be written, until all is over.
func TestAnswerThatCanNotBeKeptForLongCostsNoGrant(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	p.KeepWithin(200 * time.Millisecond)
	release := p.holdDuring(exchanges, "select from oauth_codes for update")
	w.mustArrive()
	release()
	p.wantStatus("s1", account.Enabled)
	p.wantAsked(exchanges, 1)
}

// TestGrantThatCanNotBeStoredForLongIsStoredLater: the answer was kept beside, and the browser never comes back.
func TestGrantThatCanNotBeStoredForLongIsStoredLater(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	p.CommitWithin(500 * time.Millisecond)
	release := p.holdDuring(exchanges, "select from feed for update")
	if _, err := w.arrive(); err == nil {
		t.Error("a seller who is not connected was sent on")
	}
	release()
	p.CommitWithin(10 * time.Second)
	p.clock.advance(15 * time.Second)
	p.tick()
	p.wantConnected("s1")
	p.wantSettled("connected")
	p.wantAsked(exchanges, 1)
}

// TestGrantIsKeptWhileItsCommitWaits: a process that dies then leaves it to the next.
func TestGrantIsKeptWhileItsCommitWaits(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	release := p.holdDuring(exchanges, "select from feed for update")
	ended := make(chan error, 1)
	go func() {
		_, err := w.arrive()
		ended <- err
	}()
	p.waitUntilKept(ended)
	release()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	p.wantStatus("s1", account.Enabled)
	p.wantSettled("connected")
}

// waitUntilKept waits for what Stripe granted to be kept, before the arrival ends.
func (p *place) waitUntilKept(ended <-chan error) {
	p.t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for p.count("select count(*) from oauth_codes where account_id is not null") == 0 {
		select {
		case err := <-ended:
			p.t.Fatalf("nothing was kept before the arrival ended: %v", err)
		case <-look.C:
		}
	}
}

// TestRetrievalThatHangsKeepsNobodyWaiting: what became of the code is known before the account is retrieved.
func TestRetrievalThatHangsKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	watched := p.watchChecks()
	p.RetrieveWithin(3 * time.Second)
	w := p.depart("s1").decide("persona=complete")
	watched.before = func(ctx context.Context) {
		p.clock.advance(5 * time.Second) // as long as anyone waits for a retrieval
		w.mustArrive()
		p.wantConnected("s1")
		p.wantSettled("connected")
		<-ctx.Done()
	}
	w.mustArrive()
	p.wantStatus("s1", account.Incomplete)
	if ready := p.readiness("s1"); ready.CheckedAt != nil {
		t.Error("the retrieval did not hang")
	}
	p.wantAsked(exchanges, 1)
}

// wantConnected holds that the seller holds an account, whatever is known of it.
func (p *place) wantConnected(sellerID string) {
	p.t.Helper()
	if _, connected, err := p.registry.HeldBy(p.t.Context(), sellerID); err != nil || !connected {
		p.t.Errorf("seller %s is connected: %v, %v", sellerID, connected, err)
	}
}

// wantSettled holds what became of the first code.
func (p *place) wantSettled(outcome string) {
	p.t.Helper()
	got := p.texts("select coalesce(outcome, 'nothing') from oauth_codes order by created_at")
	if len(got) == 0 || got[0] != outcome {
		p.t.Errorf("what became of the codes: %v, want %s of the first", got, outcome)
	}
}
