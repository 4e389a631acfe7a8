package postgrestest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func query[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	first, second := postgrestest.Pool(t), postgrestest.Pool(t)

	if _, err := first.Exec(t.Context(), "create table mine (id int)"); err != nil {
		t.Fatal(err)
	}

	if query[bool](t, second, "select to_regclass('mine') is not null") {
		t.Error("a table made in one test's database is in another's")
	}
}

func TestDatabaseIsMigratedOrEmpty(t *testing.T) {
	t.Parallel()
	migrated, empty := postgrestest.Pool(t), open(t, postgrestest.EmptyURL(t))
	const tables = "select count(*) from pg_tables where schemaname = 'public'"

	if query[int](t, migrated, tables) == 0 {
		t.Error("a migrated database has no tables")
	}
	if got := query[int](t, empty, tables); got != 0 {
		t.Errorf("an empty database has %d tables", got)
	}
}

func TestDatabaseIsDroppedWhoeverIsConnected(t *testing.T) {
	t.Parallel()
	watcher := postgrestest.Pool(t)
	var name string

	t.Run("a test", func(t *testing.T) { //nolint:paralleltest // what follows waits for its end
		pool := postgrestest.Pool(t)
		name = query[string](t, pool, "select current_database()")
		leaked, err := pgx.Connect(t.Context(), pool.Config().ConnString())
		if err != nil {
			t.Fatal(err)
		}
		_ = leaked // left open, as by a process that was killed
	})

	if query[bool](t, watcher, "select exists (select from pg_database where datname = $1)", name) {
		t.Errorf("the database %s is still there", name)
	}
}

func TestRoleIsAsOnAManagedServer(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	const role = "select rolcreatedb and not rolsuper from pg_roles where rolname = current_user"

	if !query[bool](t, pool, role) {
		t.Error("the role is a superuser, or may not create databases")
	}
}

func TestDurabilityIsThereForMeasurements(t *testing.T) {
	t.Parallel()
	pool := open(t, postgrestest.DurableURL(t))

	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := query[string](t, pool, "select current_setting($1)", setting); got != "on" {
			t.Errorf("%s is %s, want on", setting, got)
		}
	}
}
