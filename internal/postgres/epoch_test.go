package postgres_test

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

const readEpoch = "select epoch from feed"

// mostSafe is the greatest integer of JavaScript's, Number.MAX_SAFE_INTEGER.
const mostSafe = 1<<53 - 1

// TestADatabaseMadeAnewHasAnEpochOfItsOwn: no cursor of one fits another.
func TestADatabaseMadeAnewHasAnEpochOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{1: true}
	for range 3 {
		url := postgrestest.EmptyURL(t)
		if err := postgres.MigrateUp(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		epoch := query[int](t, url, readEpoch)
		if seen[epoch] || epoch < 1 || epoch > mostSafe {
			t.Errorf("epoch %d, and before it %v", epoch, seen)
		}
		seen[epoch] = true
	}
}

// TestAFeedThatHasBegunKeepsItsEpoch when the database is migrated: its followers go on.
func TestAFeedThatHasBegunKeepsItsEpoch(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"begun":    "update feed set epoch = 1, position = 7",
		"restored": "update feed set epoch = 1700000000",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := postgrestest.URL(t)
			downTo(t, url, 16)
			if epoch := query[int](t, url, readEpoch); epoch != 1 {
				t.Errorf("before: epoch %d", epoch)
			}
			execute(t, url, change)
			before := query[int](t, url, readEpoch)
			if err := postgres.MigrateUp(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if after := query[int](t, url, readEpoch); after != before {
				t.Errorf("epoch %d after %d", after, before)
			}
		})
	}
}

// TestMigratingKeepsTheChecksThatTheFeedHas: past moments of the last week are answered with their times.
func TestMigratingKeepsTheChecksThatTheFeedHas(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	downTo(t, url, 16)
	execute(t, url, `insert into feed_entries (position, kind, at, seller_id, source, version, as_of, checked_at)
		select i, case i when 1 then 'change' else 'check' end, 'epoch', 's1', 'scan', 1, 'epoch', 'epoch' from generate_series(1, 3) i`)
	if err := postgres.MigrateUp(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if kept := query[string](t, url, "select string_agg(seller_id || position, ' ' order by position) from account_checks"); kept != "s12 s13" {
		t.Errorf("kept %q", kept)
	}
}

// downTo takes back the migrations after a version.
func downTo(t *testing.T, url string, version int64) {
	t.Helper()
	for newest(t, url) > version {
		if err := postgres.MigrateDown(t.Context(), url, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
}

func newest(t *testing.T, url string) (version int64) {
	t.Helper()
	steps, err := postgres.MigrateStatus(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if step.Name != "job queue" && !step.AppliedAt.IsZero() {
			version = max(version, step.Version)
		}
	}
	return version
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
