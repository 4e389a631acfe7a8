package postgres_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/migrations"
)

// TestADatabaseFullOfDataSurvivesEachMigrationDownAndUp: whatever a version has room for is the same in each, and what was
// written at an earlier one is read by the last.
func TestADatabaseFullOfDataSurvivesEachMigrationDownAndUp(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.URL(t), slog.New(slog.DiscardHandler)
	pool := openPool(t, url)
	fill(t, pool)
	names := migrationNames(t)
	full := contents(t, pool)
	if empty := slices.Sorted(maps.Keys(emptyOf(full))); len(empty) > 0 {
		t.Errorf("nothing is in %v: what happens to it is not seen", empty)
	}
	up := func(i int) {
		t.Helper()
		if err := (postgres.Program{Files: through(t, names[:i+1])}).Up(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
	}
	down := func() {
		t.Helper()
		if err := postgres.MigrateDown(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
	}
	former := full
	for i := len(names) - 1; i > 0; i-- {
		down()
		now := contents(t, pool)
		holdSame(t, "down from "+names[i], former, now)
		up(i) // on all that this version can have
		holdSame(t, "up again to "+names[i], contents(t, pool), now)
		down()
		former = now
	}
	for i := range names {
		up(i)
		now := contents(t, pool)
		holdSame(t, "up to "+names[i], now, former)
		run(t, pool, writtenAt[versionOf(t, names[i])])
		former = contents(t, pool)
	}
	holdReadable(t, pool)
}

// through is the program's migrations up to one.
func through(t *testing.T, names []string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// column is one, by its table's name and its own.
type column struct{ table, name string }

// contents is a digest of each column's values, and how many rows there are.
func contents(t *testing.T, pool *pgxpool.Pool) map[column]string {
	t.Helper()
	found := map[column]string{}
	for table, names := range columnsIn(t, pool) {
		digests := make([]string, len(names))
		for i, name := range names {
			digests[i] = fmt.Sprintf("count(*) || ' rows ' || md5(coalesce(string_agg(coalesce(%[1]s::text, '<null>'), ',' order by %[1]s::text), ''))",
				pgx.Identifier{name}.Sanitize())
		}
		sql := fmt.Sprintf("select array[%s] from %s", strings.Join(digests, ", "), pgx.Identifier{table}.Sanitize())
		if err := pool.QueryRow(t.Context(), sql, pgx.QueryExecModeExec).Scan(&digests); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			found[column{table, name}] = digests[i]
		}
	}
	return found
}

func columnsIn(t *testing.T, pool *pgxpool.Pool) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	rows, _ := pool.Query(t.Context(), `select c.table_name::text, c.column_name::text from information_schema.columns c
		join pg_tables t on t.schemaname = c.table_schema and t.tablename = c.table_name
		where c.table_schema = 'public' and c.table_name not like 'river%' and c.table_name not in ('goose_db_version', 'schema_compatibility')`)
	var table, name string
	_, err := pgx.ForEachRow(rows, []any{&table, &name}, func() error {
		found[table] = append(found[table], name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func emptyOf(found map[column]string) map[string]bool {
	empty := map[string]bool{}
	for c, digest := range found {
		if strings.HasPrefix(digest, "0 rows") {
			empty[c.table] = true
		}
	}
	return empty
}

// holdSame compares the columns that both have; what is less must not have more.
func holdSame(t *testing.T, when string, more, less map[column]string) {
	t.Helper()
	for c, digest := range less {
		if was, ok := more[c]; !ok || was != digest {
			t.Errorf("%s: %s.%s is %q and %q", when, c.table, c.name, was, digest)
		}
	}
}

func run(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// fill has the registry write what it writes, and adds a row where others write.
func fill(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, r)
	if err := r.ClaimPlatform(t.Context(), registry.Platform{AccountID: "acct_platform"}); err != nil {
		t.Fatal(err)
	}
	at, yes := time.Now().Add(-time.Hour).Truncate(time.Second), true
	facts := account.Facts{Connected: true, DisplayName: "Blue Kiln", ChargesEnabled: &yes, PayoutsEnabled: &yes, DetailsSubmitted: &yes}
	for i := range 20 {
		id := fmt.Sprintf("acct_%d", i)
		event := registry.Event{ID: fmt.Sprintf("evt_%d", i), Type: "account.updated", Account: id, Created: at.Add(time.Minute)}
		for _, o := range []registry.Observation{
			registry.Granted(registry.Grant{SellerID: fmt.Sprintf("s%d", i), AccountID: id, Interval: account.At(at)}),
			registry.Retrieved(registry.Retrieval{AccountID: id, Source: registry.Recheck, Revision: 1, Interval: account.At(at.Add(time.Second))}, facts),
			registry.Reported(event, account.Facts{Connected: true, ChargesEnabled: &yes, DetailsSubmitted: &yes}),
			registry.Retrieved(registry.Retrieval{AccountID: id, Source: registry.Recheck, Revision: 3, Interval: account.At(at.Add(2 * time.Minute))}, account.Facts{Connected: true, ChargesEnabled: &yes, DetailsSubmitted: &yes}),
		} {
			if outs, err := r.Observe(t.Context(), []registry.Observation{o}); err != nil || outs[0].Result != registry.Applied {
				t.Fatal(outs, err)
			}
		}
	}
	if err := r.RecountStatuses(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(t, pool, writtenByOthers)
}

const writtenByOthers = `
insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at) values ('ol_1', 'a', 's1', true, now(), now());
insert into oauth_states (state_hash, seller_id, redirect_uri, created_at, expires_at) values ('a', 's1', 'https://shop.example', now(), now());
insert into oauth_codes (code_hash, seller_id, created_at, outcome) values ('a', 's1', now(), 'connected');
insert into api_keys (id, name, key_hash, scopes, created_at) values ('key_1', 'shop', 'a', '{readiness:read}', now());
insert into sessions (token, data, expiry) values ('a', 'a', now());
insert into audit (at, actor, action, account_id) values (now(), 'cli', 'recheck', 'acct_1');
insert into told (type, id, at) values ('checkout.paid', 'cs_1', now());
insert into scans (id, state, started_by, started_at) values ('scan_1', 'finished', 'schedule', now());
insert into scan_findings (scan_id, kind, account_id, seller_id, from_status, to_status) values ('scan_1', 'changed', 'acct_1', 's1', 'enabled', 'restricted');
insert into freed_accounts (scan_id, account_id) values ('scan_1', 'acct_1');
insert into brake_takes (at, accounts) values (now(), 1);
insert into stripe_reads (day, n) values ('2026-03-01', 7);
insert into checkout_fees (session_id, application_fee_amount, at) values ('cs_1', 100, now());
insert into sign_in_attempts (address, clear) values ('192.0.2.1', now());
insert into account_notes (account_id, seller_id, at, actor, note) values ('acct_1', 's1', now(), 'admin', 'called');
insert into event_endpoints (id, url, types, secret, created_at, after_position) values ('ep_1', 'https://shop.example', '{}', 'whsec_1', now(), 0);
insert into deliveries (id, endpoint_id, event_id, type, body, state, created_at) values ('dlv_1', 'ep_1', 'msg_1', 'seller.connected', '{}', 'delivered', now());
insert into reminders (seller_id, deadline, at) values ('s1', now(), now());
insert into listings (id, kind, started_at) values ('scan_1', 'sweep', now());
insert into unlisted_accounts (listing_id, account_id, revision) values ('scan_1', 'acct_1', 1);
insert into listing_refusals (listing_id, account_id, seller_id, why) values ('scan_1', 'acct_1', 's1', 'gone');
insert into catch_ups (why, since, opened_at) values ('down', now(), now());
insert into catch_up_accounts (catch_up_id, account_id) select id, 'acct_1' from catch_ups;
insert into mails (id, seller_id, cause, kind, created_at) values ('mail_1', 's1', 'due', 'due', now());
insert into mail_causes (seller_id, cause, kind, at) values ('s1', 'due', 'due', now());
insert into mail_unsubscribe_tokens (token_hash, mail_id) values ('a', 'mail_1');
insert into mail_optouts (seller_id, kind, at) values ('s1', 'due', now());
insert into seller_languages (seller_id, language) values ('s1', 'en');
insert into daily_turns (day, became_able, became_unable) values ('2026-03-01', 2, 1);
insert into daily_causes (day, kind, code, disabled_reason, requirement, source, sellers, newest) values ('2026-03-01', 'unable', 'rejected', '', '', 'webhook', 1, '{1}');
insert into seller_starts (seller_id, connected_at, code, disabled_reason, requirement) values ('s1', now(), 'not_checked', '', '');
`

// writtenAt is what a program of a version would have written, in that version's words.
var writtenAt = map[int64]string{
	2: `insert into sellers (id, email, account_id, readiness, version, created_at) values ('old', 'old@example.com', 'acct_old',
			'{"seller_id": "old", "account_id": "acct_old", "can_transact": false, "status": "restricted", "reasons": [{"code": "requirement_due", "deadline": "2026-12-01T00:00:00Z"}]}', 1000, now());
		insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink, reasons,
			policy_version, judge_version, connected_at, granted_from, granted_at, revision, version, next_check_at)
		values ('acct_old', 'old', false, 'restricted', false, false, false, true, '[]', 1, 1, now(), now(), now(), 1, 1000, now());
		insert into connections (seller_id, account_id, connected_at) values ('old', 'acct_old', now());`,
	3: `update feed set epoch = 5, position = 1001;
		insert into feed_entries (position, kind, at, seller_id, source, version) values (1000, 'change', now(), 'old', 'webhook', 1000), (1001, 'check', now(), 'old', 'scan', 1000);
		insert into account_changes (position, account_id, seller_id, at, source, policy_version, after) values (1000, 'acct_old', 'old', now(), 'webhook', 1, '{}');`,
	4:  `insert into stripe_events (id, type, created, received_at, outcome) values ('evt_old', 'account.updated', now(), now(), 'failed');`,
	5:  `insert into oauth_codes (code_hash, seller_id, created_at) values ('old', 'old', now());`,
	6:  `insert into sessions (token, data, expiry) values ('old', 'old', now());`,
	11: `insert into scans (id, state, started_by, started_at) values ('scan_old', 'finished', 'schedule', now());`,
	20: `insert into deliveries (id, endpoint_id, event_id, type, body, state, created_at) values ('dlv_old', 'ep_1', 'msg_1', 'seller.connected', '{}', 'pending', now());`,
}

// holdReadable: the registry lists the account that an earlier version wrote, and finds it by its seller's address.
func holdReadable(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	r, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, r)
	page, err := r.Accounts(t.Context(), registry.AccountQuery{Text: "old@example.com"})
	if err != nil || len(page.Accounts) != 1 || page.Accounts[0].ID != "acct_old" {
		t.Errorf("the account from version 2: %+v, %v", page.Accounts, err)
	}
	for what, sql := range map[string]string{
		"its check":    "select count(*) from account_checks where seller_id = 'old'",
		"its reminder": "select count(*) from reminders where seller_id = 'old'",
	} {
		var n int
		if err := pool.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
}
