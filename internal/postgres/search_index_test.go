package postgres_test

import (
	"context"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/migrations"
)

// TestAccountsAreReadWhileTheTableIsBuilt, and admins stay signed in; who would change an account begins before or after it.
func TestAccountsAreReadWhileTheTableIsBuilt(t *testing.T) {
	t.Parallel()
	pool := schemaOf(t, 18)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	var writers errgroup.Group
	long := regexp.MustCompile(`create (index|extension)|insert into account_words|analyze`)
	for _, statement := range statementsOf(t, "00019_add_notes_counts_and_search.sql") {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
		if !long.MatchString(statement) {
			continue
		}
		for _, table := range []string{"accounts", "sellers", "audit", "sessions"} {
			if _, err := pool.Exec(t.Context(), "begin; set local lock_timeout = '1ms'; select count(*) from "+table+"; end"); err != nil {
				t.Errorf("%v after %s", err, statement)
			}
		}
		if strings.Contains(statement, "accounts_in_status_by_id") {
			writers.Go(func() error { return writeToAccounts(t.Context(), pool) })
			untilOneWaits(t, pool)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := writers.Wait(); err != nil {
		t.Error(err)
	}
}

// TestTheSearchGoesWithoutAnIndexThatMayNotBe: that alone is forgiven, so that a full disk, say, is heard of.
func TestTheSearchGoesWithoutAnIndexThatMayNotBe(t *testing.T) {
	t.Parallel()
	pool := schemaOf(t, 18)
	up := strings.Join(statementsOf(t, "00019_add_notes_counts_and_search.sql"), ";\n")
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "create table account_words_trgm ();"+up); err == nil {
		t.Error("an index that could not be made for another reason was forgiven")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	forbidden := `do $$ begin execute format('revoke create on database %I from %I, public', current_database(), current_user); end $$;`
	if _, err := pool.Exec(t.Context(), forbidden+up); err != nil {
		t.Fatal(err)
	}
	var indexed bool
	if err := pool.QueryRow(t.Context(), "select to_regclass('account_words_trgm') is not null").Scan(&indexed); err != nil || indexed {
		t.Errorf("there is an index (%v): the extension was made nevertheless", err)
	}
}

// schemaOf is a database as a version of the schema has it.
func schemaOf(t *testing.T, version int64) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), postgrestest.EmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return pool
}

// statementsOf are those of a migration up.
func statementsOf(t *testing.T, name string) []string {
	t.Helper()
	file, err := fs.ReadFile(migrations.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	up, _, _ := strings.Cut(string(file), "-- +goose Down")
	var statements []string
	for i, part := range regexp.MustCompile(`-- \+goose Statement(?:Begin|End)\n`).Split(up, -1) {
		if inOne := i%2 == 1; inOne {
			statements = append(statements, part)
			continue
		}
		statements = append(statements, strings.Split(part, ";\n")...)
	}
	return statements
}

// writeToAccounts locks accounts before it changes them, as the committer does.
func writeToAccounts(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "select id from accounts for no key update; update accounts set revision = revision + 1")
		return err
	})
}

func untilOneWaits(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		var waits bool
		err := pool.QueryRow(t.Context(), "select exists (select from pg_locks where not granted and relation = 'accounts'::regclass)").Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			return
		}
	}
	t.Fatal("nobody waits for accounts")
}
