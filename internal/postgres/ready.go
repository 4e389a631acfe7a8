package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/migrations"
)

// ErrNotMigrated says that a database lacks migrations that this program needs; MigrateUp applies them.
var ErrNotMigrated = errors.New("the database lacks migrations")

// Ready says what keeps the pool's database from being used: ErrNotMigrated, ErrTooOld, or why it does not answer. A database
// that a newer program has migrated is ready, unless that says that this one can't live with it. ctx bounds how long it may take.
func Ready(ctx context.Context, pool *pgxpool.Pool) error {
	steps, err := ownSteps()
	if err != nil {
		return err
	}
	return ready(ctx, pool, steps)
}

func ready(ctx context.Context, pool *pgxpool.Pool, steps []step) error {
	lacking, err := lackingMigrations(ctx, pool, steps)
	if IsUnmigrated(err) {
		return fmt.Errorf("%w: none was applied", ErrNotMigrated)
	}
	if err != nil {
		return fmt.Errorf("ask the database for its schema: %w", err)
	}
	if len(lacking) > 0 {
		return fmt.Errorf("%w: %v", ErrNotMigrated, lacking)
	}
	if err := compatible(ctx, pool, steps); err != nil {
		return err
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

func lackingMigrations(ctx context.Context, pool *pgxpool.Pool, steps []step) ([]int64, error) {
	known := make([]int64, len(steps))
	for i, s := range steps {
		known[i] = s.version
	}
	rows, _ := pool.Query(ctx, `select v from unnest($1::bigint[]) as v
		where not exists (select from goose_db_version g where g.version_id = v and g.is_applied) order by v`, known) // CollectRows has its error
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// ownSteps are this program's migrations, which don't change while it runs: they are read once.
var ownSteps = sync.OnceValues(func() ([]step, error) { return readSteps(migrations.FS) })
