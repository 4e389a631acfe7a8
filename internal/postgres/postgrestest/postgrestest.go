// Package postgrestest gives each test a Postgres database of its own, on a real server that it starts itself.
//
// It is for tests alone and may import migrations and postgres. Its one rule: a test sees nothing of another test, in
// whatever package or process that runs. All test binaries of a user share one server, which lives for ten seconds after its
// last use; its durability is switched off (for a measurement that needs it there is DurableURL).
package postgrestest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/peterldowns/pgtestdb"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/migrations"
)

// Main runs a package's tests and exits. It is the whole of a TestMain:
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
// Without it a package's tests can't start the server, and say so.
func Main(m *testing.M) {
	postgres.Main()
	os.Exit(m.Run())
}

// Pool returns a pool of connections to a fresh database with all migrations applied. It is closed, and the database
// dropped, at the end of the test.
func Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	pool, err := postgres.Open(tb.Context(), URL(tb), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatalf("open a test's database: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

// URL returns the address of a fresh database with all migrations applied, dropped at the end of the test whoever is
// still connected. Its role owns it and may create databases, but is no superuser, as on a managed Postgres.
func URL(tb testing.TB) string {
	tb.Helper()
	return create(tb, schema{})
}

// EmptyURL is as URL, without any migration.
func EmptyURL(tb testing.TB) string {
	tb.Helper()
	return create(tb, pgtestdb.NoopMigrator{})
}

// DurableURL returns the address of a migrated database on a server of the test's own, with the settings and the
// durability of a user's embedded server. It takes two seconds.
func DurableURL(tb testing.TB) string {
	tb.Helper()
	server, err := postgres.StartServer(tb.Context(), postgres.ServerConfig{
		DataDir: filepath.Join(tb.TempDir(), "postgres"),
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatalf("start a test's server: %v", err)
	}
	tb.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			tb.Errorf("stop a test's server: %v", err)
		}
	})
	if err := postgres.MigrateUp(tb.Context(), server.URL(), slog.New(slog.DiscardHandler)); err != nil {
		tb.Fatalf("migrate a test's database: %v", err)
	}
	return server.URL()
}

// CloseAtEnd closes c at the end of the test, before the test's database goes.
func CloseAtEnd(tb testing.TB, c interface{ Close(context.Context) error }) {
	tb.Helper()
	tb.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			tb.Errorf("close %T: %v", c, err)
		}
	})
}

// shared is this process's use of the shared server. It ends with the process.
var shared = sync.OnceValues(func() (*postgres.Shared, error) {
	dir, err := sharedFolder()
	if err != nil {
		return nil, err
	}
	return postgres.ShareServer(context.Background(), dir, slog.New(slog.NewTextHandler(os.Stderr, nil)))
})

func create(tb testing.TB, migrator pgtestdb.Migrator) string {
	tb.Helper()
	server, err := shared()
	if err != nil {
		tb.Fatalf("start the tests' Postgres server: %v", err)
	}
	at, err := pgx.ParseConfig(server.URL())
	if err != nil {
		tb.Fatalf("read the tests' server's URL: %v", err)
	}
	return pgtestdb.Custom(quiet{tb}, pgtestdb.Config{
		DriverName: "pgx",
		Host:       at.Host,
		Port:       strconv.Itoa(int(at.Port)),
		User:       at.User,
		Password:   at.Password,
		Database:   at.Database,
		Options:    "sslmode=disable",
		TestRole: &pgtestdb.Role{
			Username: "connectd_test", Password: at.Password, Capabilities: "NOSUPERUSER CREATEDB NOCREATEROLE",
		},
		ForceTerminateConnections: true,
	}, migrator).URL()
}

// quiet drops pgtestdb's line about each database it made.
type quiet struct{ testing.TB }

func (quiet) Logf(string, ...any) {}

// schema makes pgtestdb's template, once for each set of migrations.
type schema struct{}

func (schema) Hash() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the migrations: %w", err)
	}
	queue, err := postgres.QueueVersion()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "job queue %d", queue)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (schema) Migrate(ctx context.Context, _ *sql.DB, template pgtestdb.Config) error {
	return postgres.MigrateUp(ctx, template.URL(), slog.New(slog.DiscardHandler))
}
