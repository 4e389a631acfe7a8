package stripeapi

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// What Stripe permits a second (docs.stripe.com/rate-limits); all ids of GET /v1/accounts/{id} are one operation.
const (
	testRate      = 25
	liveRate      = 100
	operationRate = 25
)

const (
	lotLasts   = 100 * time.Millisecond // how much of its rate a process takes at once, the least
	lotLongest = time.Second
	mostLate   = 20 * time.Millisecond  // that a call may leave; a moment longer ago is lost
	pace       = 0.975                  // of the rate; 1 / (1 + mostLate) and a little, so that no second has more than the rate
	flushAfter = 250 * time.Millisecond // how long a call may go uncharged
	useTimeout = 5 * time.Second
	skewHeeded = 10 * time.Second // as in sql/stripe_budget.sql
	mostSlack  = 0.2              // seconds; a longer one would let people's calls and the scan's exceed a rate for long
)

// Budget is what Stripe permits in a second, shared by all processes on one database, which is one platform's. A row in
// Postgres holds what was used; each process takes the scan's calls from it in small lots, the next one while the present one
// is used up, and each call of a lot has a moment of its own. Calls that people wait for go at once and are charged
// afterwards, so that the scan yields to them. There is no limit on the calls in flight: they are the rate times Stripe's
// latency, so that half the rate is half of them too. It is safe for concurrent use.
type Budget struct {
	cfg    BudgetConfig
	limits db.UseStripeBudgetParams // the rates, as every use brings them

	turn   chan struct{} // holds one: whoever puts it in is the next to leave
	lot    lot           // at hand; of whoever has the turn, as are coming, left and lost
	coming chan taken    // the next lot; nil while none is asked for
	left   time.Time     // when the call before left
	lost   bool          // the moment before was overslept

	mu      sync.Mutex
	unpaid  usage
	due     bool          // a flush is
	paused  time.Time     // until when this process makes no calls for the scan
	trip    time.Duration // how long Postgres takes to answer
	skew    time.Duration // how far the row's clock is known to be ahead of this process's
	failing bool
	pruneAt time.Time // when old days are to be forgotten next
	closed  bool
	running sync.WaitGroup
}

// BudgetConfig is what a Budget needs.
type BudgetConfig struct {
	Queries *db.Queries
	// Rate is what the scans of all processes may use, in calls a second: no second has more. Above what Stripe permits by default it takes
	// the place of that: Stripe permits some platforms more.
	Rate     float64
	Livemode bool
	Clock    quartz.Clock
	Logger   *slog.Logger
}

// NewBudget makes this process's share of the budget. The caller closes it, before the database.
func NewBudget(cfg BudgetConfig) *Budget {
	all := max(cfg.Rate, testRate)
	if cfg.Livemode {
		all = max(cfg.Rate, liveRate)
	}
	operation := max(cfg.Rate, operationRate)
	return &Budget{
		cfg: cfg, turn: make(chan struct{}, 1),
		limits: db.UseStripeBudgetParams{
			Rate: pace * cfg.Rate, AllRate: all, OperationRate: operation,
			// What the scan leaves is people's: it yields once they use more. Their calls come in bursts.
			AllSlack: min(1-cfg.Rate/all, mostSlack), OperationSlack: min(1-cfg.Rate/operation, mostSlack),
		},
	}
}

// Wait returns when the scan's next call may leave. It fails when ctx ends, and while Postgres can't be reached: what the
// scan would learn could not be kept either.
func (b *Budget) Wait(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		at, err := b.moment(ctx)
		if err != nil {
			return err
		}
		if err := b.sleep(ctx, at); err != nil {
			return err
		}
		if b.isPaused(at) || b.overslept(at) {
			continue
		}
		b.charge(usage{reads: 1}) // the scan only reads; its calls are charged with the lot
		return nil
	}
}

// moment is when the next call is to leave.
func (b *Budget) moment(ctx context.Context) (time.Time, error) {
	for {
		if at, ok := b.lot.take(b.notBefore()); ok {
			return at, nil
		}
		if err := b.nextLot(ctx); err != nil {
			return time.Time{}, err
		}
	}
}

// nextLot waits for the lot that is on its way, and asks for the one after it.
func (b *Budget) nextLot(ctx context.Context) error {
	if b.coming == nil {
		b.ask()
	}
	select {
	case got := <-b.coming:
		b.coming = nil
		if got.err != nil {
			return fmt.Errorf("take calls from the rate budget in Postgres: %w", got.err)
		}
		b.lot = got.lot
		b.ask()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *Budget) ask() {
	coming := make(chan taken, 1)
	b.coming = coming
	b.running.Go(func() {
		lot, err := b.use(b.lotLength())
		coming <- taken{lot, err}
		b.prune()
	})
}

// lotLength is such that the next lot comes before the present one is used up, also from a Postgres that is slow.
func (b *Budget) lotLength() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return min(max(lotLasts, 2*b.trip), lotLongest)
}

// noteTrip takes a longer one at once, and a shorter one by and by.
func (b *Budget) noteTrip(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trip = max(took, b.trip-b.trip/4)
}

// notBefore is the earliest moment that can be used still: what is late by a little is made up for, but not what went by while
// nobody waited. A process that is late takes from others' seconds, so it is little.
func (b *Budget) notBefore() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return account.Later(b.cfg.Clock.Now().Add(-mostLate), b.paused)
}

// sleep waits until at. Where that has gone by the call leaves, though never sooner than half a spacing after the one before:
// what is made up for comes twice as fast, not all at once.
func (b *Budget) sleep(ctx context.Context, at time.Time) error {
	at = account.Later(at, b.left.Add(b.lot.spacing/2))
	if wait := at.Sub(b.cfg.Clock.Now()); wait > 0 {
		timer := b.cfg.Clock.NewTimer(wait, "turn")
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b.left = account.Later(at, b.cfg.Clock.Now())
	return ctx.Err()
}

// overslept reports whether the moment has gone by. Of two in a row one counts, or a machine that is always late would make no
// call at all.
func (b *Budget) overslept(at time.Time) bool {
	b.lost = b.cfg.Clock.Since(at) > mostLate && !b.lost
	return b.lost
}

func (b *Budget) isPaused(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return at.Before(b.paused)
}

// Close charges what is uncharged. Nobody may wait any more.
func (b *Budget) Close(context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.running.Wait()
	b.flush()
	return nil
}
