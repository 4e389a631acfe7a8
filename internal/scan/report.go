package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Report is a pass as it stands at now. One that is not known is account.NotFound.
func (p *Passes) Report(ctx context.Context, id string, now time.Time) (client.Scan, error) {
	if !isScanID(id) {
		return client.Scan{}, notFound(id)
	}
	rows, err := p.q.ScanByID(ctx, id)
	if err != nil {
		return client.Scan{}, fmt.Errorf("read scan %s: %w", id, err)
	}
	if len(rows) == 0 {
		return client.Scan{}, notFound(id)
	}
	return p.report(ctx, rows[0], now)
}

// List is a page of at most limit reports, newest first, from after the scan that cursor names ("": from the first), and the
// cursor of the next page, "" at the end.
func (p *Passes) List(ctx context.Context, cursor string, limit int, now time.Time) (found []client.Scan, next string, err error) {
	rows, err := p.listed(ctx, cursor, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	found = make([]client.Scan, len(rows))
	for i, row := range rows {
		if found[i], err = p.report(ctx, row, now); err != nil {
			return nil, "", err
		}
	}
	return found, next, nil
}

func (p *Passes) listed(ctx context.Context, cursor string, n int) ([]db.Scan, error) {
	params := db.ListScansParams{BeforeAt: endOfTime, N: int32(n)} //nolint:gosec // the page's length is bounded
	if cursor != "" {
		if !isScanID(cursor) {
			return nil, account.InvalidField("cursor", "the cursor is not one of this list")
		}
		last, err := p.q.ScanByID(ctx, cursor)
		if err != nil {
			return nil, fmt.Errorf("list scans: %w", err)
		}
		if len(last) == 0 {
			return nil, account.InvalidField("cursor", "the cursor is not one of this list")
		}
		params.BeforeAt, params.BeforeID = last[0].StartedAt, cursor
	}
	rows, err := p.q.ListScans(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("list scans: %w", err)
	}
	return rows, nil
}

// endOfTime is after every scan.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

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
	changed, err := findings(ctx, q, pass.ID, "changed")
	if err != nil {
		return client.Scan{}, err
	}
	heldBack, err := findings(ctx, q, pass.ID, "held_back")
	if err != nil {
		return client.Scan{}, err
	}
	return client.Scan{
		ID: pass.ID, State: pass.State, Why: pass.Why, StartedBy: pass.StartedBy, StartedAt: pass.StartedAt,
		FinishedAt: pass.FinishedAt, Due: max(pass.Due, pass.Checked), Checked: pass.Checked, Changed: pass.Changed,
		NewlyUnable: pass.NewlyUnable, NewlyAble: pass.NewlyAble, Disconnected: pass.Disconnected, Failed: pass.Failed,
		HeldBack: pass.HeldBack, StripeCalls: pass.StripeCalls, Rate: rateOf(pass, now),
		ChangedAccounts: changed, HeldBackAccounts: heldBack,
	}, nil
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

func findings(ctx context.Context, q *db.Queries, id, kind string) ([]client.ScannedAccount, error) {
	rows, err := q.ScanFindings(ctx, db.ScanFindingsParams{ScanID: id, Kind: kind})
	if err != nil {
		return nil, fmt.Errorf("read what scan %s found: %w", id, err)
	}
	found := make([]client.ScannedAccount, len(rows))
	for i, row := range rows {
		found[i] = client.ScannedAccount{
			AccountID: row.AccountID, SellerID: row.SellerID, From: row.FromStatus, To: row.ToStatus,
		}
	}
	return found, nil
}
