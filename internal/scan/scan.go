// Package scan keeps accounts true that no webhook speaks of: it retrieves each account when it is due.
//
// An account's due date in Postgres is its place in the queue; nothing else remembers it, so that a restart, a deploy or a
// week of downtime forgets no account. It may import registry, account and stripeapi. Its rule: every entry is a
// Tick(ctx, now) that is safe to run on all replicas at once.
package scan

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const (
	claimLasts = 15 * time.Second // longer than a call to Stripe may take, and a batch has two seconds' worth of calls
)

// Scanner checks the accounts that are due.
type Scanner struct {
	registry *registry.Registry
	checker  *Checker
	batch    int
	clock    quartz.Clock
	logger   *slog.Logger
	wake     chan struct{}
}

// Config is what a Scanner needs.
type Config struct {
	Registry *registry.Registry
	// Checker paces its calls by the scan's rate.
	Checker *Checker
	// Rate is that of the checker's client, in calls to Stripe a second.
	Rate   float64
	Clock  quartz.Clock
	Logger *slog.Logger
}

// New makes a scanner; Run or Tick sets it to work.
func New(cfg Config) *Scanner {
	return &Scanner{
		registry: cfg.Registry, checker: cfg.Checker, batch: max(1, int(2*cfg.Rate)), clock: cfg.Clock, logger: cfg.Logger,
		wake: make(chan struct{}, 1),
	}
}

// Tick checks all that is due at now and returns when nothing is left that it may take. It returns how many it checked. Time
// goes on while it works: each batch's claim lasts from when it is made.
func (s *Scanner) Tick(ctx context.Context, now time.Time) (int, error) {
	checked, began := 0, s.clock.Now()
	for ctx.Err() == nil {
		claims, err := s.registry.ClaimDue(ctx, now.Add(s.clock.Since(began)), claimLasts, s.batch)
		if err != nil || len(claims) == 0 {
			return checked, err
		}
		s.check(ctx, claims)
		checked += len(claims)
	}
	return checked, ctx.Err()
}

func (s *Scanner) check(ctx context.Context, claims []registry.Claim) {
	queue := make(chan registry.Claim)
	var group sync.WaitGroup
	for range len(claims) {
		group.Go(func() {
			for claim := range queue {
				s.checkOne(ctx, claim)
			}
		})
	}
	for _, claim := range claims {
		queue <- claim
	}
	close(queue)
	group.Wait()
}

// checkOne: an account that can't be read never stops the others.
func (s *Scanner) checkOne(ctx context.Context, claim registry.Claim) {
	err := s.checker.Check(ctx, claim.AccountID, registry.Scan)
	if err == nil || account.KindOf(err) == account.Conflict || ctx.Err() != nil {
		return // checked; disconnected meanwhile; or stopping, and the claim returns by itself
	}
	s.logger.Warn("a due account could not be checked", "account", claim.AccountID, "error", err)
}

// Wake makes Run tick now; the cron entry calls it.
func (s *Scanner) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // a tick is asked for already
	}
}

// Run ticks at its start, at each Wake, when an account becomes due at once, and when a claim ends, until ctx does.
func (s *Scanner) Run(ctx context.Context) {
	for ctx.Err() == nil {
		now := s.clock.Now()
		if checked, err := s.Tick(ctx, now); err != nil && ctx.Err() == nil {
			s.logger.Error("the scan could not look for due accounts", "error", err)
		} else if checked > 0 {
			s.logger.Info("checked the accounts that were due", "accounts", checked)
		}
		s.rest(ctx, now)
	}
}

func (s *Scanner) rest(ctx context.Context, ticked time.Time) {
	var claimEnds <-chan time.Time
	if end, ok, err := s.registry.NextClaimEnd(ctx, ticked); err == nil && ok {
		timer := s.clock.NewTimer(max(end.Sub(s.clock.Now()), 0))
		defer timer.Stop()
		claimEnds = timer.C
	}
	select {
	case <-ctx.Done():
	case <-claimEnds:
	case <-s.wake:
	case <-s.registry.DueNow():
	}
}
