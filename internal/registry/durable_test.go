package registry_test

import (
	"testing"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// TestCommitsWaitForTheDisk: of what the committer sets for its transactions, nothing has Postgres answer before they are safe. The
// tests' server never waits; this database does, as any in production.
func TestCommitsWaitForTheDisk(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	fixture{t: t, pool: pool}.exec(`do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$`)
	f := fixtureOn(t, pool)
	f.exec(`create table committed_as (setting text)`)
	f.exec(`create function note_commit() returns trigger language plpgsql as
		$$ begin insert into committed_as values (current_setting('synchronous_commit')); return null; end $$`)
	f.exec(`create trigger note_commit after insert on stripe_events execute function note_commit()`)
	f.observe(registry.Granted(grant("s1", "acct_1", span(-1, 0))), updated("evt_1", at(5), working()))
	f.wantLines(`select distinct setting from committed_as`, "on")
}
