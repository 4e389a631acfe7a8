package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// t0 is the moment of Stripe's clock at which the tests' connections begin.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

// span is the interval of an answer whose Date is at(to).
func span(from, to int) account.Interval { return account.Interval{From: at(from), To: at(to)} }

func working() account.Facts {
	yes := true
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Blue Kiln", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: &yes, PayoutsEnabled: &yes, DetailsSubmitted: &yes,
		Requirements: &account.Requirements{}, Capabilities: map[string]string{"card_payments": "active"},
	}
}

func chargesOff() account.Facts {
	f := working()
	no := false
	f.ChargesEnabled = &no
	f.Requirements = &account.Requirements{DisabledReason: "requirements.past_due", PastDue: []string{"individual.id_number"}}
	return f
}

func updated(id string, created time.Time, f account.Facts) registry.Observation {
	return registry.Reported(event(id, "account.updated", created), f)
}

func event(id, typ string, created time.Time) registry.Event {
	return registry.Event{ID: id, Type: typ, Account: "acct_1", Created: created, Payload: `{"id":"` + id + `"}`}
}

// fixture is a registry on a database of its own, with the connection of seller s1 and account acct_1 in it.
type fixture struct {
	*registry.Registry
	t    *testing.T
	pool *pgxpool.Pool
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	return fixtureOn(t, postgrestest.Pool(t))
}

func fixtureOn(t *testing.T, pool *pgxpool.Pool) fixture {
	t.Helper()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	return fixture{Registry: open(t, pool), t: t, pool: pool}
}

func open(t *testing.T, pool *pgxpool.Pool) *registry.Registry {
	t.Helper()
	return openAs(t, pool, registry.Config{})
}

func openAs(t *testing.T, pool *pgxpool.Pool, cfg registry.Config) *registry.Registry {
	t.Helper()
	r, err := registry.New(t.Context(), pool, cfg)
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, r)
	return r
}

func connectedFixture(t *testing.T) fixture {
	f := newFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.retrieve(span(1, 2), working())
	return f
}

func grant(seller, acct string, i account.Interval) registry.Grant {
	return registry.Grant{SellerID: seller, AccountID: acct, Interval: i}
}

func (f fixture) observe(obs ...registry.Observation) []registry.Outcome {
	f.t.Helper()
	outs, err := f.Observe(f.t.Context(), obs)
	if err != nil {
		f.t.Fatal(err)
	}
	return outs
}

// want observes and holds what became of it.
func (f fixture) want(result registry.Result, why string, o registry.Observation) {
	f.t.Helper()
	if got := f.observe(o)[0]; got.Result != result || got.Why != why {
		f.t.Fatalf("outcome %q, %q; want %q, %q", got.Result, got.Why, result, why)
	}
}

func (f fixture) revision() int64 {
	f.t.Helper()
	revision, err := f.Revision(f.t.Context(), "acct_1")
	if err != nil {
		f.t.Fatal(err)
	}
	return revision
}

func (f fixture) retrieval(i account.Interval) registry.Retrieval {
	f.t.Helper()
	return registry.Retrieval{
		AccountID: "acct_1", Source: registry.Recheck, Revision: f.revision(), Interval: i, RequestID: "req_1",
	}
}

func (f fixture) retrieve(i account.Interval, facts account.Facts) {
	f.t.Helper()
	f.want(registry.Applied, "", registry.Retrieved(f.retrieval(i), facts))
}

func (f fixture) wantStatus(status account.Status) {
	f.t.Helper()
	ready, err := f.Readiness(f.t.Context(), "s1")
	if err != nil {
		f.t.Fatal(err)
	}
	row, err := f.Account(f.t.Context(), "acct_1")
	if err != nil {
		f.t.Fatal(err)
	}
	if ready.Status != string(status) || row.Status != string(status) {
		f.t.Fatalf("readiness %s, row %s; want %s", ready.Status, row.Status, status)
	}
}

func (f fixture) dueNow() bool {
	f.t.Helper()
	row, err := f.Account(f.t.Context(), "acct_1")
	if err != nil {
		f.t.Fatal(err)
	}
	return row.NextCheckAt != nil && !row.NextCheckAt.After(time.Now())
}

func TestGrantIsANoUntilTheFirstRetrieval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	ready, err := f.Readiness(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	if ready.CanTransact || ready.Status != "incomplete" || ready.Reasons[0].Code != "not_checked" || ready.Version != 1 {
		t.Errorf("readiness after the grant: %+v", ready)
	}
	if !f.dueNow() {
		t.Error("a granted account is not due")
	}
	f.retrieve(span(1, 2), working())
	f.wantStatus(account.Enabled)
}

func TestOlderEventDoesNotUndoNewer(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_2", at(20), chargesOff()))
	f.want(registry.Stale, "older than what is known", updated("evt_1", at(10), working()))
	f.wantStatus(account.Restricted)
}

func TestEventFromBeforeTheRetrievalIsStale(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Stale, "older than what is known", updated("evt_1", at(0), chargesOff()))
	f.wantStatus(account.Enabled)
}

func TestTieAppliesOnlyWhereItTurnsAYesIntoANo(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_1", at(2), chargesOff()))
	f.wantStatus(account.Restricted)
	if !f.dueNow() {
		t.Error("a tie did not make the account due")
	}
	f.want(registry.Stale, "same moment", updated("evt_2", at(2), working()))
	f.wantStatus(account.Restricted)
}

// TestTwoEventsOfOneSecondAreATie: at both ends of an interval, also of one that is a single moment.
func TestTwoEventsOfOneSecondAreATie(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_1", at(5), working()))
	f.want(registry.Applied, "", updated("evt_2", at(5), chargesOff()))
	f.wantStatus(account.Restricted)
	if !f.dueNow() {
		t.Error("a tie did not make the account due")
	}
	f.want(registry.Stale, "same moment", updated("evt_3", at(5), working()))
	f.wantStatus(account.Restricted)
}

func TestTieThatAgreesIsNotDueButRaises(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	before := f.revision()
	f.want(registry.Applied, "", updated("evt_1", at(2), working()))
	if f.dueNow() || f.revision() != before+1 {
		t.Errorf("due %v, revision %d after %d", f.dueNow(), f.revision(), before)
	}
}

func TestRetrievalThatRacedIsThrownAway(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	inFlight := f.retrieval(span(9, 10))
	f.want(registry.Applied, "", updated("evt_1", at(9), chargesOff()))
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(inFlight, working()))
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Gone(inFlight))
	f.wantStatus(account.Restricted)
}

func TestIntervalNeverGoesBack(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_1", at(100), chargesOff())) // ahead of the answer that follows
	f.retrieve(span(50, 52), working())
	f.want(registry.Stale, "older than what is known", updated("evt_2", at(60), chargesOff()))
	row, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	if !row.AsOf.Equal(at(100)) || !row.AsOfFrom.Equal(at(100)) {
		t.Errorf("as_of %v, as_of_from %v", row.AsOf, row.AsOfFrom)
	}
}

func TestDisconnectedStaysDisconnected(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(10))))
	f.want(registry.Stale, "disconnected", updated("evt_2", at(20), working()))
	f.want(registry.Stale, "disconnected", registry.Retrieved(f.retrieval(span(29, 30)), working()))
	f.wantStatus(account.Disconnected)
	row, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	if row.NextCheckAt != nil || *row.DisconnectReason != "deauthorized" {
		t.Errorf("next check %v, reason %v", row.NextCheckAt, row.DisconnectReason)
	}
}

func TestDeauthorizationOfAnEarlierConnectionIsStale(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(99, 100))))
	f.want(registry.Stale, "older than what is known", registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(50))))
	f.wantStatus(account.Enabled)
}

func TestDeauthorizationWithinTheGrantIsDecidedByARetrieval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.want(registry.Stale, "same moment", registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(0))))
	f.wantStatus(account.Incomplete)
	f.want(registry.Applied, "", registry.Gone(f.retrieval(span(1, 2))))
	f.wantStatus(account.Disconnected)
}

func TestUnlinkEndsTheGrantItWasAskedForAndNoNewer(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	old := span(-1, 0)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(4, 5))))
	f.want(registry.Stale, "same moment", registry.Unlinked("acct_1", old, span(4, 5)))
	f.wantStatus(account.Enabled)
	f.want(registry.Applied, "", registry.Unlinked("acct_1", span(4, 5), span(4, 5)))
	f.wantStatus(account.Disconnected)
}

func TestAnAccountHasOneHolderAndASellerOneAccount(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.HeldByAnother, "the account is connected by another seller", registry.Granted(grant("s2", "acct_1", span(9, 10))))
	f.want(registry.HasAnother, "the seller is connected with acct_1", registry.Granted(grant("s1", "acct_2", span(9, 10))))
	if _, err := f.Account(t.Context(), "acct_2"); account.KindOf(err) != account.NotFound {
		t.Errorf("a refused account was stored: %v", err)
	}
	f.wantStatus(account.Enabled)
}

func TestAnAccountGoesOnToAnotherSeller(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	// One call, one group: both sellers' changes are published.
	f.observe(
		registry.Deauthorized(event("evt_1", "account.application.deauthorized", at(10))),
		registry.Granted(grant("s2", "acct_1", span(19, 20))),
	)
	got, _, err := f.ReadinessBatch(t.Context(), []string{"s1", "s2", "s3"})
	if err != nil {
		t.Fatal(err)
	}
	statuses := []string{got[0].Status, got[1].Status, got[2].Status}
	if diff := cmp.Diff([]string{"disconnected", "incomplete", "not_connected"}, statuses); diff != "" {
		t.Error(diff)
	}
	if *got[0].AccountID != "acct_1" || got[1].Version <= got[0].Version {
		t.Errorf("s1 %+v, s2 %+v", got[0], got[1])
	}
}

func TestRepeatedEventHasOneEffect(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	o := updated("evt_1", at(10), chargesOff())
	outs := f.observe(o, o)
	if outs[0].Repeated || !outs[1].Repeated || outs[1].Result != registry.Applied {
		t.Errorf("outcomes %+v", outs)
	}
	before := f.revision()
	if out := f.observe(o)[0]; !out.Repeated || out.Result != registry.Applied {
		t.Errorf("outcome of the repeat %+v", out)
	}
	if f.revision() != before {
		t.Error("a repeat raised the revision")
	}
}

func TestEventOfAnUnknownAccountIsIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Disregard, "no such account here", updated("evt_1", at(0), working()))
	var payload *string
	if err := f.pool.QueryRow(t.Context(), `select payload from stripe_events where outcome = 'ignored'`).Scan(&payload); err != nil {
		t.Fatal(err)
	}
	if payload != nil {
		t.Errorf("an ignored event kept its payload: %s", *payload)
	}
}

// TestFeedIsDense: positions follow each other without a gap, each change is an entry, and what only confirms is small.
func TestFeedIsDense(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_1", at(10), working())) // confirms: no entry
	f.retrieve(span(19, 20), working())                               // confirms: a check
	f.want(registry.Applied, "", updated("evt_2", at(30), chargesOff()))
	rows, err := f.pool.Query(t.Context(), `select format('%s %s %s', position, kind, version) from feed_entries order by position`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	want := []string{"1 change 1", "2 change 2", "3 check 2", "4 change 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	history, err := f.History(t.Context(), "acct_1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != 3 || *history[0].EventID != "evt_2" || history[0].Before.Status != "enabled" || history[2].Before != nil {
		t.Errorf("history %+v", history)
	}
}

// TestCommittersOfTwoProcessesShareARow: concurrent groups over the same accounts in opposite order end without a
// deadlock, and the feed stays dense.
func TestCommittersOfTwoProcessesShareARow(t *testing.T) {
	t.Parallel()
	const accounts, rounds = 8, 25
	a := newFixture(t)
	b := fixture{Registry: open(t, a.pool), t: t, pool: a.pool}
	for i := range accounts {
		a.observe(registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(-1, 0))))
	}
	var wg sync.WaitGroup
	for side, r := range []fixture{a, b} {
		wg.Go(func() {
			for round := range rounds {
				var obs []registry.Observation
				for i := range accounts {
					if side == 1 {
						i = accounts - 1 - i
					}
					e := event(fmt.Sprintf("evt_%d_%d_%d", side, round, i), "account.updated", at(10+round))
					e.Account = fmt.Sprintf("acct_%d", i)
					facts := working()
					if (round+side)%2 == 0 {
						facts = chargesOff()
					}
					obs = append(obs, registry.Reported(e, facts))
				}
				if _, err := r.Observe(context.Background(), obs); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var position, entries, events int64
	err := a.pool.QueryRow(t.Context(), `select (select position from feed), (select count(*) from feed_entries),
		(select count(*) from stripe_events)`).Scan(&position, &entries, &events)
	if err != nil {
		t.Fatal(err)
	}
	if position != entries || events != 2*accounts*rounds {
		t.Errorf("position %d, %d entries, %d events", position, entries, events)
	}
}

// TestOneBadObservationNeverCostsItsNeighbours: the group fails, and each of it is tried alone.
func TestOneBadObservationNeverCostsItsNeighbours(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	poison := event("evt_poison", "account.updated", at(10))
	poison.Payload = "\x00" // Postgres's text refuses NUL
	outs, err := f.Observe(t.Context(), []registry.Observation{
		updated("evt_1", at(11), chargesOff()), registry.Unreadable(poison, "test"), updated("evt_2", at(12), working()),
	})
	if err == nil {
		t.Error("the bad observation was stored")
	}
	if outs[0].Result != registry.Applied || outs[2].Result != registry.Applied {
		t.Errorf("outcomes %+v", outs)
	}
	f.wantStatus(account.Enabled)
}

func TestObserveRefusesWhenFullAndWhenClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.Observe(t.Context(), make([]registry.Observation, 5000)); !errors.Is(err, registry.ErrFull) {
		t.Errorf("a full queue: %v", err)
	}
	_ = f.Close(t.Context())
	if _, err := f.Observe(t.Context(), make([]registry.Observation, 1)); !errors.Is(err, registry.ErrClosed) {
		t.Errorf("a closed registry: %v", err)
	}
}
