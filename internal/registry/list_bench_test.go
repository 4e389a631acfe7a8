package registry_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/bench/fill"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// BenchmarkList says how long the account table's queries take among 1,000,000 accounts, on a server with a user's settings:
// the median and the 99th percentile of each kind, its values drawn anew each time. With -v it prints the plan of the one that
// touched the most. The aim is under 50 ms at the 99th percentile. It measures reads alone. The floor is a page of fifty by the primary
// key, in the same run; round-trip is a statement that reads nothing.
func BenchmarkList(b *testing.B) {
	m := newManyAccounts(b, 1_000_000)
	b.Run("round-trip", func(b *testing.B) { m.times(b, m.roundTrip) })
	b.Run("floor", func(b *testing.B) { m.floor = m.times(b, m.pageByID) })
	for _, kind := range m.kinds() {
		b.Run(kind.name, func(b *testing.B) { m.measure(b, kind.draw) })
	}
	b.Run("counts", m.measureCounts)
	b.Run("export", m.measureExport)
}

const drawn = 100 // queries of each kind

// kindOfQuery draws one query of a kind.
type kindOfQuery struct {
	name string
	draw func() registry.AccountQuery
}

func (m *manyAccounts) kinds() []kindOfQuery {
	no, yes := false, true
	pick := func(of []string) string { return of[m.rand.IntN(len(of))] }
	day := func(from, to int) *time.Time {
		at := m.now.AddDate(0, 0, from+m.rand.IntN(to-from))
		return &at
	}
	statuses := []string{"disconnected", "rejected", "unsupported", "incomplete", "in_review", "restricted", "restricted_soon", "enabled"}
	sorts := []string{"id", "seller_id", "display_name", "status", "connected_at", "checked_at", "next_check_at", "at_risk_at"}
	either := func(sort string) string { return pick([]string{"", "-"}) + sort }
	return []kindOfQuery{
		{"all", func() registry.AccountQuery { return registry.AccountQuery{} }},
		{"sort", func() registry.AccountQuery { return registry.AccountQuery{Sort: either(pick(sorts))} }},
		{"status", func() registry.AccountQuery { return registry.AccountQuery{Status: pick(statuses)} }},
		{"status,sort", func() registry.AccountQuery {
			return registry.AccountQuery{Status: pick(statuses), Sort: either(pick(sorts))}
		}},
		{"able", func() registry.AccountQuery {
			return registry.AccountQuery{CanTransact: &yes, Sort: either(pick(sorts))}
		}},
		{"unable", func() registry.AccountQuery {
			return registry.AccountQuery{CanTransact: &no, Sort: either(pick(sorts))}
		}},
		{"status,unable", func() registry.AccountQuery { return registry.AccountQuery{Status: pick(statuses), CanTransact: &no} }},
		{"country,sort", func() registry.AccountQuery {
			return registry.AccountQuery{Country: m.country(), Sort: either(pick(sorts))}
		}},
		{"country,status", func() registry.AccountQuery {
			return registry.AccountQuery{Country: m.country(), Status: pick(statuses)}
		}},
		{"due", func() registry.AccountQuery {
			return registry.AccountQuery{DueBefore: day(-2, 28), Sort: "next_check_at"}
		}},
		{"due,status", func() registry.AccountQuery {
			return registry.AccountQuery{DueBefore: day(-2, 28), Status: pick(statuses)}
		}},
		{"checked", func() registry.AccountQuery {
			return registry.AccountQuery{CheckedBefore: day(-30, 1), Sort: "checked_at"}
		}},
		{"at risk", func() registry.AccountQuery {
			return registry.AccountQuery{AtRiskBefore: day(0, 90), Sort: "at_risk_at"}
		}},
		{"search seller", func() registry.AccountQuery {
			return registry.AccountQuery{Text: fmt.Sprintf("shop-%d", m.rand.IntN(m.n))}
		}},
		{"search account", func() registry.AccountQuery {
			return registry.AccountQuery{Text: fmt.Sprintf("acct_%08d", m.rand.IntN(m.n))}
		}},
		{"search e-mail", func() registry.AccountQuery {
			return registry.AccountQuery{Text: fmt.Sprintf("owner%d@example", m.rand.IntN(m.n))}
		}},
		{"search name", func() registry.AccountQuery {
			return registry.AccountQuery{Text: pick(fill.FirstWords) + " " + pick(fill.SecondWords)}
		}},
		{"search part of a name", func() registry.AccountQuery {
			return registry.AccountQuery{Text: pick(fill.SecondWords)[:4], Sort: either(pick(sorts))}
		}},
		{"search two letters", func() registry.AccountQuery { return registry.AccountQuery{Text: pick(fill.FirstWords)[:2]} }},
		{"search nothing", func() registry.AccountQuery {
			return registry.AccountQuery{Text: fmt.Sprintf("zzqx%d", m.rand.IntN(99))}
		}},
		{"search what very many have", func() registry.AccountQuery {
			return registry.AccountQuery{Text: pick([]string{"example", "market", "shop-", "acct_0"}), Sort: either(pick(sorts))}
		}},
		{"search while typing", func() registry.AccountQuery {
			id := fmt.Sprintf("%s%d", pick([]string{"shop-", "acct_0", "owner"}), 1+m.rand.IntN(m.n))
			return registry.AccountQuery{Text: id[:6+m.rand.IntN(len(id)-6)], Sort: pick([]string{"", "-connected_at", "seller_id"})}
		}},
		{"search,country,sort", func() registry.AccountQuery {
			return registry.AccountQuery{Text: pick(fill.SecondWords), Country: m.country(), Sort: either(pick(sorts))}
		}},
		{"search on", func() registry.AccountQuery { return m.searchOn(pick(fill.SecondWords), pick(sorts)) }},
		{"search,status", func() registry.AccountQuery {
			return registry.AccountQuery{Text: pick(fill.SecondWords), Status: pick(statuses)}
		}},
		{"far page", func() registry.AccountQuery { return m.farPage(pick(sorts)) }},
	}
}

// manyAccounts is a database with very many accounts.
type manyAccounts struct {
	b        *testing.B
	pool     *pgxpool.Pool
	registry *registry.Registry
	n        int
	now      time.Time
	rand     *rand.Rand
	floor    float64 // in ms, at the 99th percentile
}

func newManyAccounts(b *testing.B, n int) *manyAccounts {
	b.Helper()
	pool, err := postgres.Open(b.Context(), postgrestest.DurableURL(b), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	m := &manyAccounts{b: b, pool: pool, n: n, now: t0, rand: rand.New(rand.NewPCG(1, 2))}
	if err := fill.Accounts(b.Context(), pool, fill.Params{Accounts: n, Prefix: "acct_", Now: t0}); err != nil {
		b.Fatal(err)
	}
	if m.registry, err = registry.New(b.Context(), pool, registry.Config{Now: func() time.Time { return m.now }}); err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, m.registry)
	return m
}

// country is drawn as the accounts' are: each comes half as often as the one before it, the last ones alike.
func (m *manyAccounts) country() string {
	return fill.Countries[min(int(m.rand.ExpFloat64()*4), len(fill.Countries)-1)]
}

func (m *manyAccounts) exec(sql string, args ...any) {
	m.b.Helper()
	if _, err := m.pool.Exec(m.b.Context(), sql, args...); err != nil {
		m.b.Fatal(err)
	}
}

// measure reports the median and the 99th percentile of the time, and of the blocks that Postgres touches, and logs the plan of
// what touches the most. A query is timed three times, and the best counts: others may run on the machine.
func (m *manyAccounts) measure(b *testing.B, draw func() registry.AccountQuery) {
	var took, blocks []float64
	worst := explained{blocks: -1}
	for b.Loop() {
		took, blocks = took[:0], blocks[:0]
		for range drawn {
			q := draw()
			took = append(took, bestOfThree(func() { m.list(b, q) }))
			plan := m.explain(b, q)
			blocks = append(blocks, plan.blocks)
			if plan.blocks > worst.blocks {
				worst = plan
			}
		}
	}
	b.ReportMetric(reportPercentiles(b, took, "ms")/m.floor, "×floor")
	reportPercentiles(b, blocks, "blocks")
	if testing.Verbose() {
		b.Logf("%+v\n%s", worst.of, worst.plan)
	}
}

func (m *manyAccounts) list(b *testing.B, q registry.AccountQuery) {
	if _, err := m.registry.Accounts(b.Context(), q); err != nil {
		b.Fatal(err)
	}
}

// bestOfThree is in milliseconds.
func bestOfThree(do func()) float64 {
	best := time.Hour
	for range 3 {
		start := time.Now()
		do()
		best = min(best, time.Since(start))
	}
	return best.Seconds() * 1000
}

func reportPercentiles(b *testing.B, of []float64, unit string) (p99 float64) {
	slices.Sort(of)
	p99 = of[len(of)*99/100-1]
	b.ReportMetric(of[len(of)/2], "p50-"+unit)
	b.ReportMetric(p99, "p99-"+unit)
	b.ReportMetric(0, "ns/op") // of all that are drawn
	return p99
}

// explained is a query's plan, and how many blocks it touched.
type explained struct {
	of     registry.AccountQuery
	plan   string
	blocks float64
}

func (m *manyAccounts) explain(b *testing.B, q registry.AccountQuery) explained {
	sql, args, err := m.registry.ListSQL(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	rows, _ := m.pool.Query(b.Context(), "explain (analyze, buffers) "+sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	e := explained{of: q, plan: strings.Join(lines, "\n")}
	for _, part := range strings.Fields(lines[1])[2:] { // Buffers: shared hit=6 read=58
		var n float64
		if _, err := fmt.Sscanf(part, "hit=%f", &n); err == nil {
			e.blocks += n
		} else if _, err := fmt.Sscanf(part, "read=%f", &n); err == nil {
			e.blocks += n
		}
	}
	return e
}

// farPage is a page somewhere in a list: the one after a page that ended with an account.
func (m *manyAccounts) farPage(sort string) registry.AccountQuery {
	q := registry.AccountQuery{Sort: sort, Limit: 1, Text: fmt.Sprintf("shop-%d ", m.rand.IntN(m.n))}
	found, err := m.registry.Accounts(m.b.Context(), q)
	if err != nil || len(found.Accounts) != 1 {
		m.b.Fatalf("%d accounts, %v", len(found.Accounts), err)
	}
	return registry.AccountQuery{Sort: sort, Cursor: registry.CursorOf(sort, found.Accounts[0])}
}

func (m *manyAccounts) measureCounts(b *testing.B) {
	if err := m.registry.RecountStatuses(b.Context()); err != nil {
		b.Fatal(err)
	}
	m.times(b, func() {
		counts, err := m.registry.StatusCounts(b.Context())
		if err != nil || len(counts) != 8 {
			b.Fatalf("%v, %v", counts, err)
		}
	})
}

func (m *manyAccounts) times(b *testing.B, do func()) (p99 float64) {
	var took []float64
	for b.Loop() {
		for range drawn {
			took = append(took, bestOfThree(do))
		}
	}
	return reportPercentiles(b, took, "ms")
}

func (m *manyAccounts) roundTrip() { m.exec(`select 1`) }

func (m *manyAccounts) pageByID() {
	rows, _ := m.pool.Query(m.b.Context(), `select * from accounts where id > $1 order by id limit 51`, m.anID()) // CollectRows has its error
	if _, err := pgx.CollectRows(rows, pgx.RowToStructByName[db.Account]); err != nil {
		m.b.Fatal(err)
	}
}

func (m *manyAccounts) anID() string { return fmt.Sprintf("acct_%08d", m.rand.IntN(m.n)) }

// searchOn is a search that goes on from somewhere in its list.
func (m *manyAccounts) searchOn(text, sort string) registry.AccountQuery {
	q := m.farPage(sort)
	q.Text = text
	return q
}

// measureExport reads every account, and says how long the first page takes and how much the heap grows.
func (m *manyAccounts) measureExport(b *testing.B) {
	for b.Loop() {
		begin, first, n, before, peak := time.Now(), time.Duration(0), 0, heap(), uint64(0)
		err := m.registry.EachAccount(b.Context(), registry.AccountQuery{}, func(page []client.Account) error {
			if n == 0 {
				first = time.Since(begin)
			}
			if n += len(page); n%100_000 == 0 {
				peak = max(peak, heap())
			}
			return nil
		})
		if err != nil || n != m.n {
			b.Fatalf("%d accounts, %v", n, err)
		}
		b.ReportMetric(first.Seconds()*1000, "first-ms")
		b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "accounts/s")
		b.ReportMetric((float64(peak)-float64(before))/(1<<20), "MB")
		b.ReportMetric(0, "ns/op")
	}
}

// heap is what is in use of it.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
