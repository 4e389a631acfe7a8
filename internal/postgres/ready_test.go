package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

func TestADatabaseIsReadyWhenMigrated(t *testing.T) {
	t.Parallel()
	url, logger := postgrestest.EmptyURL(t), slog.New(slog.DiscardHandler)
	pool, err := postgres.Open(t.Context(), url, logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	steps := []struct {
		name string
		take func(context.Context, string, *slog.Logger) error
		want error
	}{
		{"migrated", postgres.MigrateUp, nil},
		{"without the last migration", postgres.MigrateDown, postgres.ErrNotMigrated},
		{"migrated again", postgres.MigrateUp, nil},
	}
	if err := postgres.Ready(t.Context(), pool); !errors.Is(err, postgres.ErrNotMigrated) {
		t.Errorf("empty: %v", err)
	}
	for _, step := range steps {
		if err := step.take(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
		if err := postgres.Ready(t.Context(), pool); !errors.Is(err, step.want) {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	for _, newer := range []string{
		"insert into goose_db_version (version_id, is_applied) values (99999, true)",
		"insert into river_migration (line, version) values ('main', 99999)",
	} {
		if _, err := pool.Exec(t.Context(), newer); err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Ready(t.Context(), pool); err != nil {
		t.Errorf("a newer schema: %v", err)
	}
	for name, lacking := range map[string]string{
		"without one amid the others":    "delete from goose_db_version where version_id = 2",
		"with the job queue of before":   "delete from river_migration where version = (select max(version) from river_migration)",
		"without the job queue's tables": "drop table river_migration",
	} {
		url := postgrestest.URL(t)
		pool, err := postgres.Open(t.Context(), url, logger)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		if _, err := pool.Exec(t.Context(), lacking); err != nil {
			t.Fatal(err)
		}
		if err := postgres.Ready(t.Context(), pool); !errors.Is(err, postgres.ErrNotMigrated) {
			t.Errorf("%s: %v", name, err)
		}
		if _, pending := status(t, url); pending != 1 {
			t.Errorf("%s: %d are pending", name, pending)
		}
	}
}

// TestReadyEndsWithItsContext: also where every connection is taken.
func TestReadyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Release)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := postgres.Ready(ctx, pool); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
