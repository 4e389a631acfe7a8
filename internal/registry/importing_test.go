package registry_test

import (
	"testing"
	"time"

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

// TestEventBeforeItsAccountsImportIsMadeUpFor: it was ignored, and the list may have been read before it.
func TestEventBeforeItsAccountsImportIsMadeUpFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	since := time.Now()
	f.want(registry.Disregard, "no such account here", deauthorized("evt_1", 11))
	f.want(registry.Disregard, "no such account here", registry.Deauthorized(registry.Event{
		ID: "evt_2", Type: "account.application.deauthorized", Account: "acct_2", Created: at(5),
	}))
	f.observe(imported("s1", "acct_1", span(10, 12), working()), imported("s2", "acct_2", span(10, 12), working()))
	if err := f.SettleImport(t.Context(), since); err != nil {
		t.Fatal(err)
	}
	f.wantLines(`select id from accounts where next_check_at <= now()`, "acct_1")
}

// TestImportWaitsForEventsBeingWritten: they do not know of its accounts.
func TestImportWaitsForEventsBeingWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	since := time.Now()
	f.observe(imported("s1", "acct_1", span(10, 12), working()))
	tx, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), `insert into stripe_events (id, type, account, created, received_at, outcome, why)
		values ('evt_1', 'account.updated', 'acct_1', $1, now(), 'ignored', 'no such account here')`, at(11))
	if err != nil {
		t.Fatal(err)
	}
	settled := make(chan error)
	go func() { settled <- f.SettleImport(t.Context(), since) }()
	f.waitForLock()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Fatal(err)
	}
	f.wantLines(`select id from accounts where next_check_at <= now()`, "acct_1")
}

// waitForLock waits until somebody waits for the events' table.
func (f fixture) waitForLock() {
	f.t.Helper()
	for {
		var waits bool
		err := f.pool.QueryRow(f.t.Context(), `select exists (select from pg_locks where not granted
			and relation = 'stripe_events'::regclass and database = (select oid from pg_database where datname = current_database()))`).Scan(&waits)
		if err != nil {
			f.t.Fatal(err)
		}
		if waits {
			return
		}
	}
}
