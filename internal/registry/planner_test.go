package registry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// planning is a planner in a test.
type planning struct {
	*registry.Planner
	t *testing.T
}

func (f fixture) planner(p account.Policy) planning {
	f.t.Helper()
	planner, err := f.NewPlanner(f.t.Context(), p)
	if err != nil {
		f.t.Fatal(err)
	}
	return planning{planner, f.t}
}

// all judges whom it has not judged yet.
func (pl planning) all() (changed []registry.Planned) {
	pl.t.Helper()
	for !pl.Done {
		page, err := pl.Next(pl.t.Context())
		if err != nil {
			pl.t.Fatal(err)
		}
		changed = append(changed, page...)
	}
	return changed
}

func codes(reasons []account.Reason) (codes []account.Code) {
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

// TestAPlanSaysWhy: what the policy makes of an account, and not what else is off with it.
func TestAPlanSaysWhy(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	loose := account.DefaultPolicy()
	loose.RequirePayouts, loose.RequiredCapabilities = false, nil
	if _, err := f.ApplyPolicy(t.Context(), loose, 1, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	off := working()
	off.PayoutsEnabled, off.Capabilities = new(bool), map[string]string{"tax_reporting": "inactive"}
	f.want(registry.Applied, "", updated("evt_1", at(10), off))
	f.wantStatus(account.Restricted)

	strict := loose
	strict.RequiredCapabilities = []string{"tax_reporting"}
	lost := f.planner(strict).all()
	if len(lost) != 1 || lost[0].CanTransact {
		t.Fatalf("%+v", lost)
	}
	if diff := cmp.Diff([]account.Code{account.CodeCapabilityInactive}, codes(lost[0].Because)); diff != "" {
		t.Error(diff)
	}
	strict.RequirePayouts = true
	both := []account.Code{account.CodePayoutsDisabled, account.CodeCapabilityInactive}
	if diff := cmp.Diff(both, codes(f.planner(strict).all()[0].Because)); diff != "" {
		t.Error(diff)
	}

	if _, err := f.ApplyPolicy(t.Context(), strict, 2, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	f.want(registry.Applied, "", updated("evt_2", at(20), off))
	gained := f.planner(loose).all()
	if len(gained) != 1 || !gained[0].CanTransact {
		t.Fatalf("%+v", gained)
	}
	if diff := cmp.Diff(both, codes(gained[0].Because)); diff != "" {
		t.Error(diff)
	}
}

// TestAPlanCountsWhoIsNotConfirmed: the verdict of a policy that denies them is made when it is read.
func TestAPlanCountsWhoIsNotConfirmed(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.retrieve(span(5, 6), working())
	denying := account.DefaultPolicy()
	denying.DenyWhenStale = true
	for checked, stale := range map[time.Duration]int{time.Hour: 0, 36 * 24 * time.Hour: 1} {
		f.exec(`update accounts set checked_at = $1`, time.Now().Add(-checked))
		for policy, want := range map[string]int{"denying": stale, "as it is": 0} {
			p := denying
			p.DenyWhenStale = policy == "denying"
			planner := f.planner(p)
			if changed := planner.all(); len(changed) > 0 || planner.Plan.Stale != want || planner.Plan.Accounts != 1 {
				t.Errorf("%s, checked %s ago: %+v %+v", policy, checked, planner.Plan, changed)
			}
		}
	}
}

// TestAPlanGoesOnAfterAnError, and judges nobody twice.
func TestAPlanGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	const accounts = 1500 // more than a page
	f := newFixture(t)
	f.exec(`insert into sellers (id, created_at) select 's' || i, '2026-01-01' from generate_series(1, $1::int) i`, accounts)
	f.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
		select 'acct_' || i, 's' || i, false, 'enabled', true, true, true, false, '[]', 1, 1, '2026-01-01', '2026-01-01', '2026-01-01', 1, 1
		from generate_series(1, $1::int) i`, accounts)
	planner := f.planner(account.DefaultPolicy())
	gone, leave := context.WithCancel(t.Context())
	leave()
	seen := map[string]bool{}
	for !planner.Done {
		if _, err := planner.Next(gone); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		page, err := planner.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			if seen[p.AccountID] || p.CanTransact {
				t.Errorf("again %+v", p)
			}
			seen[p.AccountID] = true
		}
	}
	if len(seen) != accounts || planner.Plan.Losses != accounts || planner.Plan.Accounts != accounts {
		t.Errorf("%d of %+v", len(seen), planner.Plan)
	}
}

// TestAPolicyIsAppliedToWhatItWasPlannedAgainst: not over one that was applied meanwhile, of which nobody has seen the plan.
func TestAPolicyIsAppliedToWhatItWasPlannedAgainst(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	planned := f.planner(irishOnly()).Against
	if _, err := f.ApplyPolicy(t.Context(), germanOnly(), planned, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	for _, stood := range []int32{planned, 0, 3} {
		if _, err := f.ApplyPolicy(t.Context(), irishOnly(), stood, account.Actor{Name: "admin"}); account.KindOf(err) != account.Conflict {
			t.Errorf("planned against %d: error %v", stood, err)
		}
	}
	if applied := f.lines(`select actor || subject from audit where action = 'apply_policy'`); len(applied) != 1 || applied[0] != "cli2" {
		t.Errorf("%v", applied)
	}
	versions, err := f.Policies(t.Context(), 0, 10)
	if err != nil || len(versions) != 2 || versions[0].By != "cli" || versions[0].Version != 2 || !cmp.Equal(versions[0].Policy, germanOnly()) {
		t.Errorf("%+v (%v)", versions, err)
	}
	if older, err := f.Policies(t.Context(), 2, 10); err != nil || len(older) != 1 || older[0].Version != 1 || older[0].By != "settings" {
		t.Errorf("%+v (%v)", older, err)
	}
}

// TestOfTwoPoliciesAtOnceOneIsApplied.
func TestOfTwoPoliciesAtOnceOneIsApplied(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			_, err := f.ApplyPolicy(t.Context(), irishOnly(), 1, account.Actor{Name: "admin"})
			errs <- err
		}()
	}
	applied := 0
	for range cap(errs) {
		err := <-errs
		if err == nil {
			applied++
		} else if account.KindOf(err) != account.Conflict {
			t.Error(err)
		}
	}
	if stored := f.lines(`select version::text from policies`); applied != 1 || len(stored) != 2 {
		t.Errorf("%d were applied: %v", applied, stored)
	}
}
