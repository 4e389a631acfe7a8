package registry_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

func irishOnly() account.Policy {
	p := account.DefaultPolicy()
	p.Countries = []string{"IE"}
	return p
}

func germanOnly() account.Policy {
	p := account.DefaultPolicy()
	p.Countries = []string{"DE"}
	return p
}

func TestARegistryNeedsAPolicy(t *testing.T) {
	t.Parallel()
	if _, err := registry.New(t.Context(), postgrestest.Pool(t), registry.Config{}); !errors.Is(err, registry.ErrNoPolicy) {
		t.Errorf("error %v", err)
	}
}

func TestThePolicyIsSeededOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := registry.SeedPolicy(t.Context(), db.New(f.pool), germanOnly(), t0); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(account.DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	var stored, seeded account.Policy
	got := f.lines(`select policy::text from policies`)
	if err := errors.Join(json.Unmarshal([]byte(got[0]), &stored), json.Unmarshal(want, &seeded)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seeded, stored); diff != "" || len(got) != 1 {
		t.Errorf("%d policies, the first: %s", len(got), diff)
	}
}

// store makes p the newest policy, as another process would.
func (f fixture) store(p account.Policy) {
	f.t.Helper()
	encoded, err := json.Marshal(p)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.pool.Exec(f.t.Context(), `insert into policies (version, policy, created_at, created_by)
		select max(version) + 1, $1, $2, 'test' from policies`, encoded, t0)
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestANewObservationIsJudgedByTheNewestPolicy: one that another process stored a moment ago, and its version is on the row.
func TestANewObservationIsJudgedByTheNewestPolicy(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.store(irishOnly())
	f.store(germanOnly())
	f.want(registry.Applied, "", updated("evt_1", at(10), working()))
	f.wantStatus(account.Unsupported)
	if got := f.lines(`select format('%s %s', policy_version, judge_version) from accounts`); got[0] != "3 1" {
		t.Errorf("judged by %s", got[0])
	}
	history, err := f.History(t.Context(), "acct_1", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if history[0].PolicyVersion != 3 || history[0].After.Reasons[0].Code != "country_unsupported" {
		t.Errorf("last change %+v", history[0])
	}
}

// TestWhatIsNotJudgedKeepsItsVerdict: a new policy changes no row by itself.
func TestWhatIsNotJudgedKeepsItsVerdict(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.store(germanOnly())
	f.want(registry.Stale, "older than what is known", updated("evt_1", at(0), chargesOff()))
	f.wantStatus(account.Enabled)
	if got := f.lines(`select policy_version::text from accounts`); got[0] != "1" {
		t.Errorf("judged by %s", got[0])
	}
}

// TestAPolicyReadLateDoesNotReplaceANewerOne: two may be reading at once.
func TestAPolicyReadLateDoesNotReplaceANewerOne(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.store(germanOnly())
	f.want(registry.Applied, "", updated("evt_1", at(10), working()))
	if err := f.SetPolicy(1, []byte(`{"countries": []}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), "delete from policies where version > 1"); err != nil { // else the next commit reads it again
		t.Fatal(err)
	}
	f.want(registry.Applied, "", updated("evt_2", at(20), chargesOff()))
	f.wantStatus(account.Unsupported)
}

// TestAPolicyThatCantBeReadIsAnError: nothing is judged by a part of it, or read by the one before it.
func TestAPolicyThatCantBeReadIsAnError(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	_, err := f.pool.Exec(t.Context(), `insert into policies (version, policy, created_at, created_by) values (2, '{"countries": 7}', $1, 'test')`, t0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Observe(t.Context(), []registry.Observation{updated("evt_1", at(10), chargesOff())}); err == nil {
		t.Error("it was judged")
	}
	if _, err := f.Readiness(t.Context(), "s1"); err == nil {
		t.Error("it was read")
	}
	if _, err := f.pool.Exec(t.Context(), "delete from policies where version = 2"); err != nil {
		t.Fatal(err)
	}
	f.wantStatus(account.Enabled)
}
