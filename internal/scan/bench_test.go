package scan_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkMillionRows is what the scan's statements take with 1,000,000 connected accounts, of which all are due; then with
// 100,000 of them claimed, and their old index entries still in front. The aim for a claim is under 5 ms.
func BenchmarkMillionRows(b *testing.B) {
	m := newMillion(b, 1_000_000)
	m.claims("all due")
	m.statements()
	if err := m.claimMany(100_000); err != nil {
		b.Fatal(err)
	}
	m.claims("100,000 claimed in front")
	m.exec(`vacuum accounts`)
	m.claims("100,000 claimed in front, vacuumed")
}

// million is a database with very many accounts, on a server with a user's durability.
type million struct {
	*testing.B
	pool     *pgxpool.Pool
	q        *db.Queries
	registry *registry.Registry
	now      time.Time
}

func newMillion(b *testing.B, n int) *million {
	b.Helper()
	pool, err := postgres.Open(b.Context(), postgrestest.DurableURL(b), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	m := &million{B: b, pool: pool, q: db.New(pool), now: t0}
	if err := registry.SeedPolicy(b.Context(), m.q, account.DefaultPolicy(), t0); err != nil {
		b.Fatal(err)
	}
	if m.registry, err = registry.New(b.Context(), pool, registry.Config{Now: func() time.Time { return m.now }}); err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, m.registry)
	m.fill(n)
	return m
}

// fill makes connected accounts as the registry leaves them, each due at a moment of the last four weeks.
func (m *million) fill(n int) {
	m.Helper()
	m.exec(`insert into sellers (id, account_id, created_at) select 's' || i, 'acct_' || i, $1 from generate_series(1, $2::int) i`, t0, n)
	m.exec(`insert into connections (seller_id, account_id, connected_at)
		select 's' || i, 'acct_' || i, $1 from generate_series(1, $2::int) i`, t0, n)
	m.exec(`insert into accounts (id, seller_id, livemode, type, display_name, country, default_currency, charges_enabled, payouts_enabled,
			details_submitted, requirements, capabilities, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, as_of, as_of_from, checked_at, next_check_at, connected_at, granted_from, granted_at,
			revision, version)
		select 'acct_' || i, 's' || i, false, 'standard', 'Seller ' || i, 'IE', 'eur', true, true, true,
			'{"currently_due": [], "eventually_due": [], "past_due": [], "pending_verification": []}',
			'{"card_payments": "active", "transfers": "active"}', 'enabled', true, true, true, false, '[]', 1, 1, at, at, at,
			at + interval '28 days', at, at, at, 3, i
		from (select i, $1::timestamptz - interval '56 days' + (i * 7919::bigint % 2419200) * interval '1 second' as at
			from generate_series(1, $2::int) i) x`, t0, n)
	m.exec(`vacuum analyze`)
}

func (m *million) exec(sql string, args ...any) {
	m.Helper()
	if _, err := m.pool.Exec(m.Context(), sql, args...); err != nil {
		m.Fatal(err)
	}
}

const claimBatch = 40 // two seconds' calls at the default rate

// claims measures one batch's claim with its commit, and holds that the statement takes an index and no more than 5 ms.
func (m *million) claims(name string) {
	m.Run("claim/"+name, func(b *testing.B) {
		for b.Loop() {
			claims, err := m.registry.ClaimDue(b.Context(), m.now, 15*time.Second, claimBatch)
			if err != nil || len(claims) != claimBatch {
				b.Fatalf("%d claims, %v", len(claims), err)
			}
		}
		statement := m.statement()
		b.ReportMetric(statement, "ms/statement")
		if statement > 5 {
			b.Errorf("the statement took %.2f ms", statement)
		}
	})
}

// statement is the median of what Postgres takes to claim a batch, in milliseconds.
func (m *million) statement() float64 {
	m.Helper()
	times := make([]float64, 21)
	for i := range times {
		plan := m.plan(db.ClaimDueAccounts, m.now.Add(15*time.Second), m.now, claimBatch)
		if !strings.Contains(plan, "Index Scan using accounts_due") {
			m.Fatalf("the claim's plan:\n%s", plan)
		}
		_, took, _ := strings.Cut(plan, "Execution Time: ")
		if _, err := fmt.Sscanf(took, "%f ms", &times[i]); err != nil {
			m.Fatal(err)
		}
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// plan is how a statement was executed, which is then undone.
func (m *million) plan(sql string, args ...any) string {
	m.Helper()
	tx, err := m.pool.Begin(m.Context())
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = tx.Rollback(m.Context()) }()
	rows, err := tx.Query(m.Context(), "explain (analyze, buffers) "+sql, args...)
	if err != nil {
		m.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		m.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func (m *million) claimMany(n int) error {
	for range n / 1000 {
		if _, err := m.registry.ClaimDue(m.Context(), m.now, 15*time.Second, 1000); err != nil {
			return err
		}
	}
	return nil
}

// statements measures the rest.
func (m *million) statements() {
	ctx := m.Context()
	after := ""
	for _, s := range []struct {
		name string
		run  func() error
	}{
		{"count due", func() error { _, err := m.q.CountDue(ctx, m.now); return err }},
		{"any due", func() error { _, err := m.q.AnyDue(ctx, m.now); return err }},
		{"none due", func() error { _, err := m.q.AnyDue(ctx, m.now.Add(-60*day)); return err }},
		{"unchecked", func() error {
			_, err := m.q.Unchecked(ctx, db.UncheckedParams{At: m.now, Until: m.now.Add(15 * time.Second)})
			return err
		}},
		{"nothing unchecked", func() error {
			long := m.now.Add(-60 * day)
			_, err := m.q.Unchecked(ctx, db.UncheckedParams{At: long, Until: long.Add(15 * time.Second)})
			return err
		}},
		{"next claim end", func() error { _, _, err := m.registry.NextClaimEnd(ctx); return err }},
		{"recall", func() error { return m.registry.Recall(ctx, m.now, time.Hour) }},
		{"make 1,000 due", func() error {
			step, err := m.q.MakeDue(ctx, db.MakeDueParams{StartedAt: m.now.Add(-40 * day), After: after, N: 1000})
			after = step.Through
			return err
		}},
		{"release nothing", func() error { _, err := m.q.ReleaseHeldBack(ctx, 1000); return err }},
		{"troubles", func() error {
			_, err := m.q.Troubles(ctx, db.TroublesParams{OverdueBefore: m.now.Add(-40 * day), FailingBefore: m.now.Add(-3 * day)})
			return err
		}},
		{"troubles, all overdue", func() error {
			_, err := m.q.Troubles(ctx, db.TroublesParams{OverdueBefore: m.now.Add(-time.Hour), FailingBefore: m.now.Add(-3 * day)})
			return err
		}},
		{"count connected", func() error { _, err := m.q.CountConnected(ctx, m.now); return err }},
	} {
		m.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				if err := s.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
