package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// traffic makes events that each change one of so many accounts.
type traffic struct {
	accounts int
	sent     int
	second   int // of Stripe's clock, at which the next begin
}

// grants connect the accounts; the first event of each changes it.
func (tr *traffic) grants() []registry.Observation {
	var obs []registry.Observation
	for i := range tr.accounts {
		obs = append(obs, registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(-2000, -1999))))
	}
	return obs
}

func (tr *traffic) events(n int) []registry.Observation {
	obs := make([]registry.Observation, n)
	for i := range obs {
		round := tr.sent / tr.accounts
		facts := working()
		if round%2 == 1 {
			facts = chargesOff()
		}
		e := event(fmt.Sprintf("evt_%d", tr.sent), "account.updated", at(tr.second+round))
		e.Account = fmt.Sprintf("acct_%d", tr.sent%tr.accounts)
		obs[i] = registry.Reported(e, facts)
		tr.sent++
	}
	return obs
}

// grown are the tables that grow.
const grown = "accounts,sellers,connections,stripe_events,feed_entries,account_changes,account_checks"

// blocks is what Postgres counted on them.
type blocks struct {
	Heap     int64
	Index    int64
	SeqScans int64
}

// blocks makes the committer's connection tell what it has counted so far, and reads it.
func (f fixture) blocks() blocks {
	f.t.Helper()
	if _, err := f.Writer().Exec(f.t.Context(), `select pg_stat_force_next_flush()`); err != nil {
		f.t.Fatal(err)
	}
	rows, err := f.pool.Query(f.t.Context(), `select sum(heap_blks_read + heap_blks_hit)::bigint, sum(idx_blks_read + idx_blks_hit)::bigint,
			sum(seq_scan)::bigint
		from pg_statio_user_tables join pg_stat_user_tables using (relid)
		where pg_stat_user_tables.relname = any(string_to_array($1, ','))`, grown)
	if err != nil {
		f.t.Fatal(err)
	}
	b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[blocks])
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// grow adds other sellers with closed and open connections, past the committer.
func (f fixture) grow(phase int) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), `
		insert into connections (seller_id, account_id, connected_at, disconnected_at, disconnect_reason)
		select format('grown-%s-%s', $1::int, i), format('acct_grown_%s_%s', $1::int, i), $2::timestamptz,
			case when i % 2 = 0 then $2::timestamptz end, case when i % 2 = 0 then 'unlinked' end
		from generate_series(1, 1000) i`, phase, t0)
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.pool.Exec(f.t.Context(), `insert into sellers (id, created_at)
		select format('grown-%s-%s', $1::int, i), $2::timestamptz from generate_series(1, 1000) i`, phase, t0)
	if err != nil {
		f.t.Fatal(err)
	}
}

// reconnections end and begin the connections of the first accounts, each in turn.
func (f fixture) reconnections(phase, n int) {
	f.t.Helper()
	for i := range n {
		e := event(fmt.Sprintf("evt_end_%d_%d", phase, i), "account.application.deauthorized", at(1000*phase+500))
		e.Account = fmt.Sprintf("acct_%d", i)
		g := grant(fmt.Sprintf("s%d", i), e.Account, span(1000*phase+600, 1000*phase+601))
		for _, out := range f.observe(registry.Deauthorized(e), registry.Granted(g)) {
			if out.Result != registry.Applied {
				f.t.Fatalf("account %d in phase %d: %+v", i, phase, out)
			}
		}
	}
}

// TestAGroupReadsNoMoreAsTheTablesGrow: statements that were prepared on empty tables, when a scan was the cheapest plan,
// never scan: what a group reads stays the same over 20,000 events.
func TestAGroupReadsNoMoreAsTheTablesGrow(t *testing.T) {
	t.Parallel()
	const group, size, phases = 256, 2048, 10
	f := aloneFixture(t)
	f.withoutVacuum()
	tr := &traffic{accounts: 300}
	for i := range 8 { // Postgres keeps a plan from the sixth execution on
		f.observe(updated(fmt.Sprintf("evt_early_%d", i), at(-1900), working()))
		f.observe(tr.grants()[i])
	}
	f.reconnections(-1, 8)
	f.observe(tr.grants()...)
	var read []blocks
	for phase := range phases {
		before := f.blocks()
		tr.second = 1000 * phase
		for range size / group {
			f.observe(tr.events(group)...)
		}
		f.reconnections(phase, 32)
		read = append(read, f.blocks().since(before))
		f.grow(phase)
	}
	t.Logf("blocks read by each %d events: %v", size, read)
	early, late := read[1], read[phases-1]
	if late.Heap > early.Heap*5/4 || late.Index > early.Index*5/4 {
		t.Errorf("%d events read %+v at first, %+v at last", size, early, late)
	}
	for _, r := range read {
		if r.SeqScans > 0 || r.Heap == 0 {
			t.Errorf("a phase read %+v", r)
		}
	}
}

func (b blocks) since(before blocks) blocks {
	return blocks{b.Heap - before.Heap, b.Index - before.Index, b.SeqScans - before.SeqScans}
}

// aloneFixture is on a server of its own: a transaction that writes in any database of a server keeps Postgres from pruning
// old rows in all of them (a snapshot's xmin knows no databases), and the tests beside this one write.
func aloneFixture(t *testing.T) fixture {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), postgrestest.DurableURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return fixtureOn(t, pool)
}

// withoutVacuum: it would be counted too.
func (f fixture) withoutVacuum() {
	f.t.Helper()
	for _, table := range strings.Split(grown, ",") {
		if _, err := f.pool.Exec(f.t.Context(), `alter table `+table+` set (autovacuum_enabled = false)`); err != nil {
			f.t.Fatal(err)
		}
	}
}
