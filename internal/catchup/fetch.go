package catchup

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

const (
	claimLasts    = 15 * time.Second // longer than a page takes, from its turn to its commit
	maxInFlight   = 64               // pages at a time in one process; what Stripe's latency makes of the rate is below
	outageAfter   = 10               // pages in a row that could not be had
	limitHold     = time.Second      // an account that met one of Stripe's limits
	firstHold     = 5 * time.Second  // after a failure; it doubles with each further one
	longestHold   = time.Hour
	longestFactor = 10 // doublings, more than until longestHold
	givenUpAfter  = 80 // failures in a row of an account: three days, for which Stripe itself sends an event again
	tellEvery     = 10 * time.Second
)

// fetching is what one process does for a catch-up in one tick.
type fetching struct {
	*Worker
	run   db.CatchUp
	turns *stripeapi.Turns
	types []string
	now   func() time.Time

	inFlight sync.WaitGroup
	room     chan struct{}
	last     string // the account that was claimed last
	told     time.Time

	inARow  atomic.Int64 // pages that could not be had
	refused atomic.Pointer[stripeapi.Error]
}

// fetchAll asks for the events of accounts until nobody's turn has come. One that could not be had has its turn later.
func (w *Worker) fetchAll(ctx context.Context, c db.CatchUp, now time.Time) error {
	began := w.cfg.Clock.Now()
	f := &fetching{
		Worker: w, run: c, turns: w.cfg.Stripe.Turns(), types: webhook.Stateless(), room: make(chan struct{}, maxInFlight), told: now,
		now: func() time.Time { return now.Add(w.cfg.Clock.Since(began)) },
	}
	defer f.inFlight.Wait()
	for {
		f.room <- struct{}{} // a page in flight ends in time
		claim, found, err := f.claim(ctx)
		if err != nil || !found {
			f.inFlight.Wait()
			return errors.Join(err, f.trouble())
		}
		stripe, err := f.turns.Next(ctx)
		if err != nil {
			return fmt.Errorf("wait for a turn: %w", err)
		}
		f.inFlight.Go(func() {
			defer func() { <-f.room }()
			f.account(ctx, stripe, claim)
		})
		if err := f.trouble(); err != nil {
			return err
		}
		f.tell(ctx)
	}
}

// claim takes the next account, and after the last the first again.
func (f *fetching) claim(ctx context.Context) (claim db.CatchUpAccount, found bool, err error) {
	for {
		now := f.now()
		rows, err := f.q.ClaimCatchUpAccount(ctx, db.ClaimCatchUpAccountParams{ID: f.run.ID, After: f.last, At: now, Until: now.Add(claimLasts)})
		if err != nil {
			return claim, false, fmt.Errorf("claim an account: %w", err)
		}
		if len(rows) > 0 {
			f.last = rows[0].AccountID
			return rows[0], true, nil
		}
		if f.last == "" {
			return claim, false, nil
		}
		f.last = ""
	}
}

// account asks for all pages of an account's events, from where the last one ended that is stored.
func (f *fetching) account(ctx context.Context, stripe *stripeapi.Client, claim db.CatchUpAccount) {
	for {
		more, err := f.page(ctx, stripe, &claim)
		if err != nil {
			f.failed(ctx, stripe, claim, err)
			return
		}
		f.inARow.Store(0)
		if !more {
			return
		}
	}
}

func (f *fetching) page(ctx context.Context, stripe *stripeapi.Client, claim *db.CatchUpAccount) (more bool, err error) {
	page, err := stripe.Events(ctx, stripeapi.EventQuery{
		AccountID: claim.AccountID, Types: f.types, Since: f.run.Since.Add(-resent), StartingAfter: claim.After,
	})
	if err != nil {
		return false, err
	}
	taken, err := f.take(ctx, claim.AccountID, page)
	if err != nil {
		return false, err
	}
	if page.Next == "" {
		return false, f.done(ctx, *claim, db.CatchUpDoneParams{Events: int64(len(page.Events)), Missed: int64(taken.Missed)})
	}
	claim.After, claim.Failures = page.Next, 0
	err = f.q.CatchUpPage(ctx, db.CatchUpPageParams{
		ID: f.run.ID, AccountID: claim.AccountID, After: page.Next, Until: f.now().Add(claimLasts),
		Events: int64(len(page.Events)), Missed: int64(taken.Missed),
	})
	if err != nil {
		return false, fmt.Errorf("note a page of events: %w", err)
	}
	return true, nil
}

func (f *fetching) take(ctx context.Context, accountID string, page stripeapi.EventPage) (webhook.Taken, error) {
	if len(page.Events) == 0 {
		return webhook.Taken{}, nil
	}
	f.storing.Lock()
	defer f.storing.Unlock()
	return f.cfg.Events.Take(ctx, accountID, page.Events)
}

func (f *fetching) done(ctx context.Context, claim db.CatchUpAccount, counts db.CatchUpDoneParams) error {
	counts.ID, counts.AccountID = f.run.ID, claim.AccountID
	if err := f.q.CatchUpDone(ctx, counts); err != nil {
		return fmt.Errorf("note that the events of account %s are stored: %w", claim.AccountID, err)
	}
	return nil
}

// failed says when the account has its next turn, or that it has none: an account that is gone takes its events with it, and what
// Stripe refuses for another reason it would refuse again.
func (f *fetching) failed(ctx context.Context, stripe *stripeapi.Client, claim db.CatchUpAccount, cause error) {
	if ctx.Err() != nil {
		return // its claim returns by itself
	}
	e, ofStripe := errors.AsType[*stripeapi.Error](cause)
	var err error
	switch {
	case ofStripe && e.Kind == stripeapi.AccountGone:
		err = f.gone(ctx, stripe, claim)
	case ofStripe && e.Kind == stripeapi.KeyWrong:
		err = f.forbidden(ctx, stripe, claim, e)
	case ofStripe && e.Kind == stripeapi.Refused && e.Param == "starting_after" && claim.After != "": // older than 30 days by now
		claim.After = ""
		err = f.later(ctx, claim, 0)
	case ofStripe && e.Kind == stripeapi.Refused:
		f.cfg.Logger.Error("Stripe refuses to list an account's events: what was missed of it stays missed", "account", claim.AccountID, "error", e)
		err = f.done(ctx, claim, db.CatchUpDoneParams{Failed: 1})
	default:
		err = f.unanswered(ctx, claim, cause)
	}
	if err != nil && ctx.Err() == nil {
		f.cfg.Logger.Error("what became of an account's events could not be noted; they are asked for again", "account", claim.AccountID, "error", err)
	}
}

// gone: Stripe says the same of every account to a key of another platform or mode.
func (f *fetching) gone(ctx context.Context, stripe *stripeapi.Client, claim db.CatchUpAccount) error {
	if works, err := f.keyWorks(ctx, stripe, claim); err != nil || !works {
		return err
	}
	if err := f.cfg.MakeDue(ctx, claim.AccountID); err != nil {
		return err
	}
	return f.done(ctx, claim, db.CatchUpDoneParams{Gone: 1})
}

// lacksPermission is what Stripe says of a restricted key, whichever the account (docs.stripe.com/error-codes).
const lacksPermission = "more_permissions_required"

// forbidden: a key that is refused ends the tick. A no about one account, by a key that works, holds nobody else up.
func (f *fetching) forbidden(ctx context.Context, stripe *stripeapi.Client, claim db.CatchUpAccount, no *stripeapi.Error) error {
	if no.HTTPStatus != http.StatusForbidden || no.Code == lacksPermission {
		f.refused.Store(no)
		return nil
	}
	if works, err := f.keyWorks(ctx, stripe, claim); err != nil || !works {
		return err
	}
	return f.putOff(ctx, claim, no)
}

// keyWorks reports whether Stripe's no was about the account. Where the key is refused that ends the tick, and where Stripe does
// not say, the account is asked for again.
func (f *fetching) keyWorks(ctx context.Context, stripe *stripeapi.Client, claim db.CatchUpAccount) (bool, error) {
	err := f.cfg.Checker.ConfirmPlatform(ctx, stripe)
	if err == nil {
		return true, nil
	}
	if e, ofStripe := errors.AsType[*stripeapi.Error](err); ofStripe && e.Kind == stripeapi.KeyWrong {
		f.refused.Store(e)
		return false, nil
	}
	return false, f.unanswered(ctx, claim, err)
}

// unanswered puts the account off. Several in a row are an outage, but for Stripe's limits.
func (f *fetching) unanswered(ctx context.Context, claim db.CatchUpAccount, cause error) error {
	if stripeapi.KindOf(cause) == stripeapi.RateLimited {
		return f.later(ctx, claim, limitHold)
	}
	f.inARow.Add(1)
	return f.putOff(ctx, claim, cause)
}

// putOff has the events asked for again, but not for ever where it is Stripe that does not give them: the catch-up would never end.
func (f *fetching) putOff(ctx context.Context, claim db.CatchUpAccount, cause error) error {
	_, ofStripe := errors.AsType[*stripeapi.Error](cause)
	if ofStripe && claim.Failures >= givenUpAfter {
		f.cfg.Logger.Error("an account's events could not be had for days: what was missed of it stays missed", "account", claim.AccountID, "error", cause)
		return f.done(ctx, claim, db.CatchUpDoneParams{Failed: 1})
	}
	f.cfg.Logger.Warn("an account's events could not be had; they are asked for again", "account", claim.AccountID, "error", cause)
	hold := holdAfter(claim.Failures)
	if ofStripe {
		claim.Failures++
	}
	return f.later(ctx, claim, hold)
}

func (f *fetching) later(ctx context.Context, claim db.CatchUpAccount, hold time.Duration) error {
	err := f.q.CatchUpLater(ctx, db.CatchUpLaterParams{
		ID: f.run.ID, AccountID: claim.AccountID, After: claim.After, Failures: claim.Failures, Until: f.now().Add(hold),
	})
	if err != nil {
		return fmt.Errorf("put the events of account %s off: %w", claim.AccountID, err)
	}
	return nil
}

// trouble is what ends the tick.
func (f *fetching) trouble() error {
	if refused := f.refused.Load(); refused != nil {
		return fmt.Errorf("Stripe refuses the key; set STRIPE_SECRET_KEY to a key that works: %w", refused) //nolint:staticcheck // a name
	}
	if f.inARow.Load() >= outageAfter {
		return errOutage
	}
	return nil
}

var errOutage = errors.New("the events of several accounts in a row could not be had")

// tell logs how far it is, every now and then.
func (f *fetching) tell(ctx context.Context) {
	if f.now().Sub(f.told) < tellEvery {
		return
	}
	f.told = f.now()
	if left, err := f.q.CatchUpLeft(ctx, f.run.ID); err == nil {
		f.cfg.Logger.Info("catching up", "accounts_left", left)
	}
}

func holdAfter(failures int32) time.Duration {
	return min(firstHold<<min(failures, longestFactor), longestHold)
}
