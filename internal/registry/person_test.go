package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestReassignmentIsTwoChangesTheFormerSellersFirst(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(account.Actor{Name: "key_1"}))
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
	got, _, err := f.ReadinessBatch(t.Context(), []string{"s1", "s2"})
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
	f.want(registry.HasAnother, "the seller is connected with acct_2", registry.Reassigned("acct_1", "s2").By(account.Actor{Name: "key_1"}))
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(20))))
	f.want(registry.Stale, "disconnected", registry.Reassigned("acct_1", "s3").By(account.Actor{Name: "key_1"}))
	f.want(registry.Disregard, "no such account here", registry.Reassigned("acct_9", "s3").By(account.Actor{Name: "key_1"}))
	if audited := f.lines(`select action from audit`); len(audited) > 0 {
		t.Errorf("what was refused was audited: %v", audited)
	}
}

func TestANewPolicyJudgesEveryRowAgainAndNoneBack(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	other := open(t, f.pool) // a process that still has the old policy in hand
	strict := account.DefaultPolicy()
	strict.Countries, strict.RequiredCapabilities = []string{"US"}, []string{"card_payments", "nope"}
	planner := f.planner(strict)
	for _, p := range planner.all() {
		if p.SellerID != "s1" || p.CanTransact || p.Before != account.Enabled || p.After != account.Unsupported {
			t.Errorf("planned %+v", p)
		}
	}
	want := registry.Plan{Accounts: 1, Losses: 1, Unlisted: []string{"nope"}}
	if diff := cmp.Diff(want, planner.Plan); diff != "" {
		t.Errorf("the plan: %s", diff)
	}
	f.wantStatus(account.Enabled)

	version, err := f.ApplyPolicy(t.Context(), strict, 1, account.Actor{Name: "test"})
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

// TestJudgingAgainGoesOnWhereItWasCutOff, with its progress counted down; what is judged is not judged again.
func TestJudgingAgainGoesOnWhereItWasCutOff(t *testing.T) {
	t.Parallel()
	const accounts = 300 // more than one batch
	f := newFixture(t)
	grants := make([]registry.Observation, accounts)
	for i := range grants {
		grants[i] = registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(0, 1)))
	}
	f.observe(grants...)
	if _, err := f.ApplyPolicy(t.Context(), irishOnly(), 1, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	var left []int64
	err := f.Rejudge(ctx, func(n int64) { left = append(left, n); kill() })
	if !errors.Is(err, context.Canceled) || len(left) != 1 || left[0] == 0 {
		t.Fatalf("cut off with %v left: %v", left, err)
	}
	if n, err := f.CountUnjudged(t.Context()); n != left[0] || err != nil {
		t.Errorf("%d are left, %v was said: %v", n, left, err)
	}
	judged := f.lines(`select id || ' ' || version from accounts where policy_version = 2 order by id`)
	again := open(t, f.pool)
	if err := again.Rejudge(t.Context(), func(n int64) { left = append(left, n) }); err != nil {
		t.Fatal(err)
	}
	if last := left[len(left)-1]; last != 0 || len(judged) != accounts-int(left[0]) {
		t.Errorf("left %v, %d judged at first", left, len(judged))
	}
	if n, err := f.CountUnjudged(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are left: %v", n, err)
	}
	if kept := f.lines(`select id || ' ' || version from accounts order by id`); !subset(judged, kept) {
		t.Error("what was judged was judged again")
	}
}

func subset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// TestReplicasOfTwoVersionsDoNotJudgeBackAndForth: one knows newer rules, the other a newer policy is stored meanwhile;
// each leaves alone what it is older for, however often both judge.
func TestReplicasOfTwoVersionsDoNotJudgeBackAndForth(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if _, err := f.pool.Exec(t.Context(), `update accounts set judge_version = judge_version + 1`); err != nil { // by a newer replica
		t.Fatal(err)
	}
	if _, err := f.ApplyPolicy(t.Context(), irishOnly(), 1, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	before := f.lines(`select a::text from accounts a`)
	for range 2 {
		if err := f.Rejudge(t.Context(), func(int64) { t.Error("an older replica judged") }); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, f.lines(`select a::text from accounts a`)); diff != "" {
		t.Error(diff)
	}
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
	if err := f.EraseSeller(t.Context(), "s1", account.Actor{Name: "key_1"}); account.KindOf(err) != account.Conflict {
		t.Errorf("a connected seller was erased: %v", err)
	}
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_2", "account.application.deauthorized", at(20))))
	before := len(f.lines(`select 'x' from account_changes`))
	if err := f.EraseSeller(t.Context(), "s1", account.Actor{Name: "key_1"}); err != nil {
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
	if err := f.EraseSeller(t.Context(), "nobody", account.Actor{Name: "key_1"}); account.KindOf(err) != account.NotFound {
		t.Errorf("erasing nobody: %v", err)
	}
	f.wantStatus(account.Disconnected)
}

// TestErasureOfTheLastHolderLeavesNoNameOfTheAccount: those who held it before have its name in their history, and as what is
// published of them, unless they hold another account since.
func TestErasureOfTheLastHolderLeavesNoNameOfTheAccount(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	e := event("evt_1", "account.updated", at(10))
	e.Payload = `{"id":"evt_1","data":{"object":{"id":"acct_1","settings":{"dashboard":{"display_name":"Blue Kiln"}}}}}`
	f.want(registry.Applied, "", registry.Reported(e, chargesOff()))
	for _, seller := range []string{"s2", "s3", "s4"} {
		f.want(registry.Applied, "", registry.Reassigned("acct_1", seller).By(account.Actor{Name: "key_1"}))
	}
	facts := working()
	facts.DisplayName = "Red Kiln"
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_2", span(19, 20))))
	other := event("evt_2", "account.updated", at(30))
	other.Account = "acct_2"
	f.want(registry.Applied, "", registry.Reported(other, facts))
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_3", "account.application.deauthorized", at(40))))
	if err := f.EraseSeller(t.Context(), "s4", account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "sellers", "account_changes", "stripe_events", "feed_entries"} {
		if found := f.lines(`select t::text from ` + table + ` t where t::text ~ 'Blue Kiln'`); len(found) > 0 {
			t.Errorf("%s still holds %s", table, strings.Join(found, "\n"))
		}
	}
	if named := f.lines(`select id from sellers where readiness->>'display_name' = 'Red Kiln'`); len(named) != 1 || named[0] != "s1" {
		t.Errorf("with another account's name: %v", named)
	}
	published := f.lines(`select seller_id from account_changes where source = 'person' and position > (
		select max(position) from account_changes where source = 'webhook') order by seller_id`)
	if diff := cmp.Diff([]string{"s2", "s3", "s4"}, published); diff != "" {
		t.Errorf("followers hear of (-want +got):\n%s", diff)
	}
	if dense := f.lines(`select 'dense' from feed where position = (select count(*) from feed_entries)`); len(dense) != 1 {
		t.Error("the feed is not dense")
	}
}

// TestErasureLeavesAnotherSellersName: of the time in which the other held the same account.
func TestErasureLeavesAnotherSellersName(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(account.Actor{Name: "key_1"}))
	for id, when := range map[string]time.Time{"evt_before": at(-10), "evt_now": time.Now().Add(time.Minute)} {
		e := event(id, "account.updated", when)
		e.Payload = `{"data":{"object":{"display_name":"Blue Kiln"}}}`
		f.observe(registry.Reported(e, working()))
	}
	if err := f.EraseSeller(t.Context(), "s1", account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	named := f.lines(`select id from stripe_events where payload ~ 'Blue Kiln'`)
	if diff := cmp.Diff([]string{"evt_now"}, named); diff != "" {
		t.Error(diff)
	}
}

// TestUnlinkWhoseEventWasFasterSaysUnlinked: Stripe's event about our own deauthorization often comes before its answer.
func TestUnlinkWhoseEventWasFasterSaysUnlinked(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	held, err := f.Holding(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	f.want(registry.Applied, "", deauthorized("evt_1", 5))
	f.want(registry.Applied, "", registry.Unlinked("acct_1", held.Grant, span(4, 6)))
	f.wantLines(`select disconnect_reason from accounts union all select disconnect_reason from connections`, "unlinked", "unlinked")
}
