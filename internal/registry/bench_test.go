package registry_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkObserve says how many events a second are stored by groups of a size, each event a change of one of 300
// accounts, on a server that keeps what it has committed. The floor is the same statements with one transaction an event.
func BenchmarkObserve(b *testing.B) {
	pool, err := pgxpool.New(b.Context(), postgrestest.DurableURL(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	requireDurability(b, pool)
	if err := registry.SeedPolicy(b.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		b.Fatal(err)
	}
	r, err := registry.New(b.Context(), pool, registry.Config{})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, r)
	tr := &traffic{accounts: 300}
	if _, err := r.Observe(b.Context(), tr.grants()); err != nil {
		b.Fatal(err)
	}
	var floor float64
	b.Run("floor", func(b *testing.B) { floor = benchmarkFloor(b, r, tr) })
	for _, size := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("group=%d", size), func(b *testing.B) { benchmarkGroups(b, r, tr, size, floor) })
	}
}

// requireDurability: what is measured without it says nothing of a user's server.
func requireDurability(b *testing.B, pool *pgxpool.Pool) {
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := pool.QueryRow(b.Context(), `select current_setting($1)`, setting).Scan(&value); err != nil {
			b.Fatal(err)
		}
		if value != "on" {
			b.Fatalf("%s is %s: this measures nothing", setting, value)
		}
	}
}

func benchmarkFloor(b *testing.B, r *registry.Registry, tr *traffic) (perSecond float64) {
	conn, err := r.Writer().Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Release()
	return measure(b, tr, 1, 0, func(obs []registry.Observation) ([]registry.Outcome, error) {
		return r.Commit(b.Context(), conn.Conn(), obs)
	})
}

func benchmarkGroups(b *testing.B, r *registry.Registry, tr *traffic, size int, floor float64) {
	before, events := walWritten(b, r), 0
	measure(b, tr, size, floor, func(obs []registry.Observation) ([]registry.Outcome, error) {
		events += len(obs)
		return r.Observe(b.Context(), obs)
	})
	b.ReportMetric((walWritten(b, r)-before)/float64(events), "WAL-B/event")
}

// walWritten is how many bytes the server has written ahead: what a change costs whatever else the machine does.
func walWritten(b *testing.B, r *registry.Registry) (bytes float64) {
	b.Helper()
	if err := r.Writer().QueryRow(b.Context(), `select pg_current_wal_insert_lsn() - '0/0'`).Scan(&bytes); err != nil {
		b.Fatal(err)
	}
	return bytes
}

// measure reports events a second, and how many times the floor that is.
func measure(
	b *testing.B, tr *traffic, size int, floor float64, commit func([]registry.Observation) ([]registry.Outcome, error),
) (perSecond float64) {
	b.ReportAllocs()
	var events int
	var took time.Duration
	for b.Loop() {
		obs := tr.events(size)
		start := time.Now()
		outs, err := commit(obs)
		took += time.Since(start)
		events += size
		if err != nil {
			b.Fatal(err)
		}
		for _, out := range outs {
			if out.Result != registry.Applied || out.Repeated {
				b.Fatalf("an event was %+v", out)
			}
		}
	}
	perSecond = float64(events) / took.Seconds()
	b.ReportMetric(perSecond, "events/s")
	if floor > 0 {
		b.ReportMetric(perSecond/floor, "×floor")
	}
	return perSecond
}
