package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"

	"github.com/connectd/connectd/migrations"
)

// ErrNotMigrated says that a database lacks migrations that this program needs; MigrateUp applies them.
var ErrNotMigrated = errors.New("the database lacks migrations")

// Ready says what keeps the pool's database from being used: ErrNotMigrated, or why it does not answer. A database of a
// newer program's schema is ready: its migrations keep to what this one reads. ctx bounds how long it may take.
func Ready(ctx context.Context, pool *pgxpool.Pool) error {
	lacking, err := lackingMigrations(ctx, pool)
	if isUndefinedTable(err) {
		return fmt.Errorf("%w: none was applied", ErrNotMigrated)
	}
	if err != nil {
		return fmt.Errorf("ask the database for its schema: %w", err)
	}
	if len(lacking) > 0 {
		return fmt.Errorf("%w: %v", ErrNotMigrated, lacking)
	}
	queue, err := queueMigration(ctx, pool)
	if err != nil {
		return err
	}
	if queue.AppliedAt.IsZero() {
		return fmt.Errorf("%w: %s %d", ErrNotMigrated, queue.Name, queue.Version)
	}
	return nil
}

func lackingMigrations(ctx context.Context, pool *pgxpool.Pool) ([]int64, error) {
	known, err := knownVersions()
	if err != nil {
		return nil, err
	}
	rows, _ := pool.Query(ctx, `select v from unnest($1::bigint[]) as v
		where not exists (select from goose_db_version g where g.version_id = v and g.is_applied) order by v`, known) // CollectRows has its error
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func isUndefinedTable(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == pgerrcode.UndefinedTable
}

// knownVersions are the numbers of the program's migrations.
func knownVersions() ([]int64, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("find the migrations: %w", err)
	}
	versions := make([]int64, len(names))
	for i, name := range names {
		if versions[i], err = goose.NumericComponent(name); err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
	}
	return versions, nil
}
