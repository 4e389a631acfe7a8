package stripeapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	readsKept    = 31 * 24 * time.Hour
	readsCounted = 30 * 24 * time.Hour // Stripe's allocation is for so long
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
	b.paused = later(b.paused, b.cfg.Clock.Now().Add(s.pause))
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
	if err == nil {
		err = b.prune(ctx, now)
	}
	b.noteTrip(b.cfg.Clock.Since(asked))
	b.note(err)
	if err != nil {
		b.charge(usage{reads: u.reads}) // they count for a month; a call takes nothing from a later second
		return lot{}, err
	}
	return b.lotOf(row), nil
}

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

// prune forgets old days, once a day.
func (b *Budget) prune(ctx context.Context, now time.Time) error {
	day := now.UTC().Truncate(24 * time.Hour)
	b.mu.Lock()
	done := b.pruned.Equal(day)
	b.pruned = day
	b.mu.Unlock()
	if done {
		return nil
	}
	return b.cfg.Queries.ForgetStripeReads(ctx, day.Add(-readsKept))
}

// Reads is how many reads of Stripe's API (GET, by whatever process) the database knows of in the last 30 days, by UTC.
// Stripe permits 500 of them per transaction over 30 days, and 10,000 a month at the least (docs.stripe.com/rate-limits).
func Reads(ctx context.Context, q *db.Queries, now time.Time) (int64, error) {
	return q.StripeReads(ctx, now.Add(-readsCounted))
}
