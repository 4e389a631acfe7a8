package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
)

// finishIfDone ends the pass where no account's turn has come and no replica has one in hand. A braked pass stays open.
func (p *Passes) finishIfDone(ctx context.Context, id string, now time.Time) error {
	left, err := p.q.Unchecked(ctx, db.UncheckedParams{At: now, Until: now.Add(claimLasts)})
	if err != nil {
		return fmt.Errorf("look for what the pass has left: %w", err)
	}
	if left {
		return nil
	}
	return p.end(ctx, db.FinishScanParams{ID: id, State: "finished", At: now, From: []string{"running"}})
}

func (p *Passes) stop(ctx context.Context, id, why string, now time.Time) error {
	return p.end(ctx, db.FinishScanParams{ID: id, State: "stopped", Why: &why, At: now, From: []string{"running", "braked"}})
}

// end ends the pass once, and tells of it where it found something.
func (p *Passes) end(ctx context.Context, params db.FinishScanParams) error {
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		q := p.q.WithTx(tx)
		rows, err := q.FinishScan(ctx, params)
		if err != nil || len(rows) == 0 {
			return err
		}
		pass := rows[0]
		news, err := isNews(ctx, q, pass)
		if err != nil || !news {
			return err
		}
		report, err := reportOf(ctx, q, pass, params.At)
		if err != nil {
			return err
		}
		return p.tell(ctx, tx, report)
	})
	if err != nil {
		return fmt.Errorf("end the pass: %w", err)
	}
	return nil
}

// isNews reports whether a pass that has ended is to be told: it found something, or is the first of its kind to be stopped.
func isNews(ctx context.Context, q *db.Queries, pass db.Scan) (bool, error) {
	if pass.Changed > 0 || pass.HeldBack > 0 {
		return true, nil
	}
	if pass.State != "stopped" {
		return false, nil
	}
	before, err := q.StoppedBefore(ctx, pass.ID)
	return !before, err
}
