package registry_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkBrowseEvents says how long a page of events takes among three million, a tenth of which failed: the median and the 99th
// percentile of each filter, each page the next one of a walk or, now and then, the first. The aim is under 50 ms at the 99th
// percentile. The floor is a page by the primary key, in the same run.
func BenchmarkBrowseEvents(b *testing.B) {
	m := newManyEvents(b, 3_000_000)
	b.Run("round-trip", func(b *testing.B) { m.times(b, m.roundTrip) })
	b.Run("floor", func(b *testing.B) {
		m.floor = m.times(b, func() { m.exec(`select * from stripe_events where id > $1 order by id limit 51`, "evt_000000770000") })
	})
	for _, view := range []struct {
		name   string
		filter registry.EventFilter
	}{
		{"all", registry.EventFilter{}},
		{"type", registry.EventFilter{Type: "account.updated"}},
		{"rare type", registry.EventFilter{Type: "payout.failed"}},
		{"no type", registry.EventFilter{Type: "nothing"}},
		{"rare outcome", registry.EventFilter{Outcome: registry.Stale}},
		{"failed", registry.EventFilter{Outcome: registry.Failed}},
		{"failed, rare type", registry.EventFilter{Outcome: registry.Failed, Type: "payout.failed"}},
		{"account", registry.EventFilter{Account: "acct_77"}},
		{"account, outcome", registry.EventFilter{Account: "acct_77", Outcome: registry.Stale}},
		{"failed, account", registry.EventFilter{Account: "acct_70", Outcome: registry.Failed}},
	} {
		b.Run(view.name, func(b *testing.B) {
			b.ReportMetric(m.times(b, m.pages(b, view.filter))/m.floor, "×floor")
		})
	}
	b.Run("newest", func(b *testing.B) {
		m.times(b, func() { _, _ = m.registry.NewestEvent(b.Context(), registry.EventFilter{}) })
	})
	b.Run("count of failed", func(b *testing.B) { m.times(b, func() { _, _ = m.registry.FailedEvents(b.Context(), 10_000) }) })
}

// pages goes from page to page.
func (m *manyAccounts) pages(b *testing.B, f registry.EventFilter) func() {
	q := registry.EventQuery{EventFilter: f}
	return func() {
		page, err := m.registry.BrowseEvents(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		if q.Cursor = page.NextCursor; m.rand.IntN(50) == 0 {
			q.Cursor = ""
		}
	}
}

func newManyEvents(b *testing.B, n int) *manyAccounts {
	b.Helper()
	pool, err := postgres.Open(b.Context(), postgrestest.DurableURL(b), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	m := &manyAccounts{b: b, pool: pool, n: n, now: t0, rand: rand.New(rand.NewPCG(1, 2))}
	if err := registry.SeedPolicy(b.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		b.Fatal(err)
	}
	if m.registry, err = registry.New(b.Context(), pool, registry.Config{}); err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, m.registry)
	m.exec(`insert into stripe_events (id, type, account, created, received_at, outcome, payload)
		select 'evt_' || lpad(i::text, 12, '0'), case when i % 100000 = 70 then 'payout.failed' else 'account.updated' end, 'acct_' || i % 20000,
			$1::timestamptz + (i - i % 7) * interval '2 second', $1::timestamptz + (i - i % 32) * interval '2 second',
			case when i % 10 = 0 then 'failed' when i % 50000 = 1 then 'stale' else 'applied' end, repeat('{"id": "evt"}', 80)
		from generate_series(1, $2::int) i`, t0, n)
	m.exec(`vacuum analyze stripe_events`)
	return m
}
