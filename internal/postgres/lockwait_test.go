package postgres_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
)

// TestAMigrationLetsOthersByWhileItWaits: somebody reads a table for long, and whoever comes behind the migration still reads it
// too. Once the first is done the migration is applied.
func TestAMigrationLetsOthersByWhileItWaits(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	pool := openPool(t, url)
	program, newest := later(t, 1)
	program.Files.(fstest.MapFS)[fmt.Sprintf("%05d_create_later.sql", newest)].Data = []byte(
		"-- oldest: 1\n-- +goose Up\nalter table accounts add column later text;\n-- +goose Down\nalter table accounts drop column later;\n")
	reader, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Rollback(t.Context()) }()
	if _, err := reader.Exec(t.Context(), "select count(*) from accounts"); err != nil {
		t.Fatal(err)
	}
	log, done := &testlog.Buffer{}, make(chan error, 1)
	go func() { done <- program.Up(t.Context(), url, slog.New(slog.NewTextHandler(log, nil))) }()
	waittest.Until(t, "a second try", func() bool { return strings.Count(log.String(), "lets others by") > 1 })

	var n int
	if err := pool.QueryRow(t.Context(), "select count(*) from accounts", pgx.QueryExecModeExec).Scan(&n); err != nil {
		t.Errorf("a reader behind the migration: %v", err)
	}
	if err := reader.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !query[bool](t, url, "select exists (select from information_schema.columns where table_name = 'accounts' and column_name = 'later')") {
		t.Error("it was not applied")
	}
}
