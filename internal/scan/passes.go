package scan

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

const (
	makeDueStep = 1000 // accounts in one statement
	releaseStep = 1000
	tidyStep    = 1000
	bySchedule  = "schedule"
)

// Passes keeps the passes' reports. One pass is open at a time.
type Passes struct {
	pool *pgxpool.Pool
	q    *db.Queries
	tell func(context.Context, pgx.Tx, client.Scan) error

	allotted allotment
}

// NewPasses makes them; tell hears of each pass that ended and found something, in the transaction that ends it.
func NewPasses(pool *pgxpool.Pool, tell func(context.Context, pgx.Tx, client.Scan) error) *Passes {
	return &Passes{pool: pool, q: db.New(pool), tell: tell}
}

// join is the open pass, or a new one where an account's turn has come.
func (p *Passes) join(ctx context.Context, now time.Time) (pass db.Scan, open bool, err error) {
	pass, open, err = p.current(ctx)
	if err != nil || open {
		return pass, open, err
	}
	due, err := p.q.AnyDue(ctx, now)
	if err != nil {
		return pass, false, fmt.Errorf("look for due accounts: %w", err)
	}
	if !due {
		return pass, false, nil
	}
	params, err := p.plan(ctx, Due, Either, db.OpenScanParams{StartedBy: bySchedule, At: now})
	if err != nil {
		return pass, false, err
	}
	return p.openOrJoin(ctx, params)
}

// openOrJoin opens a pass, or returns the one that another replica has opened.
func (p *Passes) openOrJoin(ctx context.Context, params db.OpenScanParams) (pass db.Scan, open bool, err error) {
	pass, opened, err := openPass(ctx, p.q, params)
	switch {
	case err != nil:
		return pass, false, err
	case opened:
		return pass, true, p.tidy(ctx, params.At)
	}
	return p.current(ctx)
}

func openPass(ctx context.Context, q *db.Queries, params db.OpenScanParams) (pass db.Scan, opened bool, err error) {
	params.ID = "scan_" + rand.Text()[:16]
	rows, err := q.OpenScan(ctx, params)
	if err != nil {
		return pass, false, fmt.Errorf("open a pass: %w", err)
	}
	return first(rows)
}

func (p *Passes) current(ctx context.Context) (pass db.Scan, open bool, err error) {
	rows, err := p.q.CurrentScan(ctx)
	if err != nil {
		return pass, false, fmt.Errorf("read the open pass: %w", err)
	}
	return first(rows)
}

func first(rows []db.Scan) (pass db.Scan, ok bool, err error) {
	if len(rows) == 0 {
		return pass, false, nil
	}
	return rows[0], true, nil
}

// Start opens a pass over what is due, or over all accounts; one by list pages always is over all. While one is open it is an
// account.Conflict.
func (p *Passes) Start(ctx context.Context, by account.Actor, scope Scope, method Method, now time.Time) (client.Scan, error) {
	params, err := p.plan(ctx, scope, method, db.OpenScanParams{StartedBy: by.Name, At: now})
	if err != nil {
		return client.Scan{}, err
	}
	return p.start(ctx, by, params, func(*db.Queries, *db.Scan) error { return nil })
}

// Confirm opens a pass over what is due and what a reconciliation found to be left out of Stripe's list. While one is open it is
// an account.Conflict.
func (p *Passes) Confirm(ctx context.Context, by account.Actor, r *Reconciliation, now time.Time) (client.Scan, error) {
	params, err := p.plan(ctx, Due, Retrieve, db.OpenScanParams{StartedBy: by.Name, At: now})
	if err != nil {
		return client.Scan{}, err
	}
	return p.start(ctx, by, params, func(q *db.Queries, pass *db.Scan) error {
		n, err := q.WishUnlisted(ctx, db.WishUnlistedParams{ListingID: r.walk.ID, At: now})
		if err != nil {
			return fmt.Errorf("make due what Stripe's list leaves out: %w", err)
		}
		pass.Due += n
		return q.AddToScan(ctx, db.AddToScanParams{ID: pass.ID, Due: n})
	})
}

// start opens a pass together with the audit's word of who did, and what else belongs to it.
func (p *Passes) start(
	ctx context.Context, by account.Actor, params db.OpenScanParams, also func(*db.Queries, *db.Scan) error,
) (client.Scan, error) {
	var pass db.Scan
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		q := p.q.WithTx(tx)
		var opened bool
		var err error
		if pass, opened, err = openPass(ctx, q, params); err != nil {
			return err
		}
		if !opened {
			return account.Errorf(account.Conflict, "A scan is open already; see GET /v1/scans.")
		}
		if err := also(q, &pass); err != nil {
			return err
		}
		return registry.Record(ctx, q, registry.Act{At: params.At, By: by, Action: "start_scan", Subject: pass.ID})
	})
	if err != nil {
		return client.Scan{}, err
	}
	if err := p.tidy(ctx, params.At); err != nil {
		return client.Scan{}, err
	}
	return p.report(ctx, pass, params.At)
}

// Scope says which accounts a pass takes.
type Scope string

// The scopes.
const (
	Due Scope = "due"
	All Scope = "all"
)

// makeDue makes the next accounts due of a pass over all. Where another replica has done that, it returns the row as that
// left it.
func (p *Passes) makeDue(ctx context.Context, pass db.Scan) (db.Scan, error) {
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		q := p.q.WithTx(tx)
		rows, err := q.LockScan(ctx, pass.ID)
		if err != nil || len(rows) == 0 {
			return errors.Join(err, errIfNone(len(rows)))
		}
		pass = rows[0]
		if pass.DueThrough == nil {
			return nil
		}
		step, err := q.MakeDue(ctx, db.MakeDueParams{StartedAt: pass.StartedAt, After: *pass.DueThrough, N: makeDueStep})
		if err != nil {
			return err
		}
		pass.DueThrough = &step.Through
		if step.LookedAt < makeDueStep {
			pass.DueThrough = nil
		}
		return q.SetDueThrough(ctx, db.SetDueThroughParams{ID: pass.ID, Through: pass.DueThrough, Due: newlyDue(pass, step)})
	})
	if err != nil {
		return pass, fmt.Errorf("make accounts due: %w", err)
	}
	return pass, nil
}

// newlyDue: a pass by list pages has counted the accounts before.
func newlyDue(pass db.Scan, step db.MakeDueRow) int64 {
	if pass.Method == string(List) {
		return 0
	}
	return step.BecameDue
}

func errIfNone(n int) error {
	if n == 0 {
		return errors.New("the pass is gone")
	}
	return nil
}

func (p *Passes) add(ctx context.Context, counted db.AddToScanParams) error {
	if counted == (db.AddToScanParams{ID: counted.ID}) {
		return nil
	}
	if err := p.q.AddToScan(ctx, counted); err != nil {
		return fmt.Errorf("count what the pass did: %w", err)
	}
	return nil
}

// idleKept is how long passes are kept that found nothing. The others are kept for good.
const idleKept = 90 * 24 * time.Hour

// tidy lets accounts be taken that a pass held back which was stopped, and forgets what no longer counts for the brake, and
// old passes that found nothing.
func (p *Passes) tidy(ctx context.Context, now time.Time) error {
	if err := p.q.DeleteIdleScans(ctx, db.DeleteIdleScansParams{Before: now.Add(-idleKept), N: tidyStep}); err != nil {
		return fmt.Errorf("forget passes that found nothing: %w", err)
	}
	if err := p.q.DropSweeps(ctx); err != nil {
		return fmt.Errorf("forget how far stopped passes had come: %w", err)
	}
	if err := p.q.DeleteBrakeTakes(ctx, now.Add(-registry.BrakeWindow)); err != nil {
		return fmt.Errorf("forget what passes took a day ago: %w", err)
	}
	if err := p.q.DeleteFreed(ctx); err != nil {
		return fmt.Errorf("forget what resumed passes were freed of: %w", err)
	}
	return p.release(ctx)
}

// isScanID reports whether a text has the form of open's ids.
func isScanID(text string) bool {
	random, ok := strings.CutPrefix(text, "scan_")
	return ok && len(random) == 16 && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func notFound(id string) error { return account.Errorf(account.NotFound, "There is no scan %q.", id) }
