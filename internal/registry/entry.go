package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// Entry makes an entry of the feed of its row; published is its readiness as it was published (see JudgeAge). A check's
// readiness is that of its version with the check's own times.
func (r *Registry) Entry(row db.FeedEntriesRow) (entry client.FeedEntry, published client.Readiness, err error) {
	if published, err = decodePublished(row.Readiness, row.Version); err != nil {
		return entry, published, fmt.Errorf("change %d as stored: %w", row.Version, err)
	}
	published.AsOf, published.CheckedAt = row.AsOf, row.CheckedAt
	entry = client.FeedEntry{
		Position: row.Position, Kind: row.Kind, At: row.At, SellerID: row.SellerID, Source: row.Source, Readiness: published,
	}
	r.JudgeAge(&entry.Readiness)
	return entry, published, nil
}

// PublishedAfter gives up to n sellers who were ever connected, in the order of their ids, from after one on ("": from the
// first), with readiness as it was published (see JudgeAge).
func (r *Registry) PublishedAfter(ctx context.Context, after string, n int) ([]client.Readiness, error) {
	// Planned anew each time: a plan from when the table was empty would read all of it.
	rows, _ := r.pool.Query(ctx, db.PublishedAfter, pgx.QueryExecModeExec, after, n) // CollectRows has its error
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (client.Readiness, error) {
		var id string
		var stored []byte
		var version int64
		if err := row.Scan(&id, &stored, &version); err != nil {
			return client.Readiness{}, fmt.Errorf("read a page of what is published: %w", err)
		}
		ready, err := decodePublished(stored, version)
		if err != nil {
			return ready, fmt.Errorf("readiness of seller %s as stored: %w", id, err)
		}
		return ready, nil
	})
}

// Published is what was last published of a seller: readiness, as JSON.
type Published struct {
	SellerID  string
	Readiness json.RawMessage
}

// Snapshot gives up to n sellers who were ever connected, in the order of their ids, from after one on ("": from the first).
// Readiness is not decoded: a copy of a million sellers is made in seconds.
func (r *Registry) Snapshot(ctx context.Context, after string, n int) ([]Published, error) {
	// Planned anew each time: a plan from when the table was empty would read all of it.
	rows, _ := r.pool.Query(ctx, db.Snapshot, pgx.QueryExecModeExec, r.now().Add(-r.cfg.StaleAfter), after, n) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.SnapshotRow])
	if err != nil {
		return nil, fmt.Errorf("read a page of the snapshot: %w", err)
	}
	published := make([]Published, len(found))
	for i, row := range found {
		ready, err := r.asRead(row)
		if err != nil {
			return nil, fmt.Errorf("readiness of seller %s as stored: %w", row.ID, err)
		}
		published[i] = Published{row.ID, ready}
	}
	_, err = r.Position(ctx) // some of it is as new as that
	return published, err
}

// asRead is the readiness with what is only known when it is read, which what is stored never has. It takes the row's memory.
func (r *Registry) asRead(seller db.SnapshotRow) (json.RawMessage, error) {
	if seller.Stale && r.policy.Load().DenyWhenStale {
		ready, err := r.read(seller.Readiness, seller.Version)
		if err != nil {
			return nil, err
		}
		return json.Marshal(ready)
	}
	open, closed := bytes.CutSuffix(seller.Readiness, []byte("}"))
	if !closed {
		return nil, errors.New("it is no JSON object")
	}
	return fmt.Appendf(open, `, "stale": %t, "version": %d}`, seller.Stale, seller.Version), nil
}
