package registry

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Planned is what a policy would change for one seller.
type Planned struct {
	AccountID, SellerID string
	CanTransact         bool // under the new policy; now it is the other
	Before, After       account.Status
	Reasons             []account.Reason // under the new policy
	// Because is what makes the difference: what would keep the seller from transacting, or what keeps the seller from it now.
	Because []account.Reason
}

// Plan counts what a policy would change.
type Plan struct {
	Accounts, Losses, Gains int
	// Others can transact under both or neither, and are told something else of why, or of what is due.
	Others int
	// Stale are those who could transact by what Stripe said of them too long ago, where the new policy refuses them for that and
	// the one in force does not, or the other way round. They are no losses or gains: it takes one check of theirs.
	Stale int
	// Unlisted are the capabilities that the policy requires and no connected account lists: they block nobody.
	Unlisted []string
}

const planPage = 1000

// Planner judges every connected account by a policy, a page of them at a time, without storing anything. It is not safe for
// concurrent use.
type Planner struct {
	// Plan is of the accounts that were judged so far.
	Plan Plan
	// Against is the version in force when the planner was made.
	Against int32
	// Done says that all accounts were judged.
	Done bool

	registry    *Registry
	policy, now account.Policy
	after       string
}

// NewPlanner makes a planner that has judged nobody yet.
func (r *Registry) NewPlanner(ctx context.Context, p account.Policy) (*Planner, error) {
	now, version, err := r.Policy(ctx)
	if err != nil {
		return nil, err
	}
	return &Planner{
		Plan: Plan{Unlisted: slices.Clone(p.RequiredCapabilities)}, Against: version, registry: r, policy: p, now: now,
	}, nil
}

// Next judges the next page of accounts, and returns those whose sellers would lose or gain the ability to transact. After an
// error it can be called again.
func (pl *Planner) Next(ctx context.Context) ([]Planned, error) {
	rows, err := pl.registry.q.ConnectedAccountsAfter(ctx, db.ConnectedAccountsAfterParams{After: pl.after, N: planPage})
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	records := make([]*record, len(rows))
	for i, row := range rows {
		if records[i], err = newRecord(row, false); err != nil {
			return nil, err
		}
	}
	var changed []Planned
	for _, rec := range records {
		if p, changes := pl.judge(rec); changes {
			changed = append(changed, p)
		}
		pl.after = rec.ID
	}
	pl.Done = len(rows) < planPage
	return changed, nil
}

func (pl *Planner) judge(rec *record) (p Planned, changes bool) {
	plan, v := &pl.Plan, account.Judge(rec.facts, pl.policy)
	plan.Accounts++
	plan.Unlisted = slices.DeleteFunc(plan.Unlisted, func(required string) bool {
		return account.Lists(rec.facts.Capabilities, required)
	})
	if v.CanTransact && pl.policy.DenyWhenStale != pl.now.DenyWhenStale && pl.registry.stale(rec.CheckedAt, pl.registry.cfg.Now()) {
		plan.Stale++
	}
	if v.CanTransact == rec.CanTransact {
		if !reflect.DeepEqual(v, account.Judge(rec.facts, pl.now)) {
			plan.Others++
		}
		return p, false
	}
	p = Planned{
		AccountID: rec.ID, SellerID: rec.SellerID, CanTransact: v.CanTransact,
		Before: account.Status(rec.Status), After: v.Status, Reasons: v.Reasons,
	}
	if v.CanTransact {
		plan.Gains++
		p.Because = pl.now.Blocking(account.Judge(rec.facts, pl.now).Reasons)
	} else {
		plan.Losses++
		p.Because = pl.policy.Blocking(v.Reasons)
	}
	return p, true
}

func (r *Registry) stale(checkedAt *time.Time, at time.Time) bool {
	return checkedAt != nil && at.Sub(*checkedAt) > r.cfg.StaleAfter
}
