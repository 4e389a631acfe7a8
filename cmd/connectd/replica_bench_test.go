package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// served is connectd serve on a Postgres that keeps what it has committed, with one connected account that load changes.
type served struct {
	*testing.B
	pool *pgxpool.Pool
	pid  int
	url  string
	key  string
	load *load
}

// serveDurably starts it on a database that fill has filled.
func serveDurably(b *testing.B, fill func(*pgxpool.Pool)) *served {
	b.Helper()
	database := postgrestest.DurableURL(b)
	pool, err := pgxpool.New(b.Context(), database)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	connectAccounts(b, database, 1)
	fill(pool)
	_, box := start(b, nil, "sandbox", "--addr", "127.0.0.1:0")
	env := []string{
		"DATABASE_URL=" + database, "STRIPE_SECRET_KEY=" + box.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + box.ClientID,
		"STRIPE_ENDPOINT_SECRET=" + killSecret, "STRIPE_API_BASE=" + box.SandboxURL, "STRIPE_CONNECT_BASE=" + box.SandboxURL,
		"CONNECTD_ADMIN_PASSWORD=bench",
	}
	p, ready := start(b, env, "serve", "--addr", "127.0.0.1:0")
	s := &served{B: b, pool: pool, pid: p.Cmd.Process.Pid, url: ready.BaseURL, load: newLoad(b, 1)}
	s.load.url = s.url + "/api/connectWebhook"
	s.key = strings.TrimSpace(expect(b, 0, env, "keys", "create", "--name", "bench", "--scope", "readiness:read"))
	return s
}

// BenchmarkWebhookToReplica is from a webhook's sending to the replica's new answer. The aim is a median under 50 ms. The floor is
// the webhook's own answer, which is given when it is stored.
func BenchmarkWebhookToReplica(b *testing.B) {
	s := serveDurably(b, func(*pgxpool.Pool) {})
	changed := make(chan time.Time, 1)
	_, err := client.New(s.url, s.key).Replica(b.Context(), client.OnChange(func(_, _ client.Readiness) { changed <- time.Now() }))
	if err != nil {
		b.Fatal(err)
	}
	var stored, known durations
	for b.Loop() {
		sent := time.Now()
		if !s.load.deliver(0) {
			b.Fatal("the webhook had no answer")
		}
		stored = append(stored, time.Since(sent))
		known = append(known, (<-changed).Sub(sent))
	}
	stored.report(b, "stored")
	known.report(b, "known")
	b.ReportMetric(float64(known.at(0.5))/float64(stored.at(0.5)), "×floor")
}

// BenchmarkAThousandStreams is from a webhook's sending to the last of 1,000 streams that has the change; floor is the same
// where nobody follows.
func BenchmarkAThousandStreams(b *testing.B) {
	const streams, alone = 1000, 200
	s := serveDurably(b, func(*pgxpool.Pool) {})
	began, cpu := time.Now(), s.cpu()
	for range alone {
		s.load.deliver(0)
	}
	floor := (s.cpu() - cpu) / alone
	b.Logf("without streams: %v an event", time.Since(began)/alone)

	before := s.resident()
	var left atomic.Int64
	last := make(chan time.Time, 1)
	for range streams {
		s.follow(func() {
			if left.Add(-1) == 0 {
				last <- time.Now()
			}
		})
	}
	memory := s.resident() - before
	var stored, known durations
	cpu = s.cpu()
	for b.Loop() {
		left.Store(streams)
		sent := time.Now()
		if !s.load.deliver(0) {
			b.Fatal("the webhook had no answer")
		}
		stored = append(stored, time.Since(sent))
		known = append(known, (<-last).Sub(sent))
	}
	stored.report(b, "stored")
	known.report(b, "last-stream")
	each := (s.cpu() - cpu) / time.Duration(b.N)
	b.ReportMetric(float64(each.Microseconds()), "cpu-µs/entry")
	b.ReportMetric(float64(each)/float64(floor), "×cpu-without")
	b.ReportMetric(float64(memory)/streams, "bytes/stream")
}

// follow opens a stream and calls got for each entry.
func (s *served) follow(got func()) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/v1/changes/stream", nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		s.Fatal(res, err)
	}
	go func() {
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if bytes.HasPrefix(lines.Bytes(), []byte("id: ")) && !bytes.HasSuffix(lines.Bytes(), []byte(".0")) {
				got()
			}
		}
	}()
}

// cpu is what the server's process has taken so far (proc_pid_stat(5)), in hundredths of a second.
func (s *served) cpu() time.Duration {
	s.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		s.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))
	var user, system time.Duration
	if _, err := fmt.Sscan(fields[12]+" "+fields[13], &user, &system); err != nil {
		s.Fatal(err)
	}
	return (user + system) * 10 * time.Millisecond
}

// resident is the server's resident memory.
func (s *served) resident() (bytes int64) {
	s.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.pid))
	if err != nil {
		s.Fatal(err)
	}
	var all, pages int64
	if _, err := fmt.Sscan(string(statm), &all, &pages); err != nil {
		s.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// BenchmarkSnapshotOfAMillion is a replica's start with 1,000,000 sellers. The aims are 20 s, and 350 MiB of heap in use and what
// the runtime took besides. The floor reads the same pages and decodes nothing.
func BenchmarkSnapshotOfAMillion(b *testing.B) {
	s := serveDurably(b, publishAMillion(b))
	began, cpu := time.Now(), s.cpu()
	size := s.readPages()
	floor := time.Since(began)
	b.Logf("%.1f s of the server's CPU to answer, without Postgres's", (s.cpu() - cpu).Seconds())
	for b.Loop() {
		runtime.GC()
		debug.FreeOSMemory()
		began, most := time.Now(), watchMemory()
		rep, err := client.New(s.url, s.key).Replica(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		if rep.Len() != benchSellers+1 || !rep.CanTransact("shop-0000001") || rep.CanTransact("shop-0000020") {
			b.Errorf("%d sellers", rep.Len())
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(floor.Seconds(), "s-floor")
		b.ReportMetric(took.Seconds()/floor.Seconds(), "×floor")
		b.ReportMetric(float64(most())/(1<<20), "MiB-most")
		b.ReportMetric(float64(size)/(1<<20), "MiB-read")
	}
}

// readPages reads the snapshot's pages, one after the other.
func (s *served) readPages() (size int) {
	s.Helper()
	for cursor := ""; ; {
		req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"/v1/readiness?limit=1000"+cursor, nil)
		if err != nil {
			s.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			s.Fatalf("%s: %v %s", res.Status, err, page)
		}
		size += len(page)
		_, after, found := bytes.Cut(page[len(page)-min(len(page), 4096):], []byte(`"next_cursor":"`))
		if !found {
			return size
		}
		next, _, _ := bytes.Cut(after, []byte(`"`))
		cursor = "&cursor=" + string(next)
	}
}

// watchMemory samples what the runtime has taken and not given back; most ends that and answers the highest.
func watchMemory() (most func() uint64) {
	var highest uint64
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticks := time.NewTicker(20 * time.Millisecond)
		defer ticks.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.Sys-m.HeapReleased)
			select {
			case <-ticks.C:
			case <-stop:
				return
			}
		}
	})
	return func() uint64 { close(stop); watching.Wait(); return highest }
}

const benchSellers = 1_000_000

// publishAMillion makes what was published of a million sellers, one in twenty of whom is restricted with a deadline of its own.
func publishAMillion(b *testing.B) func(*pgxpool.Pool) {
	return func(pool *pgxpool.Pool) {
		for _, sql := range []string{
			`insert into sellers (id, account_id, created_at, version, readiness)
			select 'shop-' || lpad(i::text, 7, '0'), 'acct_1Nv0FGQ9RKHg' || lpad(i::text, 7, '0'), at, i, jsonb_build_object(
				'seller_id', 'shop-' || lpad(i::text, 7, '0'), 'account_id', 'acct_1Nv0FGQ9RKHg' || lpad(i::text, 7, '0'), 'can_transact', i % 20 <> 0,
				'can_accept_payments', i % 20 <> 0, 'can_receive_payouts', true, 'status', case when i % 20 = 0 then 'restricted' else 'enabled' end,
				'reasons', case when i % 20 = 0 then jsonb_build_array(jsonb_build_object('code', 'requirement_past_due', 'who', 'seller',
					'message', 'Stripe needs individual.id_number: it is past due.', 'requirement', 'individual.id_number', 'deadline', at)) else '[]' end,
				'requirements', jsonb_build_object('currently_due', '[]'::jsonb, 'past_due', '[]'::jsonb, 'eventually_due', '["individual.id_number"]'::jsonb,
					'pending_verification', '[]'::jsonb, 'errors', '[]'::jsonb, 'disabled_reason', null,
					'current_deadline', case when i % 20 = 0 then at end),
				'display_name', 'Seller ' || i, 'country', 'IE', 'currency', 'eur', 'allow_unlink', false, 'at_risk_at', null, 'as_of', at, 'checked_at', at)
			from (select i, date_trunc('second', now()) - i * interval '1 second' as at from generate_series(1, ` + strconv.Itoa(benchSellers) + `) i) x`,
			`update feed set position = ` + strconv.Itoa(benchSellers),
			`vacuum analyze sellers`,
		} {
			if _, err := pool.Exec(b.Context(), sql); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// durations are many of one kind.
type durations []time.Duration

func (d durations) at(share float64) time.Duration {
	slices.Sort(d)
	return d[int(share*float64(len(d)-1))]
}

func (d durations) report(b *testing.B, name string) {
	b.ReportMetric(float64(d.at(0.5).Microseconds())/1000, name+"-p50-ms")
	b.ReportMetric(float64(d.at(0.99).Microseconds())/1000, name+"-p99-ms")
}
