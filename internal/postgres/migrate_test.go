package postgres_test

import (
	"context"
	"log/slog"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/waittest"
)

func status(t *testing.T, url string) (applied, pending int) {
	t.Helper()
	migrations, err := postgres.MigrateStatus(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range migrations {
		if m.AppliedAt.IsZero() {
			pending++
		} else {
			applied++
		}
	}
	return applied, pending
}

func TestReplicasThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.EmptyURL(t)
	group, ctx := errgroup.WithContext(t.Context())

	for range 8 {
		group.Go(func() error { return postgres.MigrateUp(ctx, url, slog.New(slog.DiscardHandler)) })
	}

	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	applied, pending := status(t, url)
	if applied == 0 || pending != 0 {
		t.Errorf("%d applied and %d pending, want all applied", applied, pending)
	}
	if rows := query[int](t, url, "select count(*) from goose_db_version where version_id > 0"); rows != applied-1 {
		t.Errorf("%d migrations are recorded beside the job queue's, want %d", rows, applied-1)
	}
}

func TestEachMigrationCanBeTakenBackAndAppliedAgain(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	logger := slog.New(slog.DiscardHandler)
	all, _ := status(t, url)

	for left := all - 1; left >= 1; left-- { // the job queue's tables stay
		if err := postgres.MigrateDown(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
		if applied, _ := status(t, url); applied != left {
			t.Fatalf("%d migrations are applied, want %d", applied, left)
		}
	}
	tables := query[int](t, url, "select count(*) from pg_tables where schemaname = 'public' and tablename not in ('goose_db_version', 'schema_compatibility') and tablename not like 'river\\_%'")
	if tables != 0 {
		t.Errorf("%d tables are left", tables)
	}
	if err := postgres.MigrateDown(t.Context(), url, logger); err != nil {
		t.Errorf("down once more: %v", err)
	}
	if err := postgres.MigrateUp(t.Context(), url, logger); err != nil {
		t.Fatal(err)
	}
	if applied, pending := status(t, url); applied != all || pending != 0 {
		t.Errorf("%d applied and %d pending, want %d and none", applied, pending, all)
	}
}

func TestMigrationWaitsForTheLockNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	url := postgrestest.EmptyURL(t)
	pool, err := postgres.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	other, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	if _, err := other.Exec(t.Context(), "select pg_advisory_lock(x'636f6e6e65637464'::bigint)"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- postgres.MigrateUp(ctx, url, slog.New(slog.DiscardHandler)) }()
	waittest.Until(t, "trying for the lock", func() bool {
		return query[bool](t, url, "select exists (select from pg_stat_activity where query like '%pg_try_advisory_lock%' and pid <> pg_backend_pid() and datname = current_database())")
	})

	cancel()

	if err := <-done; err == nil {
		t.Error("migrated without the lock")
	}
	if query[bool](t, url, "select to_regclass('goose_db_version') is not null") {
		t.Error("something was migrated without the lock")
	}
}
