package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// ErrNoPolicy says that the database holds no policy yet; SeedPolicy makes the first.
var ErrNoPolicy = errors.New("the database holds no policy")

// SeedPolicy stores the first version of the policy where there is none yet, and else changes nothing.
func SeedPolicy(ctx context.Context, q *db.Queries, p account.Policy, now time.Time) error {
	encoded, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	if err := q.SeedPolicy(ctx, db.SeedPolicyParams{Policy: encoded, CreatedAt: now, CreatedBy: "settings"}); err != nil {
		return fmt.Errorf("seed policy: %w", err)
	}
	return nil
}

func (r *Registry) loadPolicy(ctx context.Context) error {
	row, err := r.q.NewestPolicy(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoPolicy
	}
	if err != nil {
		return fmt.Errorf("load policy: %w", err)
	}
	return r.setPolicy(row.Version, row.Policy)
}

func (r *Registry) setPolicy(version int32, encoded []byte) error {
	p := versionedPolicy{version: version}
	if err := json.Unmarshal(encoded, &p.Policy); err != nil {
		return fmt.Errorf("policy version %d: %w", version, err)
	}
	r.policy.Store(&p)
	return nil
}
