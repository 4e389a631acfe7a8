// Package scan keeps accounts true that no webhook speaks of: it retrieves each account when it is due. An account's due
// date in Postgres is its place in the queue; nothing else remembers it, so that a restart, a deploy or a week of downtime
// forgets no account. One pass is open at a time: whichever replica finds a due account opens it, all replicas work on it,
// and the last to find nothing left ends it.
//
// It may import account, client (its reports), db, postgres (how long it is waited
// for), registry and stripeapi. Its one rule: every entry is a Tick(ctx, now)
// that is safe to run on all replicas at once.
package scan

import (
	"context"
	"log/slog"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	claimLasts   = 15 * time.Second       // longer than a call to Stripe may take; a batch has two seconds' worth of calls
	batchLasts   = 2                      // seconds' worth of calls in a batch
	lookAround   = 2 * time.Second        // how often a resting scanner looks for passes that others opened
	shortestRest = 100 * time.Millisecond // where an account's turn has come that could not be taken: somebody holds its row
	firstRest    = time.Second            // after a tick that failed; it doubles with each further one
	longestRest  = time.Minute
	answerWithin = 30 * time.Second // of Postgres to one statement: the longest of them write 10,000 rows
)

// Scanner checks the accounts that are due.
type Scanner struct {
	registry *registry.Registry
	passes   *Passes
	walks    *walks
	checker  *Checker
	stripe   *stripeapi.Client
	batch    int
	clock    quartz.Clock

	maxInFlight  int
	answerWithin time.Duration
	logger       *slog.Logger
	wake         chan struct{}
}

// Config is what a Scanner needs.
type Config struct {
	Registry *registry.Registry
	Passes   *Passes
	Checker  *Checker
	// Stripe paces the scan's calls by its Turns, and Rate is their rate, in calls a second.
	Stripe *stripeapi.Client
	Rate   float64
	Clock  quartz.Clock
	Logger *slog.Logger
}

// New makes a scanner; Run or Tick sets it to work.
func New(cfg Config) *Scanner {
	return &Scanner{
		registry: cfg.Registry, passes: cfg.Passes, walks: newWalks(cfg.Passes.pool), checker: cfg.Checker, stripe: cfg.Stripe, clock: cfg.Clock,
		batch: max(1, int(batchLasts*cfg.Rate)), maxInFlight: maxInFlight, answerWithin: answerWithin, logger: cfg.Logger, wake: make(chan struct{}, 1),
	}
}

// Wake makes Run tick now; the cron entry calls it.
func (s *Scanner) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // a tick is asked for already
	}
}

// Run ticks at its start, at each Wake, when an account becomes due at once, when a claim ends that nobody has answered, and
// while a pass is running, until ctx ends. What falls due by the calendar waits for Wake. After a tick that failed it rests
// for longer each time; where Stripe refused the key it waits for Wake.
func (s *Scanner) Run(ctx context.Context) {
	ctx = postgres.Bounded(ctx, s.answerWithin)
	rest := firstRest
	for ctx.Err() == nil {
		checked, err := s.Tick(ctx, s.clock.Now())
		if checked > 0 {
			s.logger.Info("checked the accounts that were due", "accounts", checked)
		}
		switch {
		case ctx.Err() != nil:
		case err == nil:
			rest = firstRest
			s.restUntilDue(ctx)
		case stripeapi.KindOf(err) == stripeapi.KeyWrong:
			s.restUntilWoken(ctx)
		default:
			s.logger.Error("the scan has stopped and will go on", "in", rest, "error", err)
			s.restFor(ctx, rest)
			rest = min(2*rest, longestRest)
		}
	}
}

func (s *Scanner) restFor(ctx context.Context, d time.Duration) {
	timer := s.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *Scanner) restUntilWoken(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.wake:
	}
}

// restUntilDue looks every now and then, since other replicas tell of what they did by Postgres alone.
func (s *Scanner) restUntilDue(ctx context.Context) {
	for ctx.Err() == nil {
		timer := s.clock.NewTimer(s.untilNextClaimEnd(ctx))
		select {
		case <-ctx.Done():
		case <-timer.C:
			if s.somethingToDo(ctx) {
				return
			}
		case <-s.wake:
			timer.Stop()
			return
		case <-s.registry.DueNow():
			timer.Stop()
			return
		}
	}
}

// untilNextClaimEnd is how long no claim ends, at most lookAround.
func (s *Scanner) untilNextClaimEnd(ctx context.Context) time.Duration {
	next, ok, err := s.registry.NextClaimEnd(ctx)
	if err != nil || !ok {
		return lookAround
	}
	return min(max(next.Sub(s.clock.Now()), shortestRest), lookAround)
}

// somethingToDo reports whether a pass is running, or a claim has ended that nobody has answered.
func (s *Scanner) somethingToDo(ctx context.Context) bool {
	pass, open, err := s.passes.current(ctx)
	if err != nil || open && pass.State == "running" {
		return true // a tick says what is wrong
	}
	end, ok, err := s.registry.NextClaimEnd(ctx)
	return err != nil || ok && !end.After(s.clock.Now())
}
