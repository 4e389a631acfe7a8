package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/migrations"
)

// later is a program with more migrations than this one has, each as oldest says.
func later(t *testing.T, oldest ...int64) (program postgres.Program, newest int64) {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range migrationNames(t) {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
		newest = versionOf(t, name)
	}
	for _, o := range oldest {
		newest++
		files[fmt.Sprintf("%05d_create_later.sql", newest)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"-- oldest: %d\n-- +goose Up\ncreate table later_%d ();\n-- +goose Down\ndrop table later_%[2]d;\n", o, newest)}
	}
	return postgres.Program{Files: files}, newest
}

func migrationNames(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func versionOf(t *testing.T, name string) (version int64) {
	t.Helper()
	if _, err := fmt.Sscanf(name, "%05d", &version); err != nil {
		t.Fatal(err)
	}
	return version
}

func openPool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// TestAProgramLivesWithWhatIsNewerUntilAMigrationSaysOtherwise, and from then on is refused with words, wherever it asks.
func TestAProgramLivesWithWhatIsNewerUntilAMigrationSaysOtherwise(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.EmptyURL(t), slog.New(slog.DiscardHandler)
	pool := openPool(t, url)
	own, at := later(t)
	expanded, _ := later(t, at)
	contracted, newest := later(t, at, at+1)
	up := func(p postgres.Program) {
		t.Helper()
		if err := p.Up(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
	}
	up(own)
	up(expanded)

	up(own) // it starts again, and leaves the database as it is
	if err := own.Ready(t.Context(), pool); err != nil {
		t.Errorf("beside a newer one that takes it: %v", err)
	}
	if !query[bool](t, url, fmt.Sprintf("select to_regclass('later_%d') is not null", at+1)) {
		t.Error("the older program took back what the newer one made")
	}

	up(contracted)
	for what, err := range map[string]error{
		"ready": own.Ready(t.Context(), pool), "up": own.Up(t.Context(), url, logger), "a command": postgres.Compatible(t.Context(), pool),
	} {
		if !errors.Is(err, postgres.ErrTooOld) || !strings.Contains(err.Error(), fmt.Sprintf("none from before %d", at+1)) ||
			!strings.Contains(err.Error(), "Start the newer connectd") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := expanded.Ready(t.Context(), pool); err != nil {
		t.Errorf("the oldest that is taken: %v", err)
	}
	if err := own.Down(t.Context(), url, logger); err == nil || !strings.Contains(err.Error(), "take it back with the connectd that has applied it") {
		t.Errorf("down by who does not know the last migration: %v", err)
	}

	if err := contracted.Down(t.Context(), url, logger); err != nil {
		t.Fatal(err)
	}
	if err := own.Ready(t.Context(), pool); err != nil {
		t.Errorf("once %d is taken back: %v", newest, err)
	}
	up(own)
}

// TestWhoIsTooOldHearsOfItBeforeAnythingChanges: a migration finds it written down. Where it fails, nobody is refused.
func TestWhoIsTooOldHearsOfItBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.URL(t), slog.New(slog.DiscardHandler)
	pool := openPool(t, url)
	own, at := later(t)
	next, _ := later(t, at+1)
	asks := func(does string) {
		next.Files.(fstest.MapFS)[fmt.Sprintf("%05d_create_later.sql", at+1)].Data = fmt.Appendf(nil, strings.Join([]string{
			"-- oldest: %d", "-- +goose Up",
			"insert into platform (account_id, livemode, claimed_at) select 'acct_' || oldest, false, 'epoch' from schema_compatibility where version = %[1]d;",
			does,
			"-- +goose Down", "delete from platform;",
		}, "\n"), at+1)
	}
	asks("select 1/0;")
	if err := next.Up(t.Context(), url, logger); err == nil {
		t.Fatal("it was applied")
	}
	if err := own.Ready(t.Context(), pool); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	asks("")
	if err := next.Up(t.Context(), url, logger); err != nil {
		t.Fatal(err)
	}
	if got, want := query[string](t, url, "select account_id from platform"), fmt.Sprintf("acct_%d", at+1); got != want {
		t.Errorf("the migration found %q, want %q", got, want)
	}
	if err := own.Ready(t.Context(), pool); !errors.Is(err, postgres.ErrTooOld) {
		t.Errorf("%v", err)
	}
}

// TestWhatWasAnnouncedAndNeverAppliedIsTakenBack: a migrator was killed before its migration, which locks older programs out of a
// database that they know. The next one that starts, or a way down by either, sets them free, and takes nothing that they need.
func TestWhatWasAnnouncedAndNeverAppliedIsTakenBack(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.URL(t), slog.New(slog.DiscardHandler)
	pool := openPool(t, url)
	own, at := later(t)
	next, newest := later(t, at+1)
	for what, frees := range map[string]func() error{
		"down by the newer":    func() error { return next.Down(t.Context(), url, logger) },
		"down by the older":    func() error { return own.Down(t.Context(), url, logger) },
		"a start of the older": func() error { return own.Up(t.Context(), url, logger) },
		"the newer's next try": func() error {
			return errors.Join(next.Up(t.Context(), url, logger), next.Down(t.Context(), url, logger))
		},
	} {
		run(t, pool, fmt.Sprintf("insert into schema_compatibility (version, oldest) values (%d, %[1]d)", newest)) // and the kill
		if err := own.Ready(t.Context(), pool); !errors.Is(err, postgres.ErrTooOld) {
			t.Errorf("before %s: %v", what, err)
		}
		if err := frees(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if err := own.Ready(t.Context(), pool); err != nil {
			t.Errorf("the older after %s: %v", what, err)
		}
	}
}

// TestAWayDownRefusesNobody: what a newer program has not applied concerns nobody, while it takes back what it has.
func TestAWayDownRefusesNobody(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.URL(t), slog.New(slog.DiscardHandler)
	pool := openPool(t, url)
	own, at := later(t)
	next, _ := later(t, at+1)
	writer, err := pool.Begin(t.Context()) // has the newest migration's way down wait for its lock
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := writer.Exec(t.Context(), "lock table freed_accounts in row exclusive mode"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- next.Down(t.Context(), url, logger) }()
	waittest.Until(t, "the way down waits", func() bool {
		return query[bool](t, url, "select exists (select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database())")
	})
	if err := own.Ready(t.Context(), pool); err != nil {
		t.Errorf("meanwhile: %v", err)
	}
	if err := errors.Join(writer.Rollback(t.Context()), <-ended); err != nil {
		t.Error(err)
	}
}

// TestADatabaseFromBeforeTheTableIsTaken: nobody who knows of it has migrated yet.
func TestADatabaseFromBeforeTheTableIsTaken(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	pool := openPool(t, url)
	if _, err := pool.Exec(t.Context(), "drop table schema_compatibility"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Ready(t.Context(), pool); err != nil {
		t.Error(err)
	}
	if err := postgres.MigrateUp(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	names := migrationNames(t)
	if rows := query[int](t, url, "select count(*) from schema_compatibility"); rows != len(names) {
		t.Errorf("%d migrations say who lives with them, want %d", rows, len(names))
	}
}

func TestAMigrationThatDoesNotSayWhoLivesWithItIsRefused(t *testing.T) {
	t.Parallel()
	for says, line := range map[string]string{
		"it has to say":              "",
		"no program older than 10":   "-- oldest: 10\n",
		"in one line as \"-- oldest": "-- oldest: 1\n-- oldest: 2\n",
	} {
		program := postgres.Program{Files: fstest.MapFS{
			"00009_create_later.sql": &fstest.MapFile{Data: []byte(line + "-- +goose Up\n-- +goose Down\n")},
		}}
		if err := program.Up(t.Context(), "", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
