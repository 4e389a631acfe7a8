package notify_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

const benchSellers = 300

// BenchmarkDeliver says how many events a second are delivered to an endpoint on this machine: from changes that are committed
// to deliveries that are recorded as done, each with its row, its job, its signature and its request, on a server that keeps what
// it has committed. Receiver and Postgres are on the same cores.
//
// The floor is a bare HTTP client that posts the same bodies to the same receiver, 32 at a time. Compare ratios: on a machine that
// does other work both are slow.
func BenchmarkDeliver(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as serve does
	pool, err := pgxpool.New(b.Context(), postgrestest.DurableURL(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	requireDurability(b, pool)
	var came atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		came.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	b.Cleanup(receiver.Close)
	s := newStageOn(b, pool)
	s.clock.real = true
	load := &load{stage: s, began: time.Now()}
	load.connect()
	s.endpoint(receiver.URL)
	s.work(notify.SenderConfig{})

	var floor float64
	b.Run("floor", func(b *testing.B) {
		body := load.body(b)
		floor = measured(b, func() { postAll(b, receiver.URL, body, b.N) })
	})
	b.Run("deliveries", func(b *testing.B) {
		load.change(b.N)
		before := came.Load()
		perSecond := measured(b, func() {
			s.follow()
			waittest.Until(b, "every delivery's record", func() bool {
				return s.count("select count(*) from deliveries where state = 'pending'") == 0
			})
		})
		if n := came.Load() - before; n != int64(b.N) {
			b.Fatalf("of %d events %d came", b.N, n)
		}
		if floor > 0 {
			b.ReportMetric(perSecond/floor, "×floor")
		}
	})
}

// measured reports what b.N took.
func measured(b *testing.B, do func()) (perSecond float64) {
	b.Helper()
	b.ResetTimer()
	began, cpu := time.Now(), cpuTime(b)
	do()
	took := time.Since(began)
	b.StopTimer()
	perSecond = float64(b.N) / took.Seconds()
	b.ReportMetric(perSecond, "events/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "go-cpu-µs/op")
	return perSecond
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// requireDurability: what is measured without it says nothing of a user's server.
func requireDurability(b *testing.B, pool *pgxpool.Pool) {
	b.Helper()
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

// postAll posts as many bodies as told, 32 at a time.
func postAll(b *testing.B, url string, body []byte, n int) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	var left atomic.Int64
	left.Store(int64(n))
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				res, err := client.Post(url, "application/json", bytes.NewReader(body)) //nolint:noctx // as bare as can be
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	running.Wait()
	client.CloseIdleConnections()
}

// load makes changes, of each seller in turn.
type load struct {
	*stage
	began time.Time
	made  int
}

func (l *load) connect() {
	l.t.Helper()
	var grants []registry.Observation
	for i := range benchSellers {
		grants = append(grants, registry.Granted(registry.Grant{
			SellerID: fmt.Sprintf("s%d", i), AccountID: fmt.Sprintf("acct_%d", i), Interval: account.At(l.began),
		}))
	}
	l.observeAll(grants)
}

func (l *load) change(n int) {
	l.t.Helper()
	for n > 0 {
		var many []registry.Observation
		for range min(n, benchSellers) {
			many = append(many, l.next())
		}
		l.observeAll(many)
		n -= len(many)
	}
}

func (l *load) next() registry.Observation {
	round := l.made / benchSellers
	e := registry.Event{
		ID: fmt.Sprintf("evt_%d", l.made), Type: "account.updated", Account: fmt.Sprintf("acct_%d", l.made%benchSellers),
		Created: l.began.Add(time.Duration(round+2) * time.Second),
	}
	l.made++
	if round%2 == 0 {
		return registry.Reported(e, working())
	}
	return registry.Reported(e, chargesOff())
}

func (l *load) observeAll(many []registry.Observation) {
	l.t.Helper()
	if _, err := l.registry.Observe(l.t.Context(), many); err != nil {
		l.t.Fatal(err)
	}
	l.observed()
}

// observed: changes from before the endpoint is made are followed, so that they cost the measurement nothing.
func (l *load) observed() {
	if l.made == 0 {
		l.follow()
	}
}

// body is one that is sent.
func (l *load) body(b *testing.B) []byte {
	b.Helper()
	l.change(1)
	l.follow()
	var body string
	waittest.Until(b, "a delivery", func() bool {
		return l.pool.QueryRow(b.Context(), "select body from deliveries where state = 'delivered' limit 1").Scan(&body) == nil
	})
	return []byte(body)
}
