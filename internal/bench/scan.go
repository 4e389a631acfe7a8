package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/app"
)

const (
	scanRate   = 20   // CONNECTD_STRIPE_RATE's default
	fastest    = 2000 // calls a second: more than can be made, so that nothing but the work takes time
	listed     = 100  // accounts in a page of Stripe's list
	claimBatch = 40   // accounts that are claimed at once: two seconds' calls
	claimLasts = 15 * time.Second
	checkedAt  = 32    // how many retrievals the floor has under way
	mostPassed = 2_000 // accounts in a pass that is measured
)

// scan measures the claim of a batch where all accounts are due, and how many accounts a second a pass gets through at most; from
// that, and from the rate that Stripe is asked at, the days that a scan of all accounts takes.
func (r *run) scan(ctx context.Context) error {
	if err := r.stopServing(ctx); err != nil {
		return err
	}
	if err := r.claims(ctx); err != nil {
		return err
	}
	most, floor, err := r.pass(ctx)
	if err != nil {
		return err
	}
	r.add(Line{What: "checks of accounts, as fast as can be", Value: most, Unit: "accounts/s", Floor: "retrievals alone", FloorValue: floor})
	days := func(perSecond float64) float64 { return float64(r.n) / perSecond / (24 * 60 * 60) }
	r.add(Line{
		What: fmt.Sprintf("a scan of all, at %d calls a second", scanRate), Value: days(scanRate), Unit: "days",
		Floor: "as fast as can be", FloorValue: days(most),
	})
	r.add(Line{
		What: fmt.Sprintf("the same by Stripe's list, %d accounts a call", listed), Value: days(scanRate * listed), Unit: "days",
		Floor: "by retrievals", FloorValue: days(scanRate),
	})
	return nil
}

// claims takes one batch after the other, a year ahead, when all accounts are due. Each claim has ended when the next one begins, and
// its accounts are the last in the queue.
func (r *run) claims(ctx context.Context) error {
	core := app.NewCore(slog.New(slog.DiscardHandler))
	defer func() { _ = core.Stop(context.WithoutCancel(ctx)) }()
	if err := core.OpenDatabase(ctx, r.settings(&serving{}).Database); err != nil {
		return err
	}
	if err := core.OpenRegistry(ctx, r.settings(&serving{}).Service); err != nil {
		return err
	}
	at := time.Now().AddDate(1, 0, 0)
	claim := func() error {
		at = at.Add(claimLasts + time.Second)
		claimed, err := core.Registry.ClaimDue(ctx, at, claimLasts, claimBatch)
		if err == nil && len(claimed) != claimBatch {
			err = fmt.Errorf("%d accounts were claimed, not %d", len(claimed), claimBatch)
		}
		return err
	}
	update := func() error {
		_, err := r.pool.Exec(ctx, `update accounts set claimed_until = $2 where id = $1`, r.stripe.account(r.n-1), at)
		return err
	}
	of, under, _, err := compare(ctx, []worker{claim}, []worker{update}, r.cfg.For)
	if err != nil {
		return err
	}
	r.add(Line{
		What: fmt.Sprintf("the next %d of all accounts claimed", claimBatch), Value: of.ms(50), Unit: "ms", P50: of.ms(50), P99: of.ms(99),
		Floor: "one account updated", FloorValue: under.ms(50), FloorP50: under.ms(50), FloorP99: under.ms(99),
	})
	_, err = r.pool.Exec(ctx, `update accounts set claimed_until = null where claimed_until is not null`)
	return err
}

// pass has accounts checked twice: the first pass learns what the sandbox says of them, the second one, which is measured, that it is
// still so, as nearly all checks do. The floor is the same retrievals without connectd.
func (r *run) pass(ctx context.Context) (perSecond, floor float64, err error) {
	if _, err := r.serve(ctx, scanning); err != nil {
		return 0, 0, err
	}
	for range 2 {
		if perSecond, err = r.passOnce(ctx); err != nil {
			return 0, 0, err
		}
	}
	key := "Authorization: Bearer " + r.stripe.sandbox.Platform().Key + "\r\n"
	retrievals, err := r.askers(ctx, r.stripe.addr(), checkedAt, func(connection int) func() []byte {
		at := connection
		return func() []byte {
			at = (at + checkedAt) % r.n
			return get(r.stripe.addr(), "/v1/accounts/"+r.stripe.account(at), key)
		}
	})
	if err != nil {
		return 0, 0, err
	}
	under, err := drive(ctx, retrievals, r.cfg.For)
	return perSecond, under.perSecond, err
}

// passOnce has some accounts fall due, and returns how many a second were checked once they all are.
func (r *run) passOnce(ctx context.Context) (perSecond float64, err error) {
	_, err = r.pool.Exec(ctx, `update accounts set next_check_at = $1, claimed_until = null
		where id in (select id from accounts where disconnected_at is null order by id limit $2)`, time.Now(), mostPassed)
	if err != nil {
		return 0, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var due int
		var checked, seconds float64
		err := r.pool.QueryRow(ctx, `select (select count(*) from accounts where next_check_at <= $1), checked::float8,
				extract(epoch from finished_at - started_at)::float8
			from scans where state = 'finished' order by started_at desc limit 1`, time.Now()).Scan(&due, &checked, &seconds)
		if err == nil && due == 0 {
			return checked / seconds, nil
		}
		if err != nil && !strings.Contains(err.Error(), "no rows") {
			return 0, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}
