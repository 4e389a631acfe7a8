package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/sethvargo/go-retry"

	"github.com/connectd/connectd/migrations"
)

// migrationLock is the advisory lock that whoever migrates a database holds in it: the first eight letters of connectd.
const migrationLock int64 = 0x636f6e6e65637464

// Migration is one step of the schema and whether a database has taken it.
type Migration struct {
	Version   int64
	Name      string    // the file it stands in; "job queue" for River's
	AppliedAt time.Time // zero while it is pending
}

// MigrateUp applies all pending migrations to the database at directURL, ours and then River's, one line in the log each.
//
// It may be called by many processes at once: one migrates, the others wait and find nothing to do. The lock belongs to
// a session, so directURL must not lead through a transaction pooler.
func MigrateUp(ctx context.Context, directURL string, logger *slog.Logger) error {
	return migrate(ctx, directURL, func(provider *goose.Provider) error {
		applied, err := provider.Up(ctx)
		logApplied(ctx, logger, applied)
		if err != nil {
			return fmt.Errorf("migrate the database up: %w", err)
		}
		return migrateRiver(ctx, directURL, logger)
	})
}

// MigrateDown takes back the migration of ours that was applied last, under the same lock as MigrateUp; River's tables
// stay. On a database without migrations it does nothing.
func MigrateDown(ctx context.Context, directURL string, logger *slog.Logger) error {
	return migrate(ctx, directURL, func(provider *goose.Provider) error {
		undone, err := provider.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("migrate the database down: %w", err)
		}
		logApplied(ctx, logger, []*goose.MigrationResult{undone})
		return nil
	})
}

// MigrateStatus lists all migrations in their order, applied or pending, and then the last one of River's.
func MigrateStatus(ctx context.Context, directURL string) ([]Migration, error) {
	var status []Migration
	err := migrate(ctx, directURL, func(provider *goose.Provider) error {
		found, err := provider.Status(ctx)
		if err != nil {
			return fmt.Errorf("read the migrations' status: %w", err)
		}
		for _, m := range found {
			status = append(status, Migration{Version: m.Source.Version, Name: m.Source.Path, AppliedAt: m.AppliedAt})
		}
		queue, err := queueStatus(ctx, directURL)
		status = append(status, queue)
		return err
	})
	return status, err
}

// migrate runs work under the migration lock. goose has a lock of its own, but creates its table before taking it, and
// what migrates after goose would stand outside it.
func migrate(ctx context.Context, directURL string, work func(*goose.Provider) error) error {
	config, err := poolConfig(directURL)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer db.Close() // ends the sessions that were given back: the lock goes with its own
	session, err := lockMigrations(ctx, db)
	if err != nil {
		return err
	}
	defer session.Close()

	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS,
		goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return work(provider)
}

// lockMigrations asks again and again instead of waiting inside Postgres: a session that waits for a lock holds a
// snapshot, and `create index concurrently` waits for all snapshots.
func lockMigrations(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	session, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	err = retry.Do(ctx, retry.NewConstant(50*time.Millisecond), func(ctx context.Context) error {
		return tryLock(ctx, session)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the migrations: %w", err), session.Close())
	}
	return session, nil
}

var errLocked = errors.New("another process migrates this database")

func tryLock(ctx context.Context, session *sql.Conn) error {
	var locked bool
	err := session.QueryRowContext(ctx, "select pg_try_advisory_lock($1)", migrationLock).Scan(&locked)
	if err != nil {
		return err
	}
	if !locked {
		return retry.RetryableError(errLocked)
	}
	return nil
}

func logApplied(ctx context.Context, logger *slog.Logger, results []*goose.MigrationResult) {
	for _, r := range results {
		logger.InfoContext(ctx, "migrated", "migration", r.Source.Path, "direction", r.Direction,
			"took", r.Duration.Round(time.Millisecond))
	}
}
