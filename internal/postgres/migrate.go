package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
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
// A database that takes newer programs alone is refused (ErrTooOld); one that is ahead, and takes this one, is left as it is.
//
// It may be called by many processes at once: one migrates, the others wait and find nothing to do. The lock belongs to
// a session, so where directURL leads through a transaction pooler it is refused.
func MigrateUp(ctx context.Context, directURL string, logger *slog.Logger) error {
	return migrateUp(ctx, directURL, migrations.FS, logger)
}

func migrateUp(ctx context.Context, directURL string, files fs.FS, logger *slog.Logger) error {
	return migrate(ctx, directURL, files, logger, func(m *migrator) error {
		if err := m.announce(ctx); err != nil {
			return err
		}
		if err := m.all(ctx, m.provider.UpByOne); err != nil {
			_, failed := m.forgetUnapplied(context.WithoutCancel(ctx))
			return errors.Join(fmt.Errorf("migrate the database up: %w", err), failed)
		}
		return m.patiently(ctx, func() error { return migrateRiver(ctx, directURL, logger) })
	})
}

// MigrateDown takes back the migration of ours that was applied last, under the same lock as MigrateUp; River's tables
// stay. Where one was announced and never applied, it takes back that alone. On a database without migrations it does nothing.
func MigrateDown(ctx context.Context, directURL string, logger *slog.Logger) error {
	return migrateDown(ctx, directURL, migrations.FS, logger)
}

func migrateDown(ctx context.Context, directURL string, files fs.FS, logger *slog.Logger) error {
	return migrate(ctx, directURL, files, logger, func(m *migrator) error {
		if err := m.knowsAll(ctx); err != nil {
			return err
		}
		forgotten, err := m.forgetUnapplied(ctx)
		if err != nil {
			return err
		}
		if forgotten > 0 {
			logger.InfoContext(ctx, "migrations were announced and never applied: that is taken back, and nothing else", "migrations", forgotten)
			return nil
		}
		if err := m.one(ctx, m.provider.Down); err != nil && !errors.Is(err, goose.ErrNoNextVersion) {
			return fmt.Errorf("migrate the database down: %w", err)
		}
		_, err = m.forgetUnapplied(ctx)
		return err
	})
}

// MigrateStatus lists all migrations in their order, applied or pending, and then the last one of River's.
func MigrateStatus(ctx context.Context, directURL string) ([]Migration, error) {
	var status []Migration
	err := migrate(ctx, directURL, migrations.FS, slog.New(slog.DiscardHandler), func(m *migrator) error {
		found, err := m.provider.Status(ctx)
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

// migrator works on one database, under the migration lock.
type migrator struct {
	provider *goose.Provider
	db       *sql.DB
	steps    []step
	logger   *slog.Logger
}

// migrate runs work under the migration lock. goose has a lock of its own, but creates its table before taking it, and
// what migrates after goose would stand outside it.
func migrate(ctx context.Context, directURL string, files fs.FS, logger *slog.Logger, work func(*migrator) error) error {
	steps, err := readSteps(files)
	if err != nil {
		return err
	}
	if err := refuseShared(ctx, directURL); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	config, err := poolConfig(directURL)
	if err != nil {
		return err
	}
	// What one migration sets, the next does not inherit.
	db := stdlib.OpenDB(*config.ConnConfig, stdlib.OptionAfterConnect(boundLocks), stdlib.OptionResetSession(boundLocks))
	defer db.Close() // ends the sessions that were given back: the lock goes with its own
	session, err := lockMigrations(ctx, db)
	if err != nil {
		return err
	}
	defer session.Close()

	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	return work(&migrator{provider: provider, db: db, steps: steps, logger: logger})
}

// all takes one step after the other, until there is none.
func (m *migrator) all(ctx context.Context, take func(context.Context) (*goose.MigrationResult, error)) error {
	for {
		err := m.one(ctx, take)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (m *migrator) one(ctx context.Context, take func(context.Context) (*goose.MigrationResult, error)) error {
	return m.patiently(ctx, func() error {
		took, err := take(ctx)
		if err == nil {
			m.logger.InfoContext(ctx, "migrated", "migration", took.Source.Path, "direction", took.Direction,
				"took", took.Duration.Round(time.Millisecond))
		}
		return err
	})
}

// knowsAll refuses a database that is ahead: only who knows a migration can take it back.
func (m *migrator) knowsAll(ctx context.Context) error {
	at, err := m.at(ctx)
	if err != nil {
		return err
	}
	if own := last(m.steps); at > own {
		return fmt.Errorf("the database's last migration is %d, this connectd's is %d: take it back with the connectd that has applied it", at, own)
	}
	return nil
}

// at is the last migration that the database has taken.
func (m *migrator) at(ctx context.Context) (int64, error) {
	at, err := m.provider.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask the database for its schema: %w", err)
	}
	return at, nil
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
