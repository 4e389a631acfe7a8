package postgres_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/migrations"
)

// TestTheHistoryIsReadWhileItsIndexIsBuilt: no index is built in a transaction that has dropped the one before it.
func TestTheHistoryIsReadWhileItsIndexIsBuilt(t *testing.T) {
	t.Parallel()
	file, err := fs.ReadFile(migrations.FS, "00017_draw_epoch_and_keep_checks.sql")
	if err != nil {
		t.Fatal(err)
	}
	up, _, _ := strings.Cut(string(file), "-- +goose Down")
	pool := postgrestest.Pool(t)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	for statement := range strings.SplitSeq(up, ";\n") {
		if !strings.Contains(statement, "index account_changes_by_seller") {
			continue
		}
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%v: %s", err, statement)
		}
		if strings.Contains(statement, "create index") {
			if _, err := pool.Exec(t.Context(), "begin; set local lock_timeout = '1ms'; select count(*) from account_changes; end"); err != nil {
				t.Errorf("%v after %s", err, statement)
			}
		}
	}
}
