package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// ReadinessAt is what Readiness would have answered at a moment of connectd's own clock, with the change behind it: what had
// been published by then, with the times of the last check by then, judged stale as of then by the policy that was in force. A
// name that was erased since is not in it. A moment that has not come is an account.Error.
func (r *Registry) ReadinessAt(ctx context.Context, sellerID string, at time.Time) (client.PastReadiness, error) {
	if err := account.CheckSellerID(sellerID); err != nil {
		return client.PastReadiness{}, err
	}
	if now := r.now(); at.After(now) {
		return client.PastReadiness{}, account.InvalidField("at", "is in the future: connectd's clock is at %s", now.Format(time.RFC3339))
	}
	// Planned anew each time, as Snapshot is.
	rows, _ := r.pool.Query(ctx, db.ReadinessAt, pgx.QueryExecModeExec, sellerID, at.Truncate(time.Microsecond)) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.ReadinessAtRow])
	if err != nil {
		return client.PastReadiness{}, fmt.Errorf("read readiness of seller %s at %s: %w", sellerID, at, err)
	}
	if len(found) == 0 {
		return client.PastReadiness{Readiness: NeverConnected(sellerID)}, nil
	}
	past, err := r.past(found[0], at)
	if err != nil {
		return past, fmt.Errorf("change %d as stored: %w", found[0].Position, err)
	}
	return past, nil
}

func (r *Registry) past(row db.ReadinessAtRow, at time.Time) (client.PastReadiness, error) {
	past := client.PastReadiness{Evidence: &client.Evidence{
		Position: row.Position, At: row.At, Source: row.Source, EventID: row.EventID, RequestID: row.RequestID,
		PolicyVersion: row.PolicyVersion,
	}}
	var inForce account.Policy
	if err := decodeOptional(row.Policy, &inForce); err != nil {
		return past, fmt.Errorf("policy: %w", err)
	}
	ready := &past.Readiness
	if err := json.Unmarshal(row.Readiness, ready); err != nil {
		return past, err
	}
	if row.Confirmed {
		ready.AsOf, ready.CheckedAt = row.AsOf, row.CheckedAt
	}
	ready.Version = row.Position
	r.judgeStale(ready, at, inForce)
	return past, nil
}
