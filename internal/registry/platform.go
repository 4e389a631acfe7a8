package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Platform is the Stripe platform and the mode that a database belongs to.
type Platform struct {
	AccountID string
	Livemode  bool
}

// PlatformOf is the platform of a database; known is false where it is no one's yet.
func PlatformOf(ctx context.Context, q *db.Queries) (p Platform, known bool, err error) {
	row, err := q.ClaimedPlatform(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return Platform{}, false, nil
	}
	if err != nil {
		return Platform{}, false, fmt.Errorf("read the database's platform: %w", err)
	}
	return Platform(row), true, nil
}

// BelongsTo is the platform of this database; known is false where it is no one's yet.
func (r *Registry) BelongsTo(ctx context.Context) (p Platform, known bool, err error) {
	return PlatformOf(ctx, r.q)
}

// ClaimPlatform makes the database p's where it is no one's, and refuses p (account.Conflict) where it is another's.
func (r *Registry) ClaimPlatform(ctx context.Context, p Platform) error {
	err := r.q.ClaimPlatform(ctx, db.ClaimPlatformParams{AccountID: p.AccountID, Livemode: p.Livemode, ClaimedAt: r.now()})
	if err != nil {
		return fmt.Errorf("claim the database: %w", err)
	}
	owner, _, err := r.BelongsTo(ctx)
	if err != nil {
		return err
	}
	if owner != p {
		return account.Errorf(account.Conflict, "The database belongs to platform %s in %s mode, the Stripe key to %s in %s mode.",
			owner.AccountID, owner.Mode(), p.AccountID, p.Mode())
	}
	return nil
}

// Mode is "live" or "test".
func (p Platform) Mode() string {
	if p.Livemode {
		return "live"
	}
	return "test"
}
