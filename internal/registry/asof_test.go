package registry_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// memory is what was answered of sellers at moments of a test's own clock.
type memory struct {
	fixture
	now     time.Time
	answers map[time.Time]map[string]client.Readiness
}

func newMemory(t *testing.T) *memory {
	t.Helper()
	m := &memory{now: t0, answers: map[time.Time]map[string]client.Readiness{}}
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	m.fixture = fixture{Registry: openAs(t, pool, registry.Config{Now: func() time.Time { return m.now }}), t: t, pool: pool}
	return m
}

// pass lets time go by in steps, and remembers what is answered at each.
func (m *memory) pass(steps ...time.Duration) {
	m.t.Helper()
	for _, step := range append([]time.Duration{0}, steps...) {
		m.now = m.now.Add(step)
		m.answers[m.now] = map[string]client.Readiness{}
		for _, seller := range []string{"s1", "s2"} {
			ready, err := m.Readiness(m.t.Context(), seller)
			if err != nil {
				m.t.Fatal(err)
			}
			m.answers[m.now][seller] = ready
		}
	}
}

func (m *memory) at(seller string, at time.Time) client.PastReadiness {
	m.t.Helper()
	past, err := m.ReadinessAt(m.t.Context(), seller, at)
	if err != nil {
		m.t.Fatal(err)
	}
	return past
}

// TestThePastIsAnsweredAsItWas: whatever happened since, each moment is answered as it was at that moment.
func TestThePastIsAnsweredAsItWas(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	const day = 24 * time.Hour
	m.pass(time.Second)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-3, -2))))
	m.pass(time.Second)
	m.observe(registry.Gone(m.retrieval(span(-1, 0))), registry.Granted(grant("s1", "acct_1", span(0, 1)))) // looks as before
	m.pass(time.Second)
	m.retrieve(span(2, 3), working())
	m.pass(time.Microsecond, 30*day)
	m.retrieve(span(10, 11), working()) // confirms
	m.pass(time.Hour, 36*day)           // stale
	m.retrieve(span(20, 21), working())
	m.pass(time.Hour)
	m.want(registry.Applied, "", updated("evt_1", at(30), chargesOff()))
	m.pass(time.Hour)
	m.want(registry.Applied, "", updated("evt_2", at(40), working()))
	m.pass(10*day, 30*day) // stale
	deny := account.DefaultPolicy()
	deny.DenyWhenStale = true
	if _, err := m.ApplyPolicy(t.Context(), deny, 1, account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Second) // and denied
	m.retrieve(span(50, 51), working())
	m.pass(time.Hour)
	if err := m.Reassign(t.Context(), "acct_1", "s2", account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Hour, 40*day)
	m.want(registry.Applied, "", deauthorized("evt_3", 60))
	m.pass(time.Hour, 100*day)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(69, 70))))
	m.pass(time.Second)
	m.retrieve(span(71, 72), working())
	m.pass(time.Hour)

	statuses, stale, denied := map[string]bool{}, 0, 0
	for then, sellers := range m.answers {
		for seller, answered := range sellers {
			past := m.at(seller, then)
			if diff := cmp.Diff(answered, past.Readiness); diff != "" {
				t.Errorf("%s at %s (-then +now):\n%s", seller, then, diff)
			}
			if (past.Evidence == nil) != (answered.Version == 0) || past.Evidence != nil && past.Evidence.Position != answered.Version {
				t.Errorf("%s at %s, version %d: evidence %+v", seller, then, answered.Version, past.Evidence)
			}
			statuses[answered.Status] = true
			if answered.Stale {
				stale++
			}
			if len(answered.Reasons) > 0 && answered.Reasons[0].Code == "stale" {
				denied++
			}
		}
	}
	if len(statuses) < 5 || stale < 3 || denied == 0 {
		t.Errorf("the history is too poor: %v, stale %d times, denied %d times", statuses, stale, denied)
	}
}

// TestThePastOutlivesTheFeed, which forgets its checks after a week.
func TestThePastOutlivesTheFeed(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	m.retrieve(span(1, 2), working())
	m.pass(30 * 24 * time.Hour)
	m.retrieve(span(10, 11), working())
	m.pass(30 * 24 * time.Hour)
	then := m.now
	m.pass(300 * 24 * time.Hour)
	m.retrieve(span(20, 21), working())
	m.exec("delete from feed_entries")
	past := m.at("s1", then).Readiness
	if diff := cmp.Diff(m.answers[then]["s1"], past); diff != "" || past.Stale || !past.AsOf.Equal(at(11)) {
		t.Errorf("stale %v, as of %v\n%s", past.Stale, past.AsOf, diff)
	}
}

func TestEvidenceNamesTheProof(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	if past := m.at("s1", m.now); past.Evidence != nil || past.Readiness.Status != "not_connected" {
		t.Errorf("before the first connection: %+v", past)
	}
	var proofs []string
	note := func() {
		e := m.at("s1", m.now).Evidence
		proofs = append(proofs, fmt.Sprintf("%d at %s by %s: %q %q policy %d", e.Position, e.At.Sub(t0), e.Source,
			client.Text(e.EventID), client.Text(e.RequestID), e.PolicyVersion))
		m.now = m.now.Add(time.Second)
	}
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	note()
	m.retrieve(span(1, 2), working())
	note()
	m.retrieve(span(3, 4), working()) // confirms: the proof stays
	note()
	m.want(registry.Applied, "", updated("evt_1", at(10), chargesOff()))
	note()
	foreign := account.DefaultPolicy()
	foreign.Countries = []string{"NO"}
	m.store(foreign)
	if err := m.Rejudge(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	note()
	want := []string{
		`1 at 0s by oauth: "" "" policy 1`,
		`2 at 1s by recheck: "" "req_1" policy 1`,
		`2 at 1s by recheck: "" "req_1" policy 1`,
		`4 at 3s by webhook: "evt_1" "" policy 1`,
		`5 at 4s by policy: "" "" policy 2`,
	}
	if diff := cmp.Diff(want, proofs); diff != "" {
		t.Error(diff)
	}
}

// TestAClockThatIsAheadHidesNothing: what was published last by a moment is told of it, though what it followed has a later
// time.
func TestAClockThatIsAheadHidesNothing(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	m.retrieve(span(1, 2), working())
	m.now = t0.Add(time.Hour)
	m.want(registry.Applied, "", updated("evt_1", at(10), chargesOff()))
	m.now = t0.Add(time.Minute)
	m.want(registry.Applied, "", updated("evt_2", at(20), working()))
	m.now = t0.Add(2 * time.Hour)
	for _, later := range []time.Duration{time.Minute, time.Hour, 2 * time.Hour} {
		if past := m.at("s1", t0.Add(later)); client.Text(past.Evidence.EventID) != "evt_2" || !past.Readiness.CanTransact {
			t.Errorf("after %s: %+v", later, past)
		}
	}
}

func TestAnErasedNameIsInNoPast(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	m.retrieve(span(1, 2), working())
	m.pass(time.Hour)
	able := m.now
	m.pass(time.Hour)
	m.want(registry.Applied, "", deauthorized("evt_1", 10))
	m.pass(time.Hour)
	if err := m.EraseSeller(t.Context(), "s1", account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	past := m.at("s1", able)
	if past.Readiness.DisplayName != nil || !past.Readiness.CanTransact || past.Evidence.Source != "recheck" {
		t.Errorf("%+v, %+v", past.Readiness, past.Evidence)
	}
}

func TestWhatHasNotComeIsNotAnswered(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	if _, err := m.ReadinessAt(t.Context(), "s1", m.now.Add(time.Microsecond)); account.KindOf(err) != account.Invalid || fieldOf(err) != "at" {
		t.Errorf("error %v", err)
	}
	if _, err := m.ReadinessAt(t.Context(), "no seller", m.now); fieldOf(err) != "seller_id" {
		t.Errorf("error %v", err)
	}
	for _, then := range []time.Time{{}, time.Date(-4000, 1, 1, 0, 0, 0, 0, time.UTC), m.now.Add(time.Nanosecond).Add(-time.Hour)} {
		if past := m.at("s1", then); past.Readiness.Status != "not_connected" {
			t.Errorf("%s: %+v", then, past)
		}
	}
}

// TestAPastMomentReadsOneSellersChangesAlone, and of these what the index has: a few blocks, whatever has changed since.
func TestAPastMomentReadsOneSellersChangesAlone(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	m.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	m.retrieve(span(1, 2), working())
	m.exec(`insert into account_changes (position, account_id, seller_id, at, source, policy_version, after)
		select i, 'acct_1', 's' || i % 20, $1::timestamptz + i * interval '1 minute', 'webhook', 1, c.after
		from generate_series(3, 40000) i, account_changes c where c.position = 2`, t0)
	m.exec(`analyze account_changes`)
	m.now = t0.Add(1000 * 24 * time.Hour)
	if past := m.at("s1", t0.Add(time.Second)); past.Evidence.Position != 2 {
		t.Fatalf("%+v", past.Evidence)
	}
	var explained []byte
	err := m.pool.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+db.ReadinessAt, pgx.QueryExecModeExec,
		"s1", t0.Add(time.Second)).Scan(&explained)
	if err != nil {
		t.Fatal(err)
	}
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal(explained, &plans); err != nil {
		t.Fatal(err)
	}
	if blocks := plans[0].Plan.Hit + plans[0].Plan.Read; blocks == 0 || blocks > 60 {
		t.Errorf("%d blocks were read of 6,000:\n%s", blocks, explained)
	}
}

func (m *memory) exec(sql string, args ...any) {
	m.t.Helper()
	if _, err := m.pool.Exec(m.t.Context(), sql, args...); err != nil {
		m.t.Fatal(err)
	}
}
