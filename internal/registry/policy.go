package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// ApplyPolicy stores a new version of the policy and returns it. What is observed from then on is judged by it; Rejudge
// judges all the rest.
func (r *Registry) ApplyPolicy(ctx context.Context, p account.Policy, by account.Actor) (int32, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return 0, fmt.Errorf("encode policy: %w", err)
	}
	version, err := r.q.InsertPolicy(ctx, db.InsertPolicyParams{
		Policy: encoded, CreatedAt: r.now(), CreatedBy: by.Name, Address: by.Address,
	})
	if err != nil {
		return 0, fmt.Errorf("store policy: %w", err)
	}
	return version, r.loadPolicy(ctx)
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
	newest, err := r.q.NewestPolicy(ctx)
	if err != nil {
		return 0, fmt.Errorf("load policy: %w", err)
	}
	left, err := r.q.CountUnjudgedAccounts(ctx, db.CountUnjudgedAccountsParams{
		PolicyVersion: newest.Version, JudgeVersion: account.JudgeVersion,
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

// Planned is what a policy would change for one seller.
type Planned struct {
	AccountID, SellerID string
	CanTransact         bool // under the new policy; now it is the other
	Before, After       account.Status
	Reasons             []account.Reason // under the new policy
}

// Plan counts what a policy would change.
type Plan struct {
	Accounts, Losses, Gains int
	// Unlisted are the capabilities that the policy requires and no connected account lists: they block nobody.
	Unlisted []string
}

const planPage = 1000

// PlanPolicy judges every connected account by p, without storing anything, and calls each for every seller who would lose
// or gain the ability to transact.
func (r *Registry) PlanPolicy(ctx context.Context, p account.Policy, each func(Planned) error) (Plan, error) {
	plan := Plan{Unlisted: slices.Clone(p.RequiredCapabilities)}
	for after := ""; ; {
		rows, err := r.q.ConnectedAccountsAfter(ctx, db.ConnectedAccountsAfterParams{After: after, N: planPage})
		if err != nil {
			return plan, fmt.Errorf("read accounts: %w", err)
		}
		for _, row := range rows {
			if err := plan.add(row, p, each); err != nil {
				return plan, err
			}
			after = row.ID
		}
		if len(rows) < planPage {
			return plan, nil
		}
	}
}

func (plan *Plan) add(row db.Account, p account.Policy, each func(Planned) error) error {
	rec, err := newRecord(row, false)
	if err != nil {
		return err
	}
	plan.Accounts++
	plan.Unlisted = slices.DeleteFunc(plan.Unlisted, func(required string) bool {
		return account.Lists(rec.facts.Capabilities, required)
	})
	v := account.Judge(rec.facts, p)
	if v.CanTransact == row.CanTransact {
		return nil
	}
	if v.CanTransact {
		plan.Gains++
	} else {
		plan.Losses++
	}
	return each(Planned{
		AccountID: row.ID, SellerID: row.SellerID, CanTransact: v.CanTransact,
		Before: account.Status(row.Status), After: v.Status, Reasons: v.Reasons,
	})
}
