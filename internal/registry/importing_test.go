package registry_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func imported(seller, acct string, i account.Interval, f account.Facts) registry.Observation {
	return registry.Imported(grant(seller, acct, i), "req_list", f)
}

func TestImportConnectsWithWhatTheListSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Applied, "", imported("s1", "acct_1", span(10, 12), working()))
	f.wantStatus(account.Enabled)
	f.wantLines(`select format('%s %s %s', source, request_id, after->>'status') from account_changes`, "import req_list enabled")
	f.wantLines(openConnections, "s1 acct_1")
	f.wantLines(`select format('%s %s %s', checked_at is not null, next_check_at > checked_at + interval '20 days', claimed_until is null) from accounts`, "t t t")
	f.want(registry.Stale, "older than what is known", updated("evt_1", at(9), chargesOff()))
	f.want(registry.Applied, "", updated("evt_2", at(13), chargesOff()))
	f.wantStatus(account.Restricted)
}

func TestImportLeavesWhatIsKnownAlone(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	before := f.revision()
	f.want(registry.Known, "the seller is connected with it already", imported("s1", "acct_1", span(100, 101), chargesOff()))
	if f.revision() != before {
		t.Error("it raised the revision")
	}
	f.wantStatus(account.Enabled)
}

func TestImportRefusesWhatAnotherHolds(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.HeldByAnother, "the account is connected by another seller", imported("s2", "acct_1", span(100, 101), working()))
	f.want(registry.HasAnother, "the seller is connected with acct_1", imported("s1", "acct_2", span(100, 101), working()))
	f.wantLines(openConnections, "s1 acct_1")
	f.wantLines(`select id from accounts`, "acct_1")
}

// TestAPageGoesInWithItsRefusals: two accounts of one seller are on it.
func TestAPageGoesInWithItsRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	outs := f.observe(
		imported("s1", "acct_1", span(10, 12), working()), imported("s2", "acct_2", span(10, 12), chargesOff()),
		imported("s1", "acct_3", span(10, 12), working()), imported("s3", "acct_4", span(10, 12), working()),
	)
	if outs[2].Result != registry.HasAnother || outs[3].Result != registry.Applied {
		t.Errorf("%+v", outs)
	}
	f.wantLines(openConnections, "s1 acct_1", "s2 acct_2", "s3 acct_4")
}

func TestImportConnectsAgainOnlyAfterTheDisconnection(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", deauthorized("evt_1", 100))
	f.want(registry.Stale, "it was disconnected while Stripe listed it", imported("s1", "acct_1", span(99, 101), working()))
	f.want(registry.Stale, "it was disconnected while Stripe listed it", imported("s1", "acct_1", span(90, 95), working()))
	f.wantStatus(account.Disconnected)
	f.want(registry.Applied, "", imported("s2", "acct_1", span(101, 103), working()))
	f.wantLines(`select format('%s %s', seller_id, status) from accounts`, "s2 enabled")
	f.wantLines(openConnections, "s2 acct_1")
}

func deauthorizedOf(acct, id string, seconds int) registry.Observation {
	return registry.Deauthorized(registry.Event{ID: id, Type: "account.application.deauthorized", Account: acct, Created: at(seconds)})
}

// TestEventBeforeItsAccountsImportIsMadeUpFor: it was ignored, and the list may have been read before it.
func TestEventBeforeItsAccountsImportIsMadeUpFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	since := time.Now()
	f.want(registry.Disregard, "no such account here", deauthorized("evt_1", 11))
	f.want(registry.Disregard, "no such account here", deauthorizedOf("acct_2", "evt_2", 5))
	f.observe(imported("s1", "acct_1", span(10, 12), working()), imported("s2", "acct_2", span(10, 12), working()))
	if err := f.SettleImport(t.Context(), since); err != nil {
		t.Fatal(err)
	}
	f.wantLines(`select id from accounts where next_check_at <= now()`, "acct_1")
}

// TestImportWaitsForEventsBeingApplied: where their accounts were looked up before, they do not know of those that are imported.
func TestImportWaitsForEventsBeingApplied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.observe(imported("s0", "acct_0", span(10, 12), working()))
	other := f
	other.Registry = openAs(t, f.pool, registry.Config{})
	since := time.Now()
	f.Registry = openAs(t, f.pool, registry.Config{LockWait: time.Minute})
	tx := f.begin(`select from accounts where id = 'acct_0' for no key update`)
	observed := make(chan []registry.Outcome, 1)
	go func() {
		outs, err := f.Observe(t.Context(), []registry.Observation{deauthorizedOf("acct_0", "evt_1", 13), deauthorizedOf("acct_1", "evt_2", 13)})
		if err != nil {
			t.Error(err)
		}
		observed <- outs
	}()
	f.waitForLock("transactionid")
	other.observe(imported("s1", "acct_1", span(10, 12), working()))
	settled := make(chan error, 1)
	go func() { settled <- other.SettleImport(t.Context(), since) }()
	f.waitForLock("advisory")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-observed
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	f.wantLines(`select id from accounts where id = 'acct_1' and (next_check_at <= now() or disconnected_at is not null)`, "acct_1")
}

// TestImportDoesNotWaitForAVacuum of the events' table, which lasts for minutes.
func TestImportDoesNotWaitForAVacuum(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.observe(imported("s1", "acct_1", span(10, 12), working()))
	f.begin(`lock table stripe_events in share update exclusive mode`)
	if err := f.SettleImport(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// begin begins a transaction with a statement; it lasts until the test's end, or its own.
func (f fixture) begin(sql string) pgx.Tx {
	f.t.Helper()
	tx, err := f.pool.Begin(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(f.t.Context())) })
	if _, err := tx.Exec(f.t.Context(), sql); err != nil {
		f.t.Fatal(err)
	}
	return tx
}

// waitForLock waits until somebody waits for a lock of that kind in this database.
func (f fixture) waitForLock(event string) {
	f.t.Helper()
	for waits := 0; waits == 0; {
		err := f.pool.QueryRow(f.t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock' and wait_event = $1`, event).Scan(&waits)
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// TestEventThatComesAgainAfterItsAccountsImport: what was ignored, since nobody knew the account, is applied, once.
func TestEventThatComesAgainAfterItsAccountsImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	event := func() registry.Observation {
		return registry.Noted(registry.Event{ID: "evt_1", Type: "checkout.session.completed", Account: "acct_1", Created: at(5), Payload: `{}`}).
			Telling(registry.Notice{Type: "checkout.paid", ID: "cs_1", Data: json.RawMessage(`{}`)})
	}
	const told = `select format('%s %s %s %s', e.outcome, e.why, e.payload, (select count(*) from told)) from stripe_events e`
	for range 2 {
		f.want(registry.Disregard, "no such account here", event())
	}
	f.wantLines(told, "ignored no such account here  0")
	f.observe(imported("s1", "acct_1", span(10, 12), working()))
	for range 2 {
		f.want(registry.Applied, "", event())
	}
	f.wantLines(told, "applied  {} 1")
}
