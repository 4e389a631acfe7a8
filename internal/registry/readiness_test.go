package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// clockedFixture is connectedFixture under a policy and a clock of the test's own.
func clockedFixture(t *testing.T, p account.Policy, now func() time.Time) fixture {
	t.Helper()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), p, t0); err != nil {
		t.Fatal(err)
	}
	f := fixture{Registry: openAs(t, pool, registry.Config{Now: now}), t: t, pool: pool}
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.retrieve(span(1, 2), working())
	return f
}

func (f fixture) readiness() client.Readiness {
	f.t.Helper()
	ready, err := f.Readiness(f.t.Context(), "s1")
	if err != nil {
		f.t.Fatal(err)
	}
	return ready
}

func TestReadinessIsStaleAfterThirtyFiveDays(t *testing.T) {
	t.Parallel()
	const limit = 35 * 24 * time.Hour
	for _, tt := range []struct {
		name  string
		deny  bool
		after time.Duration
		stale bool
		yes   bool
	}{
		{"at the limit", false, limit, false, true},
		{"past it", false, limit + time.Microsecond, true, true},
		{"at the limit, where the policy denies", true, limit, false, true},
		{"past it, where the policy denies", true, limit + time.Microsecond, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			policy := account.DefaultPolicy()
			policy.DenyWhenStale = tt.deny
			now := t0
			f := clockedFixture(t, policy, func() time.Time { return now })
			now = t0.Add(tt.after)
			ready := f.readiness()
			if ready.Stale != tt.stale || ready.CanTransact != tt.yes || ready.Status != "enabled" {
				t.Errorf("stale %v, can transact %v, %s", ready.Stale, ready.CanTransact, ready.Status)
			}
			if denied := len(ready.Reasons) > 0 && ready.Reasons[0].Code == "stale" && ready.Reasons[0].Who == "platform"; denied == tt.yes {
				t.Errorf("reasons %+v", ready.Reasons)
			}
			if diff := cmp.Diff(ready, f.inTheSnapshot()); diff != "" {
				t.Errorf("in the snapshot:\n%s", diff)
			}
			if diff := cmp.Diff(ready, f.inTheFeed()); diff != "" {
				t.Errorf("in the feed:\n%s", diff)
			}
		})
	}
}

// inTheSnapshot is the only seller's readiness as the snapshot has it.
func (f fixture) inTheSnapshot() (ready client.Readiness) {
	f.t.Helper()
	page, err := f.Snapshot(f.t.Context(), "", 10)
	if err != nil || len(page) != 1 || page[0].SellerID != "s1" {
		f.t.Fatalf("%+v, %v", page, err)
	}
	if err := json.Unmarshal(page[0].Readiness, &ready); err != nil {
		f.t.Fatal(err)
	}
	return ready
}

// inTheFeed is readiness as the feed's last entry has it.
func (f fixture) inTheFeed() client.Readiness {
	f.t.Helper()
	rows, err := db.New(f.pool).FeedEntries(f.t.Context(), db.FeedEntriesParams{After: f.reached() - 1, N: 1})
	if err != nil || len(rows) != 1 {
		f.t.Fatalf("%+v, %v", rows, err)
	}
	entry, _, err := f.Entry(rows[0])
	if err != nil {
		f.t.Fatal(err)
	}
	return entry.Readiness
}

// TestAProcessThatObservesNothingReadsByTheNewestPolicy, of which nothing told it: another has judged all accounts by it already.
func TestAProcessThatObservesNothingReadsByTheNewestPolicy(t *testing.T) {
	t.Parallel()
	now := t0
	f := clockedFixture(t, account.DefaultPolicy(), func() time.Time { return now })
	now = t0.Add(100 * 24 * time.Hour)
	policy := account.DefaultPolicy()
	policy.DenyWhenStale = true
	if ready := f.readiness(); !ready.Stale || !ready.CanTransact {
		t.Fatalf("before: %+v", ready)
	}
	f.store(policy)
	if err := open(t, f.pool).Rejudge(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if ready := f.readiness(); ready.CanTransact || ready.Reasons[0].Code != "stale" {
		t.Errorf("%+v", ready)
	}
}

func TestWhatWasNeverCheckedIsNotStale(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	if ready := f.readiness(); ready.Stale || ready.CheckedAt != nil || ready.Reasons[0].Code != "not_checked" {
		t.Errorf("readiness %+v", ready)
	}
}

func TestANoThatIsStaleKeepsItsOwnReasons(t *testing.T) {
	t.Parallel()
	policy := account.DefaultPolicy()
	policy.DenyWhenStale = true
	now := t0
	f := clockedFixture(t, policy, func() time.Time { return now })
	f.want(registry.Applied, "", updated("evt_1", at(10), chargesOff()))
	before := f.readiness()
	now = t0.Add(100 * 24 * time.Hour)
	if after := f.readiness(); !after.Stale || cmp.Diff(before.Reasons, after.Reasons) != "" {
		t.Errorf("stale %v, reasons %+v", after.Stale, after.Reasons)
	}
}

func TestABatchIsAnsweredInTheOrderAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 3 {
		f.observe(registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(-1, 0))))
	}
	asked := []string{"s2", "unknown", "s0", "s2", "s1"}
	batch, _, err := f.ReadinessBatch(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	var answered []string
	for _, ready := range batch {
		answered = append(answered, ready.SellerID)
	}
	if diff := cmp.Diff(asked, answered); diff != "" {
		t.Error(diff)
	}
	if empty, _, err := f.ReadinessBatch(t.Context(), []string{}); err != nil || len(empty) != 0 {
		t.Errorf("nobody asked for: %v, %v", empty, err)
	}
}

// TestAnUnknownSellerIsNotConnected: an answer, and the same for one who has only been invited.
func TestAnUnknownSellerIsNotConnected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.EnsureSeller(t.Context(), "invited", "kiln@example.com"); err != nil {
		t.Fatal(err)
	}
	for _, seller := range []string{"unknown", "invited"} {
		ready, err := f.Readiness(t.Context(), seller)
		if err != nil {
			t.Fatal(err)
		}
		want := client.Readiness{
			SellerID: seller, Status: "not_connected",
			Reasons: []client.Reason{{Code: "not_connected", Who: "seller", Message: ready.Reasons[0].Message}},
			Requirements: client.Requirements{
				CurrentlyDue: []string{}, PastDue: []string{}, EventuallyDue: []string{}, PendingVerification: []string{},
				Errors: []client.RequirementError{},
			},
		}
		if diff := cmp.Diff(want, ready); diff != "" {
			t.Error(diff)
		}
	}
}

func TestASellerIDThatCanBeNoneIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"", ".", "..", "a b", "a\x00", "é", fmt.Sprintf("%0256d", 0)} {
		_, _, err := f.ReadinessBatch(t.Context(), []string{"s1", id})
		if account.KindOf(err) != account.Invalid || fieldOf(err) != "seller_id" {
			t.Errorf("seller %q: error %v", id, err)
		}
		if err := f.EnsureSeller(t.Context(), id, ""); account.KindOf(err) != account.Invalid {
			t.Errorf("seller %q was stored: %v", id, err)
		}
	}
}

func TestVersionIsThePositionOfTheLastChange(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	changed := f.readiness().Version
	f.retrieve(span(9, 10), working()) // confirms
	ready := f.readiness()
	if ready.Version != changed || !ready.AsOf.Equal(at(10)) {
		t.Errorf("version %d after %d, as of %v", ready.Version, changed, ready.AsOf)
	}
	position, err := f.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.want(registry.Applied, "", updated("evt_1", at(20), chargesOff()))
	if ready = f.readiness(); ready.Version != position+1 {
		t.Errorf("version %d after position %d", ready.Version, position)
	}
}

// TestAnEmailIsKeptUnlessAnotherIsGiven, and nothing that is published is touched by it.
func TestAnEmailIsKeptUnlessAnotherIsGiven(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	before := f.readiness()
	for _, email := range []string{"first@example.com", "", "second@example.com", ""} {
		if err := f.EnsureSeller(t.Context(), "s1", email); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.lines(`select email from sellers`); got[0] != "second@example.com" {
		t.Errorf("e-mail %s", got[0])
	}
	if diff := cmp.Diff(before, f.readiness()); diff != "" {
		t.Error(diff)
	}
}

func TestEverConnectedKeepsThoseWhoHaveLeft(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", deauthorized("evt_1", 10))
	if err := f.EnsureSeller(t.Context(), "invited", ""); err != nil {
		t.Fatal(err)
	}
	ever, err := f.EverConnected(t.Context(), []string{"unknown", "invited", "s1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"s1"}, ever); diff != "" {
		t.Error(diff)
	}
}

// TestAFeedWithoutItsRowIsAnError, and ends nothing: the query is made by a goroutine of nobody's.
func TestAFeedWithoutItsRowIsAnError(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if _, err := f.pool.Exec(t.Context(), "delete from feed"); err != nil {
		t.Fatal(err)
	}
	if ready, _, err := f.ReadinessOf(t.Context(), "s1"); err == nil || !strings.Contains(err.Error(), "restore the database") {
		t.Errorf("%+v, %v", ready, err)
	}
}
