package scan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	pageSize = 100    // the most that Stripe lists in a call (docs.stripe.com/api/accounts/list)
	copyStep = 10_000 // accounts in one statement
)

// walks are walks through Stripe's list of the platform's connected accounts. Where each has come to stands in Postgres, so
// that another process goes on with it; one process at a time does.
type walks struct {
	pool   *pgxpool.Pool
	q      *db.Queries
	holder string // this process
}

func newWalks(pool *pgxpool.Pool) *walks {
	return &walks{pool: pool, q: db.New(pool), holder: rand.Text()}
}

// take takes the walk for as long as a claim lasts; mine is false where another process has it, or it has ended.
func (w *walks) take(ctx context.Context, id string, now time.Time) (walk db.Listing, mine bool, err error) {
	rows, err := w.q.TakeListing(ctx, db.TakeListingParams{ID: id, Holder: w.holder, At: now, Until: now.Add(claimLasts)})
	if err != nil || len(rows) == 0 {
		return walk, false, wrapped("take the walk through Stripe's list", err)
	}
	return rows[0], true, nil
}

// leave lets another process go on with the walk at once.
func (w *walks) leave(ctx context.Context, id string) error {
	return wrapped("leave the walk through Stripe's list", w.q.LeaveListing(ctx, db.LeaveListingParams{ID: id, Holder: w.holder}))
}

// copyStep copies the next accounts' revisions; done is true once all are copied, or the walk has ended.
func (w *walks) copyStep(ctx context.Context, id string) (done bool, err error) {
	err = pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		q := w.q.WithTx(tx)
		rows, err := q.LockListing(ctx, id)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].CopiedThrough == nil {
			done = true
			return nil
		}
		step, err := q.CopyRevisions(ctx, db.CopyRevisionsParams{ListingID: id, After: *rows[0].CopiedThrough, N: copyStep})
		if err != nil {
			return err
		}
		done = step.LookedAt < copyStep
		through := &step.Through
		if done {
			through = nil
		}
		// The pass first, as BeginSweep has it, whose insert waits for who changes the walk.
		if err := q.CountSwept(ctx, db.CountSweptParams{ID: id, Due: step.Copied}); err != nil {
			return err
		}
		return q.SetCopiedThrough(ctx, db.SetCopiedThroughParams{ID: id, Through: through})
	})
	return done, wrapped("copy the accounts' revisions", err)
}

// walked is what a page was to a walk.
type walked struct {
	page            stripeapi.Page
	calls           int64
	imported, known int64
}

// advance moves the walk past a page, or ends it after the last by end.
func (w *walks) advance(ctx context.Context, id string, now time.Time, did walked, end func(*db.Queries) error) error {
	ids := idsOf(did.page)
	err := pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		q := w.q.WithTx(tx)
		if did.page.Next == "" {
			if err := q.LockPassOfListing(ctx, id); err != nil {
				return err
			}
		}
		moved, err := q.AdvanceListing(ctx, db.AdvanceListingParams{
			ID: id, Holder: w.holder, Trail: ids, Until: now.Add(claimLasts), Calls: did.calls,
			Imported: did.imported, Known: did.known, Unreadable: int64(did.page.Unreadable),
		})
		if err != nil || moved == 0 { // another process has taken it up, and comes to this page itself
			return err
		}
		if err := q.DeleteListed(ctx, db.DeleteListedParams{ListingID: id, Ids: ids}); err != nil || did.page.Next != "" {
			return err
		}
		return end(q)
	})
	return wrapped("keep how far the walk through Stripe's list is", err)
}

func idsOf(page stripeapi.Page) []string {
	ids := make([]string, len(page.Accounts))
	for i, a := range page.Accounts {
		ids[i] = a.AccountID
	}
	return ids
}

// listAfter lists the page after the last account of trail. Stripe refuses as a place in the list an account that is no longer
// connected; then the one before it is, and where none is left the list's beginning.
func listAfter(ctx context.Context, stripe *stripeapi.Client, trail []string) (page stripeapi.Page, calls int64, err error) {
	for {
		after := ""
		if len(trail) > 0 {
			after = trail[len(trail)-1]
		}
		page, err = stripe.Accounts(ctx, after, pageSize)
		calls++
		if after == "" || !isNoPlace(err) {
			return page, calls, err
		}
		trail = trail[:len(trail)-1]
	}
}

func isNoPlace(err error) bool {
	e, ok := errors.AsType[*stripeapi.Error](err)
	return ok && (e.Kind == stripeapi.AccountGone || e.Kind == stripeapi.Refused && e.Param == "starting_after")
}

// wrapped says what was tried, where it failed.
func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
