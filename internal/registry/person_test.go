package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestReassignmentIsTwoChangesTheFormerSellersFirst(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By("key_1"))
	changes := f.lines(`select format('%s %s>%s', seller_id, before->>'status', after->>'status') from account_changes order by position`)
	if diff := cmp.Diff([]string{"s1 >incomplete", "s1 incomplete>enabled", "s1 enabled>disconnected", "s2 >enabled"}, changes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"key_1 reassign acct_1 s2"}, f.lines(`select format('%s %s %s %s', actor, action, account_id, seller_id) from audit`)); diff != "" {
		t.Error(diff)
	}
	open := f.lines(`select seller_id from connections where disconnected_at is null`)
	if diff := cmp.Diff([]string{"s2"}, open); diff != "" {
		t.Error(diff)
	}
	// The former seller is free to connect another, and the account's news are the new seller's.
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_2", span(19, 20))))
	f.want(registry.Applied, "", updated("evt_1", at(30), chargesOff()))
	got, err := f.ReadinessBatch(t.Context(), []string{"s1", "s2"})
	if err != nil {
		t.Fatal(err)
	}
	if *got[0].AccountID != "acct_2" || got[1].Status != "restricted" {
		t.Errorf("s1 %+v, s2 %+v", got[0], got[1])
	}
}

func TestReassignmentIsRefusedWhereItCanNotBe(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s2", "acct_2", span(9, 10))))
	f.want(registry.HasAnother, "the seller is connected with acct_2", registry.Reassigned("acct_1", "s2").By("key_1"))
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(20))))
	f.want(registry.Stale, "disconnected", registry.Reassigned("acct_1", "s3").By("key_1"))
	f.want(registry.Disregard, "no such account here", registry.Reassigned("acct_9", "s3").By("key_1"))
	if audited := f.lines(`select action from audit`); len(audited) > 0 {
		t.Errorf("what was refused was audited: %v", audited)
	}
}

func TestANewPolicyJudgesEveryRowAgainAndNoneBack(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	other := open(t, f.pool) // a process that still has the old policy in hand
	strict := account.DefaultPolicy()
	strict.Countries = []string{"US"}
	plan, err := f.PlanPolicy(t.Context(), strict, func(p registry.Planned) error {
		if p.SellerID != "s1" || p.CanTransact || p.Before != account.Enabled || p.After != account.Unsupported {
			t.Errorf("planned %+v", p)
		}
		return nil
	})
	if err != nil || plan != (registry.Plan{Accounts: 1, Losses: 1}) {
		t.Errorf("the plan %+v: %v", plan, err)
	}
	f.wantStatus(account.Enabled)

	version, err := f.ApplyPolicy(t.Context(), strict, "test")
	if err != nil || version != 2 {
		t.Fatalf("version %d: %v", version, err)
	}
	var left []int64
	if err := other.Rejudge(t.Context(), func(n int64) { left = append(left, n) }); err != nil {
		t.Fatal(err)
	}
	f.wantStatus(account.Unsupported)
	if diff := cmp.Diff([]int64{0}, left); diff != "" {
		t.Error(diff)
	}
	f.want(registry.Stale, "judged already", registry.Rejudged("acct_1"))
	last := f.lines(`select source || ' ' || policy_version from account_changes order by position desc limit 1`)
	if diff := cmp.Diff([]string{"policy 2"}, last); diff != "" {
		t.Error(diff)
	}
	if _, err := f.pool.Exec(t.Context(), `update accounts set judge_version = judge_version + 1`); err != nil {
		t.Fatal(err)
	}
	f.want(registry.Stale, "judged already", registry.Rejudged("acct_1"))
}

func TestErasureLeavesNoNameAndKeepsTheHistory(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if err := f.EnsureSeller(t.Context(), "s1", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	e := event("evt_1", "account.updated", at(10))
	e.Payload = `{"id":"evt_1","data":{"object":{"id":"acct_1","settings":{"dashboard":{"display_name":"Blue Kiln"}}}}}`
	f.want(registry.Applied, "", registry.Reported(e, chargesOff()))
	if err := f.EraseSeller(t.Context(), "s1", "key_1"); account.KindOf(err) != account.Conflict {
		t.Errorf("a connected seller was erased: %v", err)
	}
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_2", "account.application.deauthorized", at(20))))
	before := len(f.lines(`select 'x' from account_changes`))
	if err := f.EraseSeller(t.Context(), "s1", "key_1"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "sellers", "account_changes", "stripe_events", "feed_entries"} {
		if found := f.lines(`select t::text from ` + table + ` t where t::text ~ 'Blue Kiln|ada@'`); len(found) > 0 {
			t.Errorf("%s still holds %s", table, strings.Join(found, "\n"))
		}
	}
	if after := len(f.lines(`select 'x' from account_changes`)); after != before+1 {
		t.Errorf("%d changes, then %d: the erasure is one more", before, after)
	}
	if diff := cmp.Diff([]string{"key_1 erase s1"}, f.lines(`select format('%s %s %s', actor, action, seller_id) from audit`)); diff != "" {
		t.Error(diff)
	}
	if dense := f.lines(`select 'dense' from feed where position = (select count(*) from feed_entries)`); len(dense) != 1 {
		t.Error("the feed is not dense")
	}
	if err := f.EraseSeller(t.Context(), "nobody", "key_1"); account.KindOf(err) != account.NotFound {
		t.Errorf("erasing nobody: %v", err)
	}
	f.wantStatus(account.Disconnected)
}
