package scan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	pageRest    = time.Second     // after a page that could not be had
	lookForTurn = time.Second / 2 // at a walk that another process has
)

// pages goes through the pages of the list from where the walk has come to, and hands each to use.
func (i *Importer) pages(ctx context.Context, id string, show func(Imported), use func(stripeapi.Page) (walked, error)) error {
	turns := i.stripe.Turns()
	for more := true; more; {
		walk, err := i.takeOver(ctx, id)
		if err != nil {
			return err
		}
		page, calls, err := i.page(ctx, turns, walk.Trail)
		if err != nil {
			return err
		}
		did, err := use(page)
		if err != nil {
			return err
		}
		did.calls = calls
		if err := i.walks.advance(ctx, id, i.clock.Now(), did, nothing); err != nil {
			return err
		}
		show(importedOf(walk, did))
		more = page.Next != ""
	}
	return nil
}

func nothing(*db.Queries) error { return nil }

// beginWalk begins a walk in the place of those of its kind that nobody is at.
func (i *Importer) beginWalk(ctx context.Context, kind, sellersFrom string, by account.Actor, others []db.Listing) (db.Listing, error) {
	now := i.clock.Now()
	if len(others) > 0 && others[0].HeldUntil.After(now) {
		return db.Listing{}, account.Errorf(account.Conflict, "Another %s is under way. Wait for its end; where it was killed, for 15 seconds.", kind)
	}
	if err := i.q.DropListings(ctx, kind); err != nil {
		return db.Listing{}, wrapped("forget what was broken off", err)
	}
	walk := db.Listing{ID: fmt.Sprintf("%s_%s", kind, i.walks.holder[:16]), Kind: kind, StartedAt: now}
	params := db.BeginListingParams{ID: walk.ID, Kind: kind, At: now, SellersFrom: &sellersFrom}
	if kind == reconciliations {
		params.CopiedThrough = new(string)
	}
	if err := i.q.BeginListing(ctx, params); err != nil {
		return db.Listing{}, wrapped("begin to walk through Stripe's list", err)
	}
	return walk, registry.Record(ctx, i.q, registry.Act{At: now, By: by, Action: kind + "_accounts", Subject: walk.ID})
}

// takeOver waits until no other process is at the walk.
func (i *Importer) takeOver(ctx context.Context, id string) (db.Listing, error) {
	for {
		walk, mine, err := i.walks.take(ctx, id, i.clock.Now())
		if err != nil || mine {
			return walk, err
		}
		rows, err := i.q.ListingByID(ctx, id)
		if err != nil {
			return walk, wrapped("look at the walk of another process", err)
		}
		if len(rows) == 0 {
			return walk, account.Errorf(account.Conflict, "Another process has ended this already. Run it again to see what is left.")
		}
		if err := i.rest(ctx, lookForTurn); err != nil {
			return walk, err
		}
	}
}

func (i *Importer) rest(ctx context.Context, d time.Duration) error {
	timer := i.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("interrupted; run it again, and it goes on where it was")
	}
}

// page asks again where Stripe does not answer, as often as makes an outage.
func (i *Importer) page(ctx context.Context, turns *stripeapi.Turns, trail []string) (stripeapi.Page, int64, error) {
	for tries := 1; ; tries++ {
		stripe, err := turns.Next(ctx)
		if err != nil {
			return stripeapi.Page{}, 0, err
		}
		page, calls, err := listAfter(ctx, stripe, trail)
		kind := stripeapi.KindOf(err)
		if kind != stripeapi.Unreachable && kind != stripeapi.RateLimited || tries == outageAfter {
			return page, calls, err
		}
		i.logger.Warn("a page of Stripe's list could not be had; it is asked for again", "error", err)
		if err := i.rest(ctx, pageRest); err != nil {
			return page, calls, err
		}
	}
}

// goneIfNone is err, or says that there is no walk of ours any more.
func goneIfNone(n int64, err error) error {
	if err == nil && n == 0 {
		return errors.New("another process has taken its place; what was found is not all; run it again")
	}
	return err
}
