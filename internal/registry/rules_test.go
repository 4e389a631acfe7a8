package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func deauthorized(id string, seconds int) registry.Observation {
	return registry.Deauthorized(event(id, "account.application.deauthorized", at(seconds)))
}

// lines runs a query of one text column.
func (f fixture) lines(sql string) []string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), sql)
	if err != nil {
		f.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return lines
}

const openConnections = `select seller_id || ' ' || account_id from connections where disconnected_at is null order by 1`

// TestGrantsToldInTheWrongOrderKeepTheNewer: the deauthorization between the two is of the earlier.
func TestGrantsToldInTheWrongOrderKeepTheNewer(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(99, 100))))
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(49, 50))))
	f.want(registry.Stale, "older than what is known", deauthorized("evt_1", 70))
	f.wantStatus(account.Enabled)
}

func TestUnlinkAskedForBeforeAnOlderGrantWasToldIsDecidedByARetrieval(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(99, 100))))
	held, err := f.Holding(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(98, 100)))) // within it: either may be the later
	f.want(registry.Stale, "same moment", registry.Unlinked("acct_1", held.Grant, span(100, 101)))
	f.wantStatus(account.Enabled)
	if !f.dueNow() {
		t.Error("nothing will decide")
	}
}

func TestTheSameExchangeToldAgainHasNoEffect(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	before := f.revision()
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	if f.revision() != before {
		t.Error("it raised the revision")
	}
	f.want(registry.Applied, "", deauthorized("evt_1", 10))
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.wantStatus(account.Disconnected)
}

func TestRetrievalSaysHowAConnectionEnded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		told   []registry.Observation
		reason string
	}{
		{"with no word of it", nil, "account_invalid"},
		{"after a deauthorization of the same moment", []registry.Observation{deauthorized("evt_1", 2)}, "deauthorized"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := connectedFixture(t)
			f.observe(tt.told...)
			f.want(registry.Applied, "", registry.Gone(f.retrieval(span(3, 4))))
			f.wantStatus(account.Disconnected)
			row, err := f.Account(t.Context(), "acct_1")
			if err != nil {
				t.Fatal(err)
			}
			if *row.DisconnectReason != tt.reason || !row.DisconnectedAt.Equal(at(4)) {
				t.Errorf("disconnected for %s at %v", *row.DisconnectReason, row.DisconnectedAt)
			}
		})
	}
}

// TestARetrievalThatFindsTheAccountClearsADoubtfulDeauthorization: a later 403 is not taken for it.
func TestARetrievalThatFindsTheAccountClearsADoubtfulDeauthorization(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Stale, "same moment", deauthorized("evt_1", 2))
	f.retrieve(span(3, 4), working())
	f.want(registry.Applied, "", registry.Gone(f.retrieval(span(5, 6))))
	if got := f.lines(`select disconnect_reason from accounts`); got[0] != "account_invalid" {
		t.Errorf("disconnected for %s", got[0])
	}
}

// TestOneCallMayConnectAndDisconnectAnAccountAgain: whatever comes together, the connections and the row agree.
func TestOneCallMayConnectAndDisconnectAnAccountAgain(t *testing.T) {
	t.Parallel()
	first, second := registry.Granted(grant("s1", "acct_1", span(-1, 0))), registry.Granted(grant("s1", "acct_1", span(19, 20)))
	for _, tt := range []struct {
		name   string
		told   []registry.Observation
		status account.Status
		open   []string
	}{
		{"connected, disconnected", []registry.Observation{first, deauthorized("evt_1", 10)}, account.Disconnected, []string{}},
		{
			"connected, disconnected, connected",
			[]registry.Observation{first, deauthorized("evt_1", 10), second},
			account.Incomplete,
			[]string{"s1 acct_1"},
		},
		{
			"connected, disconnected, connected, disconnected",
			[]registry.Observation{first, deauthorized("evt_1", 10), second, deauthorized("evt_2", 30)},
			account.Disconnected,
			[]string{},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.observe(tt.told...)
			f.wantStatus(tt.status)
			if diff := cmp.Diff(tt.open, f.lines(openConnections)); diff != "" {
				t.Errorf("open connections: %s", diff)
			}
		})
	}
}

// TestASellerGoesOnToAnotherAccountInOneCall: what became of the former account is in its history.
func TestASellerGoesOnToAnotherAccountInOneCall(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.observe(deauthorized("evt_1", 10), registry.Granted(grant("s1", "acct_2", span(19, 20))))
	got := f.lines(`select format('%s %s %s', position, account_id, after->>'status') from account_changes order by position`)
	want := []string{"1 acct_1 incomplete", "2 acct_1 enabled", "3 acct_1 disconnected", "4 acct_2 incomplete"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	ready, err := f.Readiness(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	if *ready.AccountID != "acct_2" || ready.Status != "incomplete" || ready.Version != 4 {
		t.Errorf("readiness %+v", ready)
	}
}

func TestARefusedGrantIsAppliedForTheSellerWhoMay(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	outs := f.observe(
		registry.Granted(grant("s1", "acct_2", span(9, 10))),
		registry.Granted(grant("s2", "acct_2", span(11, 12))),
	)
	got := fmt.Sprint(outs[0].Result, " ", outs[1].Result)
	if diff := cmp.Diff("has_another applied", got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s1 acct_1", "s2 acct_2"}, f.lines(openConnections)); diff != "" {
		t.Error(diff)
	}
}

// TestATieThrowsAwayTheRetrievalUnderWay: it may have been read before what the tie tells, applied or not.
func TestATieThrowsAwayTheRetrievalUnderWay(t *testing.T) {
	t.Parallel()
	renamed := working()
	renamed.DisplayName = "Red Kiln"
	for _, tt := range []struct {
		name   string
		tie    registry.Observation
		result registry.Result
		why    string
	}{
		{"that agrees", updated("evt_1", at(2), working()), registry.Applied, ""},
		{"that is applied", updated("evt_1", at(2), chargesOff()), registry.Applied, ""},
		{"that is not applied", updated("evt_1", at(2), renamed), registry.Stale, "same moment"},
		{"of a deauthorization", deauthorized("evt_1", 2), registry.Stale, "same moment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := connectedFixture(t)
			underWay := f.retrieval(span(3, 4))
			f.want(tt.result, tt.why, tt.tie)
			f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(underWay, working()))
		})
	}
}

// TestUnlinkIsAPersonsAlsoWhereItsEventIsFaster: the account says that it was unlinked.
func TestUnlinkIsAPersonsAlsoWhereItsEventIsFaster(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", deauthorized("evt_1", 10))
	before := f.lines(`select count(*)::text from account_changes`)
	f.want(registry.Applied, "", registry.Unlinked("acct_1", span(-1, 0), span(9, 11)))
	f.wantStatus(account.Disconnected)
	if got := f.lines(`select disconnect_reason from accounts`); got[0] != "unlinked" {
		t.Errorf("disconnected for %s", got[0])
	}
	if diff := cmp.Diff(before, f.lines(`select count(*)::text from account_changes`)); diff != "" {
		t.Errorf("readiness changed once, and is told twice: %s", diff)
	}
}

func TestUnlinkOfWhatIsDisconnectedIsStale(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", deauthorized("evt_1", 10))
	f.want(registry.Stale, "disconnected", registry.Unlinked("acct_1", span(-1, 0), span(11, 12)))
	if got := f.lines(`select disconnect_reason from accounts`); got[0] != "deauthorized" {
		t.Errorf("disconnected for %s", got[0])
	}
}

func TestACheckForgetsTheFailuresBeforeIt(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if err := f.CheckFailed(t.Context(), f.retrievalOf("acct_1", account.Interval{}), fmt.Errorf("stripe is out of reach"), at(60)); err != nil {
		t.Fatal(err)
	}
	f.retrieve(span(9, 10), working())
	row, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	if row.CheckFailures != 0 || row.LastCheckError != nil {
		t.Errorf("%d failures, %v", row.CheckFailures, row.LastCheckError)
	}
}

// TestEachEventIsKeptWithWhatBecameOfIt, and the payload of what may be replayed.
func TestEachEventIsKeptWithWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.observe(
		updated("evt_1", at(10), chargesOff()),
		updated("evt_2", at(5), working()),
		registry.Ignored(event("evt_3", "payout.paid", at(6)), "not a type that is handled"),
		registry.Unreadable(event("evt_4", "account.updated", at(7)), "its object is no account"),
	)
	got := f.lines(`select concat_ws('|', id, outcome, why, payload is not null) from stripe_events order by id`)
	want := []string{
		"evt_1|applied|t", "evt_2|stale|older than what is known|t", "evt_3|ignored|not a type that is handled|f",
		"evt_4|failed|its object is no account|t",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnAccountIsDueWhereItsEventCouldNotBeRead: what the event would have said is asked of Stripe, as after a hint.
func TestAnAccountIsDueWhereItsEventCouldNotBeRead(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	unreadable := func(id string, created time.Time) registry.Observation {
		return registry.Unreadable(event(id, "account.updated", created), "its object is no account")
	}
	f.want(registry.Failed, "its object is no account", unreadable("evt_1", at(0)))
	if got := f.claim(time.Now(), 1); got != nil {
		t.Errorf("an event from before what is known has made %v due", got)
	}
	asked := f.retrievalOf("acct_1", span(9, 10))
	f.want(registry.Failed, "its object is no account", unreadable("evt_2", at(10)))
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(asked, working()))
	if diff := cmp.Diff([]string{"acct_1"}, f.claim(time.Now(), 1)); diff != "" {
		t.Error(diff)
	}
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_3", "account.application.deauthorized", at(20))))
	f.want(registry.Failed, "its object is no account", unreadable("evt_4", at(30)))
	if got := f.claim(time.Now().Add(time.Hour), 1); got != nil {
		t.Errorf("%v is disconnected and due", got)
	}
}

func TestAGrantToldLateDoesNotReviveADisconnectedAccount(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Unlinked("acct_1", span(-1, 0), span(299, 300)))
	f.want(registry.Stale, "older than what is known", registry.Granted(grant("s2", "acct_1", span(99, 100))))
	f.wantStatus(account.Disconnected)
}
