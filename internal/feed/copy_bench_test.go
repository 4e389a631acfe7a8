package feed_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// mostBytes is what a seller may take of a process's memory.
const mostBytes = 300

// BenchmarkFill says how long a copy takes to be filled, what it then takes of memory for each seller (more than 300 bytes fail),
// and how long the database takes meanwhile to answer of one.
func BenchmarkFill(b *testing.B) {
	for _, sellers := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("sellers=%d", sellers), func(b *testing.B) {
			tail, reg := populated(b, sellers)
			for b.Loop() {
				fillOnce(b, tail, reg, sellers)
			}
		})
	}
}

func fillOnce(b *testing.B, tail *feed.Feed, reg *registry.Registry, sellers int) {
	before, began := heap(), time.Now()
	c := feed.OpenCopy(tail)
	defer func() { _ = c.Close(context.Background()) }()
	var took []time.Duration
	for answers := false; !answers; _, answers = c.Position() {
		asked := time.Now()
		if _, _, err := reg.ReadinessOf(b.Context(), fmt.Sprintf("shop-%d", len(took)%sellers+1)); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(asked))
	}
	filled := time.Since(began)
	each := float64(heap()-before) / float64(sellers)
	if ready, _, s := c.Read(fmt.Sprintf("shop-%d", sellers), 0); s != feed.Answers || !ready.CanTransact {
		b.Errorf("the last seller: %+v", ready)
	}
	slices.Sort(took)
	b.ReportMetric(filled.Seconds(), "s-filled")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms-meanwhile")
	b.ReportMetric(each, "B/seller")
	if each > mostBytes {
		b.Errorf("%.0f bytes a seller, more than %d", each, mostBytes)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// populated has sellers as a platform has them: most of them able, and some who owe this or that.
func populated(b *testing.B, sellers int) (*feed.Feed, *registry.Registry) {
	b.Helper()
	pool, logger := postgrestest.Pool(b), slog.New(slog.DiscardHandler)
	if err := registry.SeedPolicy(b.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		b.Fatal(err)
	}
	_, err := pool.Exec(b.Context(), `insert into sellers (id, account_id, readiness, version, created_at)
		select 'shop-' || n, 'acct_1Nv0FGQ9RK' || lpad(n::text, 7, '0'), jsonb_build_object(
			'seller_id', 'shop-' || n, 'account_id', 'acct_1Nv0FGQ9RK' || lpad(n::text, 7, '0'), 'can_transact', n % 10 <> 1,
			'can_accept_payments', true, 'can_receive_payouts', n % 10 <> 1, 'status', case n % 10 when 1 then 'restricted' else 'enabled' end,
			'reasons', case n % 10 when 1 then jsonb_build_array(jsonb_build_object('code', 'payouts_disabled', 'who', 'seller',
				'message', 'Payouts are off.'), jsonb_build_object('code', 'requirement_due', 'who', 'seller', 'message',
				'Stripe needs something.', 'requirement', 'external_account')) else '[]' end,
			'requirements', jsonb_build_object('currently_due', case n % 10 when 1 then '["external_account"]'::jsonb else '[]' end,
				'past_due', '[]'::jsonb, 'eventually_due', '["individual.verification.document"]'::jsonb, 'pending_verification', '[]'::jsonb,
				'errors', '[]'::jsonb, 'disabled_reason', null, 'current_deadline', null),
			'display_name', 'Studio ' || n, 'country', (array['IE', 'GB', 'DE', 'FR'])[n % 4 + 1], 'currency', 'eur', 'allow_unlink', false,
			'at_risk_at', null, 'as_of', $2::timestamptz, 'checked_at', $2::timestamptz - n * interval '1 second'), n, $2
		from generate_series(1, $1::int) n`, sellers, t0)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `update feed set position = $1`, sellers); err != nil {
		b.Fatal(err)
	}
	if _, err := pool.Exec(b.Context(), `vacuum analyze sellers`); err != nil {
		b.Fatal(err)
	}
	reg, err := registry.New(b.Context(), pool, registry.Config{Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, reg)
	tail, err := feed.Open(b.Context(), feed.Config{Pool: pool, DirectURL: pool.Config().ConnString(), Registry: reg, Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, tail)
	return tail, reg
}
