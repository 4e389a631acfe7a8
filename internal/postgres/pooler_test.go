package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/pooltest"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// TestAPoolBehindAPoolerKeepsNoPreparedStatements: two pools over one session of the server's have the same statements, and
// each would find the other's, or none.
func TestAPoolBehindAPoolerKeepsNoPreparedStatements(t *testing.T) {
	t.Parallel()
	direct := postgrestest.URL(t)
	through := pooltest.New(t, direct, pooltest.Transaction, 1)
	first, second := openPool(t, through.URL()), openPool(t, through.URL())
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 10 {
				for _, pool := range []interface {
					QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
				}{first, second} {
					var n int
					if err := pool.QueryRow(t.Context(), "select count(*) from accounts where id = any($1)", []string{"acct_1"}).Scan(&n); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if n := query[int](t, through.URL()+"&default_query_exec_mode=exec", "select count(*) from pg_prepared_statements"); n != 0 {
		t.Errorf("%d statements stayed behind in the session", n)
	}
}

// TestStatementsArePreparedWhereNobodyStandsBetween, and where the URL says that they may be.
func TestStatementsArePreparedWhereNobodyStandsBetween(t *testing.T) {
	t.Parallel()
	direct := postgrestest.URL(t)
	session := pooltest.New(t, direct, pooltest.Session, 4).URL()
	for url, want := range map[string]int{direct: 1, session: 0, session + "&default_query_exec_mode=cache_statement": 1} {
		conn, err := openPool(t, url).Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var n int
		for range 2 {
			if err := conn.QueryRow(t.Context(), "select count(*) from pg_prepared_statements where name <> ''").Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
		conn.Release()
		if n != want {
			t.Errorf("%s: %d statements are prepared, want %d", url, n, want)
		}
	}
}

// TestMigratingThroughAPoolerThatSharesSessionsIsRefused: the lock would stay behind with a session that nobody has. Through one that
// does not it works, and so does the direct way beside a pooler.
func TestMigratingThroughAPoolerThatSharesSessionsIsRefused(t *testing.T) {
	t.Parallel()
	direct, logger := postgrestest.EmptyURL(t), slog.New(slog.DiscardHandler)
	shared := pooltest.New(t, direct, pooltest.Transaction, 4).URL()
	for what, err := range map[string]error{
		"up": postgres.MigrateUp(t.Context(), shared, logger), "down": postgres.MigrateDown(t.Context(), shared, logger),
	} {
		if !errors.Is(err, postgres.ErrShared) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if locks := query[int](t, direct, "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"); locks != 0 {
		t.Errorf("%d locks stayed behind", locks)
	}
	for _, sessions := range []int{2, 3} {
		if err := postgres.MigrateUp(t.Context(), pooltest.New(t, direct, pooltest.InTurn, sessions).URL(), logger); !errors.Is(err, postgres.ErrShared) {
			t.Errorf("by %d sessions in turn: %v", sessions, err)
		}
	}
	if err := postgres.MigrateUp(t.Context(), pooltest.New(t, direct, pooltest.Session, 8).URL(), logger); err != nil {
		t.Errorf("by sessions: %v", err)
	}
}
