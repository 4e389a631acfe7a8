package stripeapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

const (
	readsKept    = 31 * 24 * time.Hour
	readsCounted = 30 * 24 * time.Hour // Stripe's allocation is for so long
	pruneAgain   = time.Hour           // where it failed
)

// usage is what the row is still to be told of.
type usage struct {
	calls, retrievals, reads int64
	slowdown
}

func (u *usage) add(more usage) {
	u.calls += more.calls
	u.retrievals += more.retrievals
	u.reads += more.reads
	u.halve = u.halve || more.halve
	u.pause = max(u.pause, more.pause)
}

// Charge takes account of a call that leaves now, without its turn, since someone waits for it.
func (b *Budget) Charge(c Call) {
	u := usage{calls: 1}
	if c.Method == http.MethodGet {
		u.reads = 1
		if strings.HasPrefix(c.Path, "/v1/accounts/") {
			u.retrievals = 1
		}
	}
	b.charge(u)
}

// charge has the row told within flushAfter, or with the next lot.
func (b *Budget) charge(u usage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unpaid.add(u)
	if !b.due && !b.closed {
		b.due = true
		b.cfg.Clock.AfterFunc(flushAfter, b.flushDue)
	}
}

func (b *Budget) flushDue() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due = false
	if !b.closed {
		b.running.Go(b.flush)
	}
}

// Heed slows all processes down where Stripe asks for it.
func (b *Budget) Heed(e *Error) {
	s := e.slowdown()
	if s == (slowdown{}) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unpaid.add(usage{slowdown: s})
	b.paused = account.Later(b.paused, b.cfg.Clock.Now().Add(s.pause))
	if !b.closed {
		b.running.Go(b.flush)
	}
}

// flush tells the row what it has not been told, if anything.
func (b *Budget) flush() {
	b.mu.Lock()
	nothing := b.unpaid == usage{}
	b.mu.Unlock()
	if !nothing {
		_, _ = b.use(0) // it has logged its error
		b.prune()
	}
}

// use tells the row what it has not been told, and takes a lot of so long.
func (b *Budget) use(lasts time.Duration) (lot, error) {
	ctx, cancel := context.WithTimeout(context.Background(), useTimeout)
	defer cancel()
	u, now, asked := b.takeUnpaid(), b.rowNow(), b.cfg.Clock.Now()
	params := b.limits
	params.Now, params.Lot = now, lasts.Seconds()
	params.Calls, params.OperationCalls, params.Reads = u.calls, u.retrievals, u.reads
	params.Halve, params.Pause = u.halve, u.pause.Seconds()
	row, err := b.cfg.Queries.UseStripeBudget(ctx, params)
	b.noteTrip(b.cfg.Clock.Since(asked))
	b.note(err)
	if err != nil {
		b.charge(u.lasting())
		return lot{}, err
	}
	return b.lotOf(row), nil
}

// lasting is what is told later where it could not be told at once: reads count for a month, and all replicas are to hear of
// a refusal. A call takes nothing from a later second.
func (u usage) lasting() usage { return usage{reads: u.reads, slowdown: u.slowdown} }

func (b *Budget) takeUnpaid() usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	u := b.unpaid
	b.unpaid = usage{}
	return u
}

// note logs the first of failures in a row, and their end.
func (b *Budget) note(err error) {
	b.mu.Lock()
	was := b.failing
	b.failing = err != nil
	b.mu.Unlock()
	switch {
	case err != nil && !was:
		b.cfg.Logger.Warn("the rate budget in Postgres can't be used, so checks wait; see that the database answers", slog.Any("error", err))
	case err == nil && was:
		b.cfg.Logger.Info("the rate budget in Postgres can be used again")
	}
}

// prune forgets old days, once a day. One that fails is tried again in an hour, and costs no call.
func (b *Budget) prune() {
	now := b.rowNow()
	if !b.startPruning(now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), useTimeout)
	defer cancel()
	day := now.UTC().Truncate(24 * time.Hour)
	if err := b.cfg.Queries.ForgetStripeReads(ctx, day.Add(-readsKept)); err != nil {
		b.cfg.Logger.Warn("old counts of reads can't be deleted; that is tried again in an hour", slog.Any("error", err))
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pruneAt = day.Add(24 * time.Hour)
}

// startPruning reports whether it is time to, and puts the next attempt off.
func (b *Budget) startPruning(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.pruneAt) {
		return false
	}
	b.pruneAt = now.Add(pruneAgain)
	return true
}

// Reads is how many reads of Stripe's API (GET, by whatever process) the database knows of in the last 30 days, by UTC.
// Stripe permits 500 of them per transaction over 30 days, and 10,000 a month at the least (docs.stripe.com/rate-limits).
func Reads(ctx context.Context, q *db.Queries, now time.Time) (int64, error) {
	return q.StripeReads(ctx, now.Add(-readsCounted))
}
