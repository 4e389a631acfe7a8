package scan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// t0 is when the tests begin, by connectd's clock and Stripe's.
var t0 = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// place is a registry, a checker and a scanner on a database, the sandbox in Stripe's place, and one clock for all of them.
type place struct {
	*scan.Checker
	t        *testing.T
	pool     *pgxpool.Pool
	registry *registry.Registry
	scanner  *scan.Scanner
	passes   *scan.Passes
	told     []client.Scan // in the transactions that ended passes
	clock    *quartz.Mock
	stripe   *stripe
	gate     *httptest.Server // this replica's way to Stripe
}

func newPlace(t *testing.T) *place {
	t.Helper()
	clock := quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	clock.Set(t0).MustWait(t.Context())
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	p := openPlace(t, pool, clock, startStripe(t, clock), 20)
	ours := registry.Platform{AccountID: p.stripe.box.Platform().Account}
	if err := p.registry.ClaimPlatform(t.Context(), ours); err != nil {
		t.Fatal(err)
	}
	return p
}

// openPlace makes one more replica on a database. rate is that of its scanner, in calls a second.
func openPlace(t *testing.T, pool *pgxpool.Pool, clock *quartz.Mock, s *stripe, rate float64) *place {
	t.Helper()
	return openPlaceAs(t, pool, clock, s, rate, s.box.Platform().Key)
}

// openPlaceAs is openPlace with another key.
func openPlaceAs(t *testing.T, pool *pgxpool.Pool, clock *quartz.Mock, s *stripe, rate float64, key string) *place {
	t.Helper()
	reg, err := registry.New(t.Context(), pool, registry.Config{Now: s.ours})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	p := &place{t: t, pool: pool, registry: reg, clock: clock, stripe: s, gate: s.openGate(t)}
	api := s.clientBehind(t, p.gate, key)
	p.Checker = p.checkerOf(api)
	p.passes = scan.NewPasses(pool, func(_ context.Context, _ pgx.Tx, report client.Scan) error {
		p.told = append(p.told, report)
		return nil
	})
	p.scanner = scan.New(scan.Config{
		Registry: reg, Passes: p.passes, Checker: p.Checker, Stripe: api, Rate: rate, Clock: clock, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	return p
}

func (p *place) checkerOf(api *stripeapi.Client) *scan.Checker {
	checker := scan.NewChecker(p.registry, api, p.stripe.ours, slog.New(slog.DiscardHandler))
	checker.ConfirmWithin = 10 * time.Second // a machine that runs tests may be slow
	return checker
}

// stripe is the sandbox behind gates, at which a test can do something after Stripe has read an account and before its
// answer arrives. Its clock is right; connectd's is wrong by as much as a test says.
type stripe struct {
	box   *sandbox.Sandbox
	after atomic.Pointer[func(path string)]
	clock *quartz.Mock
	wrong atomic.Int64 // a time.Duration
}

// ours is connectd's clock.
func (s *stripe) ours() time.Time { return s.clock.Now().Add(time.Duration(s.wrong.Load())) }

func startStripe(t *testing.T, clock *quartz.Mock) *stripe {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Config{Now: func() time.Time { return clock.Now() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return &stripe{box: box, clock: clock}
}

func (s *stripe) openGate(t *testing.T) *httptest.Server {
	t.Helper()
	at, err := url.Parse(s.box.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 32}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a cut stays a cut
	proxy.ModifyResponse = func(res *http.Response) error {
		if f := s.after.Load(); f != nil {
			(*f)(res.Request.URL.Path)
		}
		return nil
	}
	gate := httptest.NewServer(proxy)
	t.Cleanup(gate.Close)
	return gate
}

// onAnswer calls f with the path of each answer of Stripe's before it arrives; nil ends that.
func (s *stripe) onAnswer(f func(path string)) {
	if f == nil {
		s.after.Store(nil)
		return
	}
	s.after.Store(&f)
}

func (s *stripe) client(t *testing.T, key string, with ...func(*stripeapi.Config)) *stripeapi.Client {
	t.Helper()
	return s.clientBehind(t, s.openGate(t), key, with...)
}

func (s *stripe) clientBehind(t *testing.T, gate *httptest.Server, key string, with ...func(*stripeapi.Config)) *stripeapi.Client {
	t.Helper()
	cfg := stripeapi.Config{
		SecretKey: stripeapi.Secret(key), ClientID: s.box.Platform().ClientID, APIBase: gate.URL, ConnectBase: gate.URL,
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, change := range with {
		change(&cfg)
	}
	c, err := stripeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// control says to the sandbox's own side what is to happen, and answers its answer.
func (p *place) control(path, body string) []byte {
	p.t.Helper()
	res, err := http.Post(p.stripe.box.URL()+"/sandbox/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %s %s %v", path, body, res.Status, answer, err)
	}
	return answer
}

// retrieved counts Stripe's retrievals by path, of the platform's own account too.
func (p *place) retrieved() map[string]int {
	p.t.Helper()
	res, err := http.Get(p.stripe.box.URL() + "/sandbox/requests")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var requests []struct{ Method, Path string }
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		p.t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range requests {
		if r.Method == http.MethodGet {
			counts[r.Path]++
		}
	}
	return counts
}

func (p *place) wantRetrieved(accountID string, times int) {
	p.t.Helper()
	if n := p.retrieved()["/v1/accounts/"+accountID]; n != times {
		p.t.Errorf("account %s was retrieved %d times, want %d", accountID, n, times)
	}
}

// connect makes n complete accounts, each connected by a seller of its own, and returns their ids. Nobody has checked them
// yet, and whoever connected them has 15 seconds to do so.
func (p *place) connect(n int) []string {
	p.t.Helper()
	ids := make([]string, n)
	grants := make([]registry.Observation, n)
	for i := range n {
		ids[i] = fmt.Sprintf("acct_1scan%03d", i)
		p.control("accounts", `{"persona":"complete","id":"`+ids[i]+`"}`)
		grants[i] = registry.Granted(registry.Grant{
			SellerID: fmt.Sprintf("s%03d", i), AccountID: ids[i], Interval: account.At(p.clock.Now()),
		})
	}
	if _, err := p.registry.Observe(p.t.Context(), grants); err != nil {
		p.t.Fatal(err)
	}
	return ids
}

// connectListed connects n accounts that the sandbox has made, by sellers of their own, and returns their ids.
func (p *place) connectListed(n int) []string {
	p.t.Helper()
	api := p.stripe.client(p.t, p.stripe.box.Platform().Key)
	var ids []string
	var grants []registry.Observation
	for after := ""; len(ids) < n; {
		page, err := api.Accounts(p.t.Context(), after, 100)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, a := range page.Accounts {
			grants = append(grants, registry.Granted(registry.Grant{
				SellerID: fmt.Sprintf("s%04d", len(ids)), AccountID: a.AccountID, Interval: account.At(p.clock.Now()),
			}))
			ids = append(ids, a.AccountID)
		}
		after = page.Next
	}
	if _, err := p.registry.Observe(p.t.Context(), grants); err != nil {
		p.t.Fatal(err)
	}
	p.advance(15 * time.Second)
	return ids
}

// connectDue connects n accounts that anyone may check.
func (p *place) connectDue(n int) []string {
	p.t.Helper()
	ids := p.connect(n)
	p.advance(15 * time.Second)
	return ids
}

func (p *place) advance(d time.Duration) {
	p.t.Helper()
	p.clock.Advance(d).MustWait(p.t.Context())
}

func (p *place) check(accountID string) {
	p.t.Helper()
	if err := p.Check(p.t.Context(), accountID, registry.Recheck); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) tick() int {
	p.t.Helper()
	checked, err := p.scanner.Tick(p.t.Context(), p.stripe.ours())
	if err != nil {
		p.t.Fatal(err)
	}
	return checked
}

func (p *place) row(accountID string) client.Account {
	p.t.Helper()
	row, err := p.registry.Account(p.t.Context(), accountID)
	if err != nil {
		p.t.Fatal(err)
	}
	return row
}

// heldBack is how long the account is held back from now on, 0 where it is not.
func (p *place) heldBack(accountID string) time.Duration {
	p.t.Helper()
	var until *time.Time
	err := p.pool.QueryRow(p.t.Context(), "select claimed_until from accounts where id = $1", accountID).Scan(&until)
	if err != nil {
		p.t.Fatal(err)
	}
	if until == nil {
		return 0
	}
	return max(until.Sub(p.stripe.ours()), 0)
}

// waitFor polls until the condition holds.
func (p *place) waitFor(what string, holds func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			p.t.Fatalf("waited in vain for %s", what)
		}
	}
}
