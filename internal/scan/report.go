package scan

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Report is a pass as it stands at now. One that is not known is account.NotFound.
func (p *Passes) Report(ctx context.Context, id string, now time.Time) (client.Scan, error) {
	pass, err := p.byID(ctx, id)
	if err != nil {
		return client.Scan{}, err
	}
	return p.report(ctx, pass, now)
}

func (p *Passes) byID(ctx context.Context, id string) (db.Scan, error) {
	if !isScanID(id) {
		return db.Scan{}, notFound(id)
	}
	rows, err := p.q.ScanByID(ctx, id)
	if err != nil {
		return db.Scan{}, fmt.Errorf("read scan %s: %w", id, err)
	}
	if len(rows) == 0 {
		return db.Scan{}, notFound(id)
	}
	return rows[0], nil
}

// startedAt is the one order of lists of reports; their cursors bear the name.
const startedAt = "started_at"

// List is a page of at most limit reports, newest first, from where the page of the cursor ended ("": from the first), and the
// cursor of the next page, "" at the end.
func (p *Passes) List(ctx context.Context, cursor string, limit int, now time.Time) (found []client.Scan, next string, err error) {
	rows, next, err := p.page(ctx, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	found, err = reportsOf(ctx, p.q, rows, now)
	return found, next, err
}

// page is a page of passes, newest first, and the cursor of the next one.
func (p *Passes) page(ctx context.Context, cursor string, limit int) (rows []db.Scan, next string, err error) {
	rows, err = p.listed(ctx, cursor, limit+1)
	if err != nil || len(rows) <= limit {
		return rows, "", err
	}
	last := rows[limit-1]
	return rows[:limit], registry.CursorAt(startedAt, last.StartedAt, last.ID), nil
}

func (p *Passes) listed(ctx context.Context, cursor string, n int) ([]db.Scan, error) {
	at, id, err := registry.NewestBefore(cursor, startedAt)
	if err != nil {
		return nil, err
	}
	rows, err := p.q.ListScans(ctx, db.ListScansParams{BeforeAt: at, BeforeID: id, N: int32(n)}) //nolint:gosec // the page's length is bounded
	if err != nil {
		return nil, fmt.Errorf("list scans: %w", err)
	}
	return rows, nil
}

// Current is the report of the open pass; ok is false where there is none.
func (p *Passes) Current(ctx context.Context, now time.Time) (report client.Scan, ok bool, err error) {
	pass, open, err := p.current(ctx)
	if err != nil || !open {
		return report, false, err
	}
	report, err = p.report(ctx, pass, now)
	return report, true, err
}

func (p *Passes) report(ctx context.Context, pass db.Scan, now time.Time) (client.Scan, error) {
	return reportOf(ctx, p.q, pass, now)
}

func reportOf(ctx context.Context, q *db.Queries, pass db.Scan, now time.Time) (client.Scan, error) {
	reports, err := reportsOf(ctx, q, []db.Scan{pass}, now)
	if err != nil {
		return client.Scan{}, err
	}
	return reports[0], nil
}

// reportsOf are the reports of passes, in their order.
func reportsOf(ctx context.Context, q *db.Queries, passes []db.Scan, now time.Time) ([]client.Scan, error) {
	reports, place := make([]client.Scan, len(passes)), make(map[string]int, len(passes))
	for i, pass := range passes {
		reports[i], place[pass.ID] = counted(pass, now), i
	}
	found, err := q.ScanFindings(ctx, slices.Collect(maps.Keys(place)))
	if err != nil {
		return nil, fmt.Errorf("read what scans found: %w", err)
	}
	for _, f := range found {
		addFinding(&reports[place[f.ScanID]], f)
	}
	return reports, nil
}

// counted is a report without its lists.
func counted(pass db.Scan, now time.Time) client.Scan {
	return client.Scan{
		ID: pass.ID, State: pass.State, Method: pass.Method, Why: pass.Why, StartedBy: pass.StartedBy, StartedAt: pass.StartedAt,
		FinishedAt: pass.FinishedAt, Due: max(pass.Due, pass.Checked), Checked: pass.Checked, Changed: pass.Changed,
		NewlyUnable: pass.NewlyUnable, NewlyAble: pass.NewlyAble, Disconnected: pass.Disconnected, Failed: pass.Failed,
		HeldBack: pass.HeldBack, StripeCalls: pass.StripeCalls, Rate: rateOf(pass, now),
		ChangedAccounts: []client.ScannedAccount{}, HeldBackAccounts: []client.ScannedAccount{},
	}
}

func addFinding(report *client.Scan, f db.ScanFinding) {
	list := &report.ChangedAccounts
	if f.Kind == "held_back" {
		list = &report.HeldBackAccounts
	}
	*list = append(*list, scanned(f))
}

func scanned(f db.ScanFinding) client.ScannedAccount {
	return client.ScannedAccount{AccountID: f.AccountID, SellerID: f.SellerID, From: f.FromStatus, To: f.ToStatus}
}

// rateOf is the pass's calls to Stripe a second, so far.
func rateOf(pass db.Scan, now time.Time) float64 {
	if pass.FinishedAt != nil {
		now = *pass.FinishedAt
	}
	took := now.Sub(pass.StartedAt)
	if took <= 0 {
		return 0
	}
	return float64(pass.StripeCalls) / took.Seconds()
}
