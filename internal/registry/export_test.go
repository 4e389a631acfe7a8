package registry

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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
