package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/bench/fill"
	"github.com/connectd/connectd/internal/postgres"
)

// run measures one number of accounts. What it opens closes in reverse.
type run struct {
	cfg   Config
	n     int
	group string // what is being measured
	lines []Line

	url     string // the database's
	pool    *pgxpool.Pool
	stripe  *stripe
	serving *serving // nil where none is
	bare    *bare
	closers []func(context.Context) error
}

// open makes the database, the sandbox and the accounts.
func (r *run) open(ctx context.Context) error {
	if err := r.openDatabase(ctx); err != nil {
		return err
	}
	if err := r.openStripe(ctx); err != nil {
		return err
	}
	if err := r.openBare(ctx); err != nil {
		return err
	}
	if err := postgres.MigrateUp(ctx, r.url, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	r.cfg.Logger.InfoContext(ctx, "making accounts", "accounts", r.n)
	return fill.Accounts(ctx, r.pool, fill.Params{Accounts: r.n, Prefix: r.stripe.prefix, Now: time.Now()})
}

func (r *run) close(ctx context.Context) error {
	errs := []error{r.stopServing(ctx)}
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i](ctx))
	}
	return errors.Join(errs...)
}

func (r *run) openDatabase(ctx context.Context) (err error) {
	r.url = r.cfg.DatabaseURL
	if r.url == "" {
		if err := r.startPostgres(ctx); err != nil {
			return err
		}
	}
	if r.pool, err = postgres.Open(ctx, r.url, r.cfg.Logger); err != nil {
		return err
	}
	r.closers = append(r.closers, func(context.Context) error { r.pool.Close(); return nil })
	return errors.Join(requireEmpty(ctx, r.pool), requireDurability(ctx, r.pool))
}

// startPostgres starts one whose data goes with the run. The folder may be entered by others, as whom Postgres runs for root.
func (r *run) startPostgres(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "connectd-bench-")
	if err != nil {
		return fmt.Errorf("make a folder for Postgres: %w: set TMPDIR to one that can be written", err)
	}
	r.closers = append(r.closers, func(context.Context) error { return os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	server, err := postgres.StartServer(ctx, postgres.ServerConfig{DataDir: filepath.Join(dir, "postgres"), Logger: r.cfg.Logger})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, server.Stop)
	r.url = server.URL()
	return nil
}

// requireEmpty: accounts are made up here, and nobody's data is to be among them. What belongs to an extension is nobody's data.
func requireEmpty(ctx context.Context, pool *pgxpool.Pool) error {
	var found string
	err := pool.QueryRow(ctx, `select coalesce(min(format('%I.%I', n.nspname, c.relname)), '')
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_%'
			and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`).Scan(&found)
	switch {
	case err != nil:
		return fmt.Errorf("look whether the database is empty: %w", err)
	case found != "":
		return account.Errorf(account.Conflict,
			"the database that DATABASE_URL names is not empty (it has %s), and a benchmark makes up a platform in it: name an empty one, or none", found)
	}
	return nil
}

// requireDurability: what is measured without it says nothing of a server that keeps what it has committed.
func requireDurability(ctx context.Context, pool *pgxpool.Pool) error {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		value, err := text(ctx, pool, `select current_setting($1)`, setting)
		if err != nil {
			return err
		}
		if value == "off" {
			return account.Errorf(account.Conflict, "%s is off, so that this Postgres may lose what it has committed: switch it on, or name another", setting)
		}
	}
	return nil
}

func text(ctx context.Context, pool *pgxpool.Pool, sql string, args ...any) (value string, err error) {
	err = pool.QueryRow(ctx, sql, args...).Scan(&value)
	return value, err
}
