package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrateRiver makes or updates the tables of the job queue. They don't migrate in one transaction (a new enum value has to
// be committed before it is used), so this is no migration among ours.
func migrateRiver(ctx context.Context, directURL string, logger *slog.Logger) error {
	config, err := poolConfig(directURL)
	if err != nil {
		return err
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open the database to migrate the job queue: %w", err)
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

// QueueVersion is the newest version of the job queue's tables that this program knows.
func QueueVersion() (int, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return 0, fmt.Errorf("read the job queue's migrations: %w", err)
	}
	all := migrator.AllVersions()
	return all[len(all)-1].Version, nil
}
