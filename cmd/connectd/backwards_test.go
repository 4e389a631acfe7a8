package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/proxytest"
	"github.com/connectd/connectd/internal/waittest"
)

const (
	racedSellers   = 6
	racedWriters   = 2
	readersOfEach  = 3
	longestTrouble = 700 * time.Millisecond
	longestPeace   = 600 * time.Millisecond
)

// TestNoReadGoesBackwards races writes and reads over two processes, while the connections of each to Postgres, the listener's
// and all others, are cut and half-opened at random. On one replica no read goes back; with min_position none does anywhere; no
// answer from memory is older than its lease, and none from the database is old at all.
func TestNoReadGoesBackwards(t *testing.T) {
	t.Parallel()
	f := newFleet(t, racedSellers)
	r := &race{fleet: f, history: newHistory(t)}
	keys := access.NewKeys(db.New(f.pool), time.Now, app.LogSettings{}.Logger(io.Discard))
	made, err := keys.Create(t.Context(), access.KeyParams{Name: "race", Scopes: access.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.sides {
		r.sides[i] = f.proxied(i, made.Secret)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, seed))

	stop := make(chan struct{})
	var running sync.WaitGroup
	for _, s := range r.sides {
		for range readersOfEach {
			draw := rand.New(rand.NewPCG(seed, chance.Uint64()))
			running.Go(func() { until(stop, func() { r.read(s, draw) }) })
		}
	}
	for w := range racedWriters {
		draw := rand.New(rand.NewPCG(seed, chance.Uint64()))
		running.Go(func() { until(stop, func() { r.write(w, draw) }) })
	}
	r.trouble(chance)
	close(stop)
	running.Wait()

	r.calm()
	r.holdVerdicts()
	r.report()
}

func until(stop <-chan struct{}, do func()) {
	for {
		select {
		case <-stop:
			return
		default:
			do()
		}
	}
}

// race is the fleet with two processes, and what is known of what they have said.
type race struct {
	*fleet
	*history
	sides [2]*side
}

// side is one process. What it says to Postgres goes through two proxies.
type side struct {
	*process
	index          int
	base, key      string
	http           *http.Client
	listener, pool *proxytest.Proxy
}

func (f *fleet) proxied(index int, key string) *side {
	f.t.Helper()
	s := &side{
		index: index, key: key, listener: proxytest.New(f.t, f.url), pool: proxytest.New(f.t, f.url),
		http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
	}
	running, ready := start(f.t, f.env("DATABASE_URL="+s.pool.URL(), "CONNECTD_DATABASE_DIRECT_URL="+s.listener.URL(), "CONNECTD_STRIPE_RATE=1000"),
		"serve", "--addr", "127.0.0.1:0")
	s.process, s.base = running, ready.BaseURL
	f.t.Cleanup(s.http.CloseIdleConnections)
	return s
}

func (s *side) ask(ctx context.Context, method, path, body string, header http.Header) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := s.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	return res, got, err
}

// read asks one question of one of several kinds.
func (r *race) read(s *side, draw *rand.Rand) {
	seller := fmt.Sprintf("s%d", draw.IntN(racedSellers))
	if draw.IntN(10) == 0 {
		r.readAll(s)
		return
	}
	e := r.expect(s, seller)
	path, header := "/v1/sellers/"+seller+"/readiness", http.Header{}
	switch draw.IntN(8) {
	case 0:
		header.Set("Cache-Control", "no-cache")
	case 1, 2:
		e = e.anywhere()
		path += fmt.Sprintf("?min_position=%d", e.position)
	}
	res, got, err := s.ask(r.t.Context(), http.MethodGet, path, "", header)
	var ready client.Readiness
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(got, &ready)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		r.failed.Add(1)
		return
	}
	r.judge(e, answerOf(r.t, res, ready))
}

func (r *race) readAll(s *side) {
	var ids []string
	var expected []expectation
	for i := range racedSellers {
		id := fmt.Sprintf("s%d", i)
		ids, expected = append(ids, `"`+id+`"`), append(expected, r.expect(s, id))
	}
	res, got, err := s.ask(r.t.Context(), http.MethodPost, "/v1/readiness", `{"seller_ids":[`+strings.Join(ids, ",")+`]}`, nil)
	var page struct{ Data []client.Readiness }
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(got, &page)
	}
	if err != nil || res.StatusCode != http.StatusOK || len(page.Data) != racedSellers {
		r.failed.Add(1)
		return
	}
	for i, ready := range page.Data {
		r.judge(expected[i], answerOf(r.t, res, ready))
	}
}

// write changes an account at Stripe, and has one of the processes look at it. What it answers is committed, and told.
func (r *race) write(writer int, draw *rand.Rand) {
	n := draw.IntN(racedSellers/racedWriters)*racedWriters + writer // each seller's writes are one writer's
	s, seller, on := r.sides[draw.IntN(2)], fmt.Sprintf("s%d", n), draw.IntN(2) == 0
	body := strings.NewReader(fmt.Sprintf(`{"charges_enabled":%t}`, on))
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.SandboxURL+"/sandbox/accounts/"+r.ids[n]+"?silent=1", body)
	if err != nil {
		r.t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Error(err)
		return
	}
	_ = res.Body.Close()
	e := r.expect(s, seller)
	res, got, err := s.ask(r.t.Context(), http.MethodPost, "/v1/accounts/"+r.ids[n]+"/recheck", "", nil)
	var ready client.Readiness
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(got, &ready)
	}
	if err != nil || res.StatusCode != http.StatusOK {
		r.failedWrites.Add(1)
		return
	}
	r.commit(ready)
	r.judge(e, answerOf(r.t, res, ready))
	r.writes.Add(1)
}

// trouble stops each process, and cuts and stalls each of its connections, in some order and for some time.
func (r *race) trouble(chance *rand.Rand) {
	var all []func()
	for _, s := range r.sides {
		all = append(all, func() { r.sleep(chance, s) })
		for _, proxies := range [][]*proxytest.Proxy{{s.listener}, {s.pool}, {s.listener, s.pool}} {
			all = append(all,
				func() { r.suffer(chance, proxies, (*proxytest.Proxy).Cut, (*proxytest.Proxy).Mend) },
				func() { r.suffer(chance, proxies, (*proxytest.Proxy).Stall, (*proxytest.Proxy).Flow) })
		}
	}
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, trouble := range all {
		pass(r.t.Context(), chance, longestPeace)
		trouble()
	}
	pass(r.t.Context(), chance, longestPeace)
}

func (r *race) suffer(chance *rand.Rand, proxies []*proxytest.Proxy, begin, end func(*proxytest.Proxy)) {
	for _, p := range proxies {
		begin(p)
	}
	pass(r.t.Context(), chance, longestTrouble)
	for _, p := range proxies {
		end(p)
	}
	r.cuts++
}

// sleep stops the process as a machine does that has no time for it: what it knew is old when it goes on.
func (r *race) sleep(chance *rand.Rand, s *side) {
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := s.Cmd.Process.Signal(sig); err != nil {
			r.t.Error(err)
		}
		if sig == syscall.SIGSTOP {
			pass(r.t.Context(), chance, 2*longestTrouble)
		}
	}
}

// pass lets some time pass.
func pass(ctx context.Context, chance *rand.Rand, longest time.Duration) {
	timer := time.NewTimer(50*time.Millisecond + time.Duration(chance.Int64N(int64(longest))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// calm waits until both processes answer from memory again, with what is committed.
func (r *race) calm() {
	for _, s := range r.sides {
		waittest.Until(r.t, "an answer from memory", func() bool {
			e := r.expect(s, "s0")
			res, got, err := s.ask(r.t.Context(), http.MethodGet, "/v1/sellers/s0/readiness", "", nil)
			var ready client.Readiness
			if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(got, &ready) != nil {
				return false
			}
			a := answerOf(r.t, res, ready)
			r.judge(e, a)
			return a.fromMemory
		})
	}
}

// holdVerdicts holds what was answered against the history: no yes but where that says yes.
func (r *race) holdVerdicts() {
	truth := map[int64]bool{}
	rows, err := r.pool.Query(r.t.Context(), `select position, (after->>'can_transact')::boolean from account_changes`)
	if err != nil {
		r.t.Fatal(err)
	}
	for rows.Next() {
		var position int64
		var able bool
		if err := rows.Scan(&position, &able); err != nil {
			r.t.Fatal(err)
		}
		truth[position] = able
	}
	for version, told := range r.verdicts {
		if able, known := truth[version]; !known || told[!able] {
			r.t.Errorf("version %d was told as %v, and is %t (known: %t)", version, told, able, known)
		}
	}
}

func (r *race) report() {
	r.t.Logf("%d cuts and stalls, %d reads from memory, %d fallbacks to the database, %d reads that failed; %d writes, %d that failed; up to version %d",
		r.cuts, r.hits.Load(), r.fallbacks.Load(), r.failed.Load(), r.writes.Load(), r.failedWrites.Load(), r.latest)
	for what, n := range map[string]int64{
		"cuts": int64(r.cuts), "reads from memory": r.hits.Load(), "fallbacks": r.fallbacks.Load(), "writes": r.writes.Load(),
		"reads with min_position": r.anywheres.Load(),
	} {
		if n == 0 {
			r.t.Errorf("there were no %s", what)
		}
	}
}

// counts are what the race has seen.
type counts struct {
	cuts                                                     int
	hits, fallbacks, anywheres, failed, writes, failedWrites atomic.Int64
}
