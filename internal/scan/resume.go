package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Resume lets what a pass holds back be retrieved again, and applied; what the pass finds later stands under the brake. An empty id means the braked one.
// One that is not known is account.NotFound, one that is not braked an account.Conflict.
func (p *Passes) Resume(ctx context.Context, id string, by account.Actor, now time.Time) (client.Scan, error) {
	return p.resume(ctx, id, by, now, func(*db.Queries) error { return nil })
}

// resume asks first, under the brake's lock, whether it may.
func (p *Passes) resume(
	ctx context.Context, id string, by account.Actor, now time.Time, may func(*db.Queries) error,
) (client.Scan, error) {
	if id != "" && !isScanID(id) {
		return client.Scan{}, notFound(id)
	}
	var freed db.Scan
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		q := p.q.WithTx(tx)
		if _, err := q.LockBrake(ctx); err != nil { // a group that holds it back has read the pass as not freed
			return err
		}
		if err := may(q); err != nil {
			return err
		}
		rows, err := q.FreeScan(ctx, db.FreeScanParams{ID: id, Why: "resumed by " + by.Name})
		if err != nil || len(rows) == 0 {
			return err
		}
		freed = rows[0]
		if err := q.FreeHeldBack(ctx, freed.ID); err != nil {
			return err
		}
		return registry.Record(ctx, q, registry.Act{At: now, By: by, Action: "resume_scan", Subject: freed.ID})
	})
	if err != nil {
		return client.Scan{}, fmt.Errorf("resume the pass: %w", err)
	}
	if freed.ID == "" {
		return client.Scan{}, p.notBraked(ctx, id)
	}
	return p.report(ctx, freed, now)
}

func (p *Passes) notBraked(ctx context.Context, id string) error {
	if id == "" {
		return account.Errorf(account.Conflict, "No scan is braked.")
	}
	rows, err := p.q.ScanByID(ctx, id)
	if err != nil {
		return fmt.Errorf("read scan %s: %w", id, err)
	}
	if len(rows) == 0 {
		return notFound(id)
	}
	return account.Errorf(account.Conflict, "Scan %s is %s, not braked.", id, rows[0].State)
}

// releaseFreed lets accounts be taken again that a pass held back when it was resumed.
func (p *Passes) releaseFreed(ctx context.Context, scanID string) error {
	return releaseAll(func() (int64, error) {
		return p.q.ReleaseFreed(ctx, db.ReleaseFreedParams{ScanID: scanID, N: releaseStep})
	})
}

// release lets accounts be taken again that passes held back which are over.
func (p *Passes) release(ctx context.Context) error {
	return releaseAll(func() (int64, error) { return p.q.ReleaseHeldBack(ctx, releaseStep) })
}

func releaseAll(step func() (int64, error)) error {
	for {
		n, err := step()
		if err != nil {
			return fmt.Errorf("release what was held back: %w", err)
		}
		if n < releaseStep {
			return nil
		}
	}
}
