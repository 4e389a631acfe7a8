package registry

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
)

// SetPolicy takes up a policy as it was read some time ago.
func (r *Registry) SetPolicy(version int32, encoded []byte) error {
	return r.setPolicy(version, encoded)
}

// Writer is the committer's own connection.
func (r *Registry) Writer() *pgxpool.Pool { return r.queue.writer }

// Commit runs one transaction on a connection of the caller's, past the committer.
func (r *Registry) Commit(ctx context.Context, conn *pgx.Conn, obs []Observation) ([]Outcome, error) {
	return r.commit(ctx, conn, obs)
}

// Waiting counts those who share the next query of the seller.
func (r *Registry) Waiting(sellerID string) int {
	r.asking.mu.Lock()
	defer r.asking.mu.Unlock()
	if now := r.asking.running[sellerID]; now != nil && now.next != nil {
		return now.next.sharers
	}
	return 0
}

// ListSQL is the statement that lists accounts, with its arguments.
func (r *Registry) ListSQL(ctx context.Context, q AccountQuery) (string, []any, error) {
	if err := q.normalize(); err != nil {
		return "", nil, err
	}
	return r.listSQL(ctx, &q)
}

// CursorOf is where a page in an order by a time or a text ends that ends with the account.
func CursorOf(sort string, a client.Account) string {
	keys := map[string]string{
		"id": a.ID, "seller_id": a.SellerID, "display_name": client.Text(a.DisplayName), "status": a.Status,
		"connected_at": keyOf(&a.ConnectedAt), "checked_at": keyOf(a.CheckedAt), "next_check_at": keyOf(a.NextCheckAt),
		"at_risk_at": keyOf(a.AtRiskAt),
	}
	return encodeCursor(cursor{Sort: sort, Key: keys[sort], ID: a.ID})
}

func keyOf(t *time.Time) string {
	if t == nil {
		return "infinity"
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}
