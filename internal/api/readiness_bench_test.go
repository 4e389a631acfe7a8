package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/upload"
)

const (
	readBy       = 32   // connections
	readByMany   = 1000 // at once
	leastRatio   = 0.7  // of a bare handler
	measureFor   = 200 * time.Millisecond
	measureTimes = 25
	sellersRead  = 500
)

// BenchmarkReadiness says how many readiness requests a second are answered over HTTP, from memory, through the whole guard,
// beside a bare handler that writes the same bytes. Both are measured in turn, several times, by the same load, whose own work
// is a part of both. Where ours is not 0.7 of the bare one's the benchmark fails; where other work disturbs the clock, the ratio
// of the CPU time that a request takes decides.
//
// Then latencies, which count from when a request was due: at half of that rate, over 32 connections and over 1,000; and of
// 1,000 requests that are due at once; with the bare handler's beside them. Compare ratios: on a machine that does other work
// all of it is slow.
func BenchmarkReadiness(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as serve does
	s := newReadServer(b)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.body)
	}))
	defer bare.Close()
	var rate float64
	b.Run("ratio", func(b *testing.B) {
		for b.Loop() {
			rate = s.compare(b, bare.Listener.Addr().String())
		}
	})
	b.Run("database", func(b *testing.B) {
		for b.Loop() {
			load := s.dial(b, s.addr, readBy, "Cache-Control: no-cache\r\n")
			perSecond, _ := load.rate(b)
			b.ReportMetric(perSecond, "req/s")
		}
	})
	b.Run("many", s.askMany)
	for name, addr := range map[string]string{"readiness": s.addr, "bare": bare.Listener.Addr().String()} {
		for _, connections := range []int{readBy, readByMany} {
			b.Run(fmt.Sprintf("half-load/%s/connections=%d", name, connections), func(b *testing.B) {
				for b.Loop() {
					s.dial(b, addr, connections, "").latencies(b, int(rate), every(2/max(rate, 1000)))
				}
			})
		}
		b.Run("at-once/"+name, func(b *testing.B) {
			for b.Loop() {
				s.dial(b, addr, readByMany, "").latencies(b, readByMany, func(began time.Time, _ int) time.Time { return began })
			}
		})
	}
}

// askMany asks for a thousand sellers in one request.
func (s *readServer) askMany(b *testing.B) {
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = `"` + sellerToRead(i) + `"`
	}
	body := `{"seller_ids":[` + strings.Join(ids, ",") + `]}`
	var took []time.Duration
	for range 300 {
		began := time.Now()
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+s.addr+"/v1/readiness", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || n < 1000*int64(len(s.body)/2) {
			b.Fatalf("%d, %d bytes, %v", res.StatusCode, n, err)
		}
		took = append(took, time.Since(began))
	}
	reportLatencies(b, took)
}

// compare measures both in turn and reports the medians' ratio; it returns ours a second.
func (s *readServer) compare(b *testing.B, bareAddr string) float64 {
	ours, bare := s.dial(b, s.addr, readBy, ""), s.dial(b, bareAddr, readBy, "")
	var rates, bareRates, ratios, cpuRatios []float64
	for range measureTimes {
		bareRate, bareCPU := bare.rate(b)
		rate, cpu := ours.rate(b)
		rates, bareRates = append(rates, rate), append(bareRates, bareRate)
		ratios, cpuRatios = append(ratios, rate/bareRate), append(cpuRatios, float64(bareCPU)/float64(cpu))
	}
	b.ReportMetric(median(rates), "req/s")
	b.ReportMetric(median(bareRates), "bare-req/s")
	b.ReportMetric(median(ratios), "×bare")
	b.ReportMetric(median(cpuRatios), "×bare-by-cpu")
	b.Logf("×bare %.2f, by CPU time %.2f", median(ratios), median(cpuRatios))
	if got := max(median(ratios), median(cpuRatios)); got < leastRatio {
		b.Errorf("%.2f of a bare handler's rate, less than %.2f", got, leastRatio)
	}
	return median(rates)
}

func median(of []float64) float64 { return slices.Sorted(slices.Values(of))[len(of)/2] }

// readServer is what serves readiness, with sellers to ask for.
type readServer struct {
	addr string
	key  string
	body []byte // of one of the sellers, as good as any other's
}

func newReadServer(b *testing.B) *readServer {
	b.Helper()
	pool, logger := postgrestest.Pool(b), slog.New(slog.DiscardHandler)
	queries := db.New(pool)
	if err := registry.SeedPolicy(b.Context(), queries, account.DefaultPolicy(), time.Now()); err != nil {
		b.Fatal(err)
	}
	reg, err := registry.New(b.Context(), pool, registry.Config{Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, reg)
	connectMany(b, reg)
	tail, err := feed.Open(b.Context(), feed.Config{Pool: pool, DirectURL: pool.Config().ConnString(), Registry: reg, Logger: logger})
	if err != nil {
		b.Fatal(err)
	}
	postgrestest.CloseAtEnd(b, tail)
	held := feed.OpenCopy(tail)
	postgrestest.CloseAtEnd(b, held)
	keys := access.NewKeys(queries, time.Now, logger)
	made, err := keys.Create(b.Context(), access.KeyParams{Name: "load", Scopes: []access.Scope{access.ReadinessRead}})
	if err != nil {
		b.Fatal(err)
	}
	router := mux.NewRouter().SkipClean(true)
	answers := api.Register(router, api.Config{Registry: reg, Keys: keys, Feed: tail, Copy: held, Logger: logger})
	server := httptest.NewServer(upload.Bounded(upload.Within, answers.Front(router)))
	b.Cleanup(server.Close)
	s := &readServer{addr: server.Listener.Addr().String(), key: made.Secret}
	s.body = s.awaitCopy(b, server.URL)
	return s
}

// connectMany connects sellers whose accounts work.
func connectMany(b *testing.B, reg *registry.Registry) {
	b.Helper()
	on, at := true, time.Now().Add(-time.Hour)
	name, country, currency := "Blue Kiln", "IE", "eur"
	facts := account.Facts{
		Connected: true, DisplayName: name, Country: country, DefaultCurrency: currency,
		ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on,
	}
	var grants, reports []registry.Observation
	for i := range sellersRead {
		id := fmt.Sprintf("acct_1Nv0FGQ9RKHgCV%04d", i)
		grants = append(grants, registry.Granted(registry.Grant{SellerID: sellerToRead(i), AccountID: id, Interval: account.At(at)}))
		reports = append(reports, registry.Retrieved(registry.Retrieval{
			AccountID: id, Source: registry.OAuth, Revision: 1, Interval: account.At(at.Add(time.Second)),
		}, facts))
	}
	for _, obs := range [][]registry.Observation{grants, reports} {
		if _, err := reg.Observe(b.Context(), obs); err != nil {
			b.Fatal(err)
		}
	}
}

func sellerToRead(i int) string { return fmt.Sprintf("shop-%d", i%sellersRead) }

// awaitCopy returns what is answered, once that comes from memory.
func (s *readServer) awaitCopy(b *testing.B, url string) []byte {
	b.Helper()
	for {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/v1/sellers/"+sellerToRead(1)+"/readiness", nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"can_transact":true`) {
			b.Fatalf("%d %s, %v", res.StatusCode, body, err)
		}
		if res.Header.Get("Cache-Status") == "connectd; hit" {
			return body
		}
	}
}

// readers are connections that ask one request after the other. They do as little as they can: their work is measured too.
type readers []*reader

type reader struct {
	conn     net.Conn
	in       *bufio.Reader
	requests [][]byte
	at       int
}

func (s *readServer) dial(b *testing.B, addr string, n int, header string) readers {
	b.Helper()
	var requests [][]byte
	for i := range sellersRead {
		requests = append(requests, fmt.Appendf(nil, "GET /v1/sellers/%s/readiness HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n%s\r\n",
			sellerToRead(i), addr, s.key, header))
	}
	all := make(readers, n)
	for i := range all {
		conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		all[i] = &reader{conn: conn, in: bufio.NewReader(conn), requests: requests, at: i}
		if err := all[i].ask(); err != nil {
			b.Fatal(err)
		}
	}
	return all
}

func (r *reader) ask() error {
	r.at++
	if _, err := r.conn.Write(r.requests[r.at%len(r.requests)]); err != nil {
		return err
	}
	return r.answered()
}

func (r *reader) answered() error {
	length, status := 0, ""
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch {
		case status == "":
			status = string(line)
		case len(line) == 2:
			if !strings.HasPrefix(status, "HTTP/1.1 200") {
				return fmt.Errorf("answered %q", status)
			}
			_, err := r.in.Discard(length)
			return err
		case len(line) > 16 && string(line[:16]) == "Content-Length: ":
			for _, digit := range line[16 : len(line)-2] {
				length = 10*length + int(digit-'0')
			}
		}
	}
}

// rate is how many are answered a second where each asks as soon as it can, and what CPU time each takes, of both sides.
func (all readers) rate(b *testing.B) (perSecond float64, cpu time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), measureFor)
	defer cancel()
	counts, began, used := make([]int, len(all)), time.Now(), cpuTime(b)
	var running sync.WaitGroup
	for i, r := range all {
		running.Go(func() {
			for ctx.Err() == nil {
				if err := r.ask(); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	running.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / time.Since(began).Seconds(), (cpuTime(b) - used) / time.Duration(total)
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// pace says when the i-th request is due.
type pace func(began time.Time, i int) time.Time

func every(seconds float64) pace {
	return func(began time.Time, i int) time.Time {
		return began.Add(time.Duration(float64(i) * seconds * float64(time.Second)))
	}
}

// latencies asks n requests, the i-th on connection i modulo their number, and reports how long after they were due they were
// answered.
func (all readers) latencies(b *testing.B, n int, due pace) {
	b.Helper()
	took, began := make([]time.Duration, n), time.Now().Add(10*time.Millisecond)
	var running sync.WaitGroup
	for first, r := range all {
		running.Go(func() {
			timer := time.NewTimer(0)
			defer timer.Stop()
			<-timer.C
			for i := first; i < n; i += len(all) {
				at := due(began, i)
				if wait := time.Until(at); wait > 0 {
					timer.Reset(wait)
					<-timer.C
				}
				if err := r.ask(); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(at)
			}
		})
	}
	running.Wait()
	reportLatencies(b, took)
}

func reportLatencies(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	n := len(took)
	for name, at := range map[string]int{"p50-ms": n / 2, "p99-ms": n * 99 / 100, "max-ms": n - 1} {
		b.ReportMetric(float64(took[at].Microseconds())/1000, name)
	}
}
