package onboarding_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

// watchedChecker keeps how long the last retrieval was given.
type watchedChecker struct {
	onboarding.Checker
	within  time.Duration
	bounded bool
}

func (c *watchedChecker) Check(ctx context.Context, accountID string, source registry.Source) error {
	end, bounded := ctx.Deadline()
	c.within, c.bounded = time.Until(end), bounded
	return c.Checker.Check(ctx, accountID, source)
}

func (c *watchedChecker) wantBounded(t *testing.T) {
	t.Helper()
	if !c.bounded || c.within <= 0 || c.within > 30*time.Second {
		t.Errorf("what goes on without the browser has %v (bounded: %v)", c.within, c.bounded)
	}
}

func TestWhatGoesOnWithoutTheBrowserEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	watched := &watchedChecker{Checker: p.checker}
	p.Service = onboarding.New(onboarding.Config{
		Registry: p.registry, Queries: db.New(p.pool), Stripe: p.stripe.client(t, slog.New(slog.DiscardHandler)), Checker: watched,
		BaseURL: baseURL, Now: p.clock.now, Logger: slog.New(slog.DiscardHandler),
	})
	p.newAccount("acct_1again", "unsupported")
	p.connect("s1", "account=acct_1again")
	watched.wantBounded(t)

	p.stripe.gate.on(deauthorizations, func() { p.connect("s1", "account=acct_1again") })
	watched.bounded = false
	if err := p.UnlinkAccount(t.Context(), "acct_1again", onboarding.Allowed, "test"); err != nil {
		t.Fatal(err)
	}
	watched.wantBounded(t)
}
