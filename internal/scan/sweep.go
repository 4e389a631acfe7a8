package scan

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// A sweep is a pass by list pages. It copies the rows' revisions into Postgres, goes through Stripe's list, a page at a time,
// and hands what a page says of an account to the registry as an answer that was asked for at the revision that was copied: where
// the row has moved since, it is thrown away. At the list's end every account becomes due that was not checked since the
// sweep began, and is retrieved by itself, as in any other pass: what the list leaves out, what has moved, what could not be read.

// since: until the list's end, what was due when the sweep began waits for its page. What fell due since does not.
func (w *work) since() time.Time {
	if w.pass.Listing {
		return w.pass.StartedAt
	}
	return time.Time{}
}

func (w *work) copyRevisions(ctx context.Context) error {
	if !w.pass.Listing || w.copied {
		return nil
	}
	err := w.passes.q.BeginSweep(ctx, w.pass.ID)
	for err == nil && !w.copied && ctx.Err() == nil {
		w.copied, err = w.walks.copyStep(ctx, w.pass.ID)
	}
	return wrapped("begin to walk through Stripe's list", err)
}

// walk takes one page of the list, where no other process is at it.
func (w *work) walk(ctx context.Context) (took bool, err error) {
	if !w.pass.Listing {
		return false, nil
	}
	if _, mine, err := w.walks.take(ctx, w.pass.ID, w.now()); err != nil || !mine {
		return false, err
	}
	stripe, err := w.nextTurn(ctx)
	if err != nil {
		return false, err
	}
	walk, mine, err := w.walks.take(ctx, w.pass.ID, w.now()) // the turn may have come late
	if err != nil || !mine {
		w.turn = stripe
		return false, err
	}
	page, calls, err := listAfter(ctx, stripe, walk.Trail)
	if err != nil {
		return true, w.notListed(ctx, stripe, err)
	}
	w.inARow.Store(0)
	w.pagesFailed = 0
	if err := w.observe(ctx, page); err != nil {
		return true, err
	}
	return true, w.walks.advance(ctx, w.pass.ID, w.now(), walked{page: page, calls: calls}, w.endList(ctx))
}

// leave lets another process go on with the list.
func (w *work) leave(ctx context.Context) error {
	if !w.pass.Listing {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	return w.walks.leave(ctx, w.pass.ID)
}

// endList ends the walk, if it is still this process's, after which what is left is made due.
func (w *work) endList(ctx context.Context) func(*db.Queries) error {
	return func(q *db.Queries) error {
		n, err := q.EndListing(ctx, db.EndListingParams{ID: w.pass.ID, Holder: w.walks.holder})
		if err != nil || n == 0 {
			return err
		}
		return q.EndSweep(ctx, w.pass.ID)
	}
}

// notListed: a page that could not be had is asked for again. Where Stripe refuses it, or answers all else, the pass goes on
// without the list.
func (w *work) notListed(ctx context.Context, stripe *stripeapi.Client, err error) error {
	switch stripeapi.KindOf(err) {
	case stripeapi.KeyWrong:
		w.refuse(err)
	case stripeapi.RateLimited:
	case stripeapi.Refused:
		return w.goWithoutList(ctx, err)
	case stripeapi.Unreachable:
		w.inARow.Add(1)
		w.pagesFailed++
		w.logger.Warn("a page of Stripe's list could not be had; it is asked for again", "scan", w.pass.ID, "error", err)
		if w.pagesFailed >= outageAfter && w.checker.ConfirmPlatform(ctx, stripe) == nil {
			return w.goWithoutList(ctx, err)
		}
	default:
		return err
	}
	return nil
}

// goWithoutList has the accounts retrieved by themselves that the list has not named.
func (w *work) goWithoutList(ctx context.Context, cause error) error {
	w.logger.Error("Stripe's list of connected accounts can't be had; the accounts that it has not named are retrieved one by one",
		"scan", w.pass.ID, "error", cause)
	w.inARow.Store(0)
	err := pgx.BeginFunc(ctx, w.passes.pool, func(tx pgx.Tx) error {
		q := w.passes.q.WithTx(tx)
		if err := q.LockPassOfListing(ctx, w.pass.ID); err != nil {
			return err
		}
		return w.endList(ctx)(q)
	})
	return wrapped("go on without Stripe's list", err)
}

// observe hands the page to the registry. What could not be stored is retrieved by itself.
func (w *work) observe(ctx context.Context, page stripeapi.Page) error {
	copied, err := w.passes.q.UnlistedRevisions(ctx, db.UnlistedRevisionsParams{ListingID: w.pass.ID, Ids: idsOf(page)})
	if err != nil {
		return wrapped("read the revisions of a page", err)
	}
	revisions := make(map[string]int64, len(copied))
	for _, row := range copied {
		revisions[row.AccountID] = row.Revision
	}
	outs, err := w.registry.Observe(ctx, w.observations(page, revisions))
	for _, out := range outs {
		if out.Result == registry.Applied {
			w.taken.Add(1)
		}
	}
	if err != nil && ctx.Err() == nil {
		w.logger.Warn("some accounts of a page of Stripe's list could not be stored; each is retrieved by itself", "scan", w.pass.ID, "error", err)
		return nil
	}
	return err
}

func (w *work) observations(page stripeapi.Page, revisions map[string]int64) []registry.Observation {
	var obs []registry.Observation
	for _, a := range page.Accounts {
		if revision, connected := revisions[a.AccountID]; connected {
			obs = append(obs, registry.Retrieved(registry.Retrieval{
				AccountID: a.AccountID, Source: registry.Scan, Revision: revision, Interval: a.Interval, RequestID: a.RequestID, ScanID: w.pass.ID,
			}, a.Facts))
		}
	}
	return obs
}
