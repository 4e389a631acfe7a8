package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// ErrNoPolicy says that the database holds no policy yet; SeedPolicy makes the first.
var ErrNoPolicy = errors.New("the database holds no policy yet: start connectd serve, which stores the first")

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

func (r *Registry) loadPolicy(ctx context.Context) error { return r.loadPolicyBy(ctx, r.q) }

// TakeUpPolicy loads the newest policy where that of the version is not known yet: what is judged from then on is judged by it.
func (r *Registry) TakeUpPolicy(ctx context.Context, q *db.Queries, version int32) error {
	if r.policy.Load().version >= version {
		return nil
	}
	return r.loadPolicyBy(ctx, q)
}

func (r *Registry) loadPolicyBy(ctx context.Context, q *db.Queries) error {
	row, err := q.NewestPolicy(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoPolicy
	}
	if err != nil {
		return fmt.Errorf("load policy: %w", err)
	}
	return r.setPolicy(row.Version, row.Policy)
}

// setPolicy takes up a policy that was read, unless a newer one was meanwhile.
func (r *Registry) setPolicy(version int32, encoded []byte) error {
	p := versionedPolicy{version: version}
	if err := json.Unmarshal(encoded, &p.Policy); err != nil {
		return fmt.Errorf("policy version %d: %w", version, err)
	}
	for {
		known := r.policy.Load()
		if known != nil && known.version >= version || r.policy.CompareAndSwap(known, &p) {
			return nil
		}
	}
}

// Policy is the newest policy and its version.
func (r *Registry) Policy(ctx context.Context) (account.Policy, int32, error) {
	if err := r.loadPolicy(ctx); err != nil {
		return account.Policy{}, 0, err
	}
	p := r.policy.Load()
	return p.Policy, p.version, nil
}

// ApplyPolicy stores a new version of the policy and returns it. planned is the version that stood when it was planned: where
// another was applied since, nothing is stored and the error is account.Conflict. What is observed from then on is judged by the
// new version; Rejudge judges all the rest.
func (r *Registry) ApplyPolicy(ctx context.Context, p account.Policy, planned int32, by account.Actor) (int32, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("encode policy: %w", err)
	}
	versions, err := r.q.InsertPolicy(ctx, db.InsertPolicyParams{
		Policy: encoded, CreatedAt: r.now(), CreatedBy: by.Name, Address: by.Address, Planned: planned,
	})
	if err != nil {
		return 0, fmt.Errorf("store policy: %w", err)
	}
	if len(versions) == 0 {
		return 0, account.Errorf(account.Conflict, "Nothing was changed: this was planned against version %d of the policy, and another "+
			"version has been applied since. Plan it again.", planned)
	}
	return versions[0], r.loadPolicy(ctx)
}

// PolicyVersion is a policy as it was applied.
type PolicyVersion struct {
	account.Policy
	Version int32
	At      time.Time
	By      string // an actor's name, or "settings" of the first
}

// Policies are the versions of the policy before one (0: from the one in force), newest first, at most limit of them.
func (r *Registry) Policies(ctx context.Context, before int32, limit int) ([]PolicyVersion, error) {
	if before == 0 {
		before = math.MaxInt32
	}
	rows, err := r.q.PoliciesBefore(ctx, db.PoliciesBeforeParams{Before: before, N: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read the policy's versions: %w", err)
	}
	versions := make([]PolicyVersion, len(rows))
	for i, row := range rows {
		versions[i] = PolicyVersion{Version: row.Version, At: row.CreatedAt, By: row.CreatedBy}
		if err := json.Unmarshal(row.Policy, &versions[i].Policy); err != nil {
			return nil, fmt.Errorf("policy version %d: %w", row.Version, err)
		}
	}
	return versions, nil
}

const rejudgeBatch = 256

// Rejudge judges again every account that an older policy or older rules have judged, and calls progress after each batch
// with how many are left, counted once, at the beginning. It may be cut off and called again at any time, by any number of
// processes.
//
// It first takes up the newest policy, also where nothing is left to judge.
func (r *Registry) Rejudge(ctx context.Context, progress func(left int64)) error {
	if err := r.loadPolicy(ctx); err != nil {
		return err
	}
	version := r.policy.Load().version
	left, err := r.CountUnjudged(ctx)
	if err != nil {
		return err
	}
	for {
		ids, err := r.q.UnjudgedAccounts(ctx, db.UnjudgedAccountsParams{
			PolicyVersion: version, JudgeVersion: account.JudgeVersion, N: rejudgeBatch,
		})
		if err != nil {
			return fmt.Errorf("read accounts that are to be judged: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := r.rejudge(ctx, ids); err != nil {
			return err
		}
		left = max(0, left-int64(len(ids)))
		progress(left)
	}
}

// CountUnjudged counts the accounts that the newest policy and rules have still to judge.
func (r *Registry) CountUnjudged(ctx context.Context) (int64, error) {
	return r.UnjudgedUpTo(ctx, math.MaxInt32)
}

// UnjudgedUpTo counts them as far as most, for who asks again and again.
func (r *Registry) UnjudgedUpTo(ctx context.Context, most int32) (int64, error) {
	newest, err := r.q.NewestPolicy(ctx)
	if err != nil {
		return 0, fmt.Errorf("load policy: %w", err)
	}
	left, err := r.q.CountUnjudgedAccounts(ctx, db.CountUnjudgedAccountsParams{
		PolicyVersion: newest.Version, JudgeVersion: account.JudgeVersion, N: most,
	})
	if err != nil {
		return 0, fmt.Errorf("count accounts that are to be judged: %w", err)
	}
	return left, nil
}

func (r *Registry) rejudge(ctx context.Context, ids []string) error {
	obs := make([]Observation, len(ids))
	for i, id := range ids {
		obs[i] = Rejudged(id)
	}
	_, err := r.Observe(ctx, obs)
	return err
}
