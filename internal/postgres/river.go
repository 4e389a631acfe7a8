package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrateRiver makes or updates the tables of the job queue. They don't migrate in one transaction (a new enum value has to
// be committed before it is used), so this is no migration among ours.
func migrateRiver(ctx context.Context, directURL string, logger *slog.Logger) error {
	pool, err := openOne(ctx, directURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("read the job queue's migrations: %w", err)
	}
	done, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	if n := len(done.Versions); n > 0 {
		logger.InfoContext(ctx, "migrated the job queue", "to", done.Versions[n-1].Version)
	}
	return nil
}

func openOne(ctx context.Context, directURL string) (*pgxpool.Pool, error) {
	config, err := poolConfig(directURL)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 1
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		return errors.Join(readTimesInUTC(ctx, conn), boundLocks(ctx, conn))
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database for the job queue's migrations: %w", err)
	}
	return pool, nil
}

// queueStatus is queueMigration of the database at directURL.
func queueStatus(ctx context.Context, directURL string) (Migration, error) {
	pool, err := openOne(ctx, directURL)
	if err != nil {
		return Migration{}, err
	}
	defer pool.Close()
	return queueMigration(ctx, pool)
}

// queueMigration is the last step of the job queue's tables that this program knows. A newer program's database has it too.
func queueMigration(ctx context.Context, pool *pgxpool.Pool) (Migration, error) {
	version, err := QueueVersion()
	if err != nil {
		return Migration{}, err
	}
	step := Migration{Version: int64(version), Name: "job queue"}
	err = pool.QueryRow(ctx, "select created_at from river_migration where line = 'main' and version = $1", version).Scan(&step.AppliedAt)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) && !IsUnmigrated(err) {
		return Migration{}, fmt.Errorf("ask the database for the job queue's version: %w", err)
	}
	return step, nil
}

// QueueVersion is the newest version of the job queue's tables that this program knows.
func QueueVersion() (int, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return 0, fmt.Errorf("read the job queue's migrations: %w", err)
	}
	all := migrator.AllVersions()
	return all[len(all)-1].Version, nil
}
