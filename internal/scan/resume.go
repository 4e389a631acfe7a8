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

// Resume releases the brake of a pass: what it held back is retrieved again, and applied. An empty id means the braked one.
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

// release lets accounts be taken again that were held back.
func (p *Passes) release(ctx context.Context) error {
	for {
		n, err := p.q.ReleaseHeldBack(ctx, releaseStep)
		if err != nil {
			return fmt.Errorf("release what was held back: %w", err)
		}
		if n < releaseStep {
			return nil
		}
	}
}
