package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/postgres/proxytest"
)

// TestAStatementThatIsBoundedEndsWherePostgresIsStalled would hang where it does not.
func TestAStatementThatIsBoundedEndsWherePostgresIsStalled(t *testing.T) {
	t.Parallel()
	for name, tracer := range map[string]pgx.QueryTracer{"alone": nil, "traced": silent{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := proxytest.New(t, postgrestest.URL(t))
			pool, err := postgres.OpenTraced(t.Context(), proxy.URL(), tracer, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { proxy.Cut(); pool.Close() })
			ctx := postgres.Bounded(t.Context(), 300*time.Millisecond)
			if _, err := pool.Exec(postgres.Bounded(t.Context(), time.Minute), "select 1"); err != nil {
				t.Error("a statement that is answered in time:", err)
			}
			proxy.Stall()
			if _, err := pool.Exec(ctx, "select 1"); !postgres.IsUnavailable(err) {
				t.Error("a statement:", err)
			}
			if err := pgx.BeginFunc(ctx, pool, func(pgx.Tx) error { return nil }); !postgres.IsUnavailable(err) {
				t.Error("a transaction:", err)
			}
			var n int
			if err := pool.QueryRow(ctx, "select 1").Scan(&n); !postgres.IsUnavailable(err) {
				t.Error("a query:", err)
			}
		})
	}
}

// silent is a tracer that tells nobody.
type silent struct{}

func (silent) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (silent) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
