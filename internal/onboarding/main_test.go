package onboarding_test

import (
	"context"
	"encoding/json"
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

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/testlog"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const (
	baseURL    = "https://connect.example.com"
	shopOrigin = "https://shop.example.com"
)

// place is a service, the sandbox in Stripe's place, a database, and the clock of all but Stripe.
type place struct {
	*onboarding.Service
	t        *testing.T
	pool     *pgxpool.Pool
	registry *registry.Registry
	checker  *scan.Checker
	stripe   stripe
	clock    *clock
	log      *testlog.Buffer
}

func newPlace(t *testing.T) *place {
	t.Helper()
	pool := postgrestest.Pool(t)
	policy := account.DefaultPolicy()
	policy.Countries = sandbox.Countries()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), policy, time.Now()); err != nil {
		t.Fatal(err)
	}
	return openPlace(t, pool, startStripe(t), &clock{})
}

// openPlace makes one more service on a database that holds a policy.
func openPlace(t *testing.T, pool *pgxpool.Pool, stripe stripe, clock *clock) *place {
	t.Helper()
	p := &place{t: t, pool: pool, stripe: stripe, clock: clock, log: &testlog.Buffer{}}
	logger := slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	p.registry, err = registry.New(t.Context(), pool, registry.Config{Now: clock.now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, p.registry)
	api := stripe.client(t, logger)
	ours := registry.Platform{AccountID: stripe.box.Platform().Account}
	if err := p.registry.ClaimPlatform(t.Context(), ours); err != nil {
		t.Fatal(err)
	}
	p.checker = scan.NewChecker(p.registry, api, clock.now, logger)
	p.Service = p.serviceWith(api)
	return p
}

// serviceWith is one more service of the place, with a client of Stripe's of its own.
func (p *place) serviceWith(api *stripeapi.Client) *onboarding.Service {
	return onboarding.New(onboarding.Config{
		Registry: p.registry, Queries: db.New(p.pool), Stripe: api, Checker: p.checker,
		BaseURL: baseURL, ReturnOrigins: []string{shopOrigin}, Now: p.clock.now, Logger: slog.New(slog.NewTextHandler(p.log, nil)),
	})
}

// clock runs as the machine's does, ahead of it by what the test says.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// stripe is the sandbox and, before its OAuth side, a gate at which a test can hold requests up.
type stripe struct {
	box  *sandbox.Sandbox
	gate *gate
	url  string
}

func startStripe(t *testing.T) stripe {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	at, err := url.Parse(box.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // a cut stays a cut
	g := &gate{next: proxy}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return stripe{box: box, gate: g, url: server.URL}
}

// client speaks through the gate where it presents codes, and straight to the sandbox where it asks for accounts.
func (s stripe) client(t *testing.T, logger *slog.Logger) *stripeapi.Client {
	t.Helper()
	return newClient(t, s.config(logger))
}

func (s stripe) config(logger *slog.Logger) stripeapi.Config {
	return stripeapi.Config{
		SecretKey: stripeapi.Secret(s.box.Platform().Key), ClientID: s.box.Platform().ClientID,
		APIBase: s.box.URL(), ConnectBase: s.url, Logger: logger,
	}
}

func newClient(t *testing.T, cfg stripeapi.Config) *stripeapi.Client {
	t.Helper()
	c, err := stripeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

type gate struct {
	next       http.Handler
	hold, done atomic.Pointer[func(path string)]
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hold := g.hold.Load(); hold != nil {
		(*hold)(r.URL.Path)
	}
	g.next.ServeHTTP(w, r)
	if done := g.done.Load(); done != nil {
		(*done)(r.URL.Path)
	}
}

// control says to the sandbox's own side what is to happen.
func (p *place) control(path, body string) {
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
}

// fault has requests to the path go wrong as fields say, until the next.
func (p *place) fault(path, fields string) {
	p.t.Helper()
	p.control("faults", `[{"path":"`+path+`",`+fields+`}]`)
}

// asked counts the requests to a path of Stripe's.
func (p *place) asked(path string) int {
	p.t.Helper()
	res, err := http.Get(p.stripe.box.URL() + "/sandbox/requests")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var requests []struct{ Path string }
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		p.t.Fatal(err)
	}
	n := 0
	for _, r := range requests {
		if r.Path == path {
			n++
		}
	}
	return n
}

func (p *place) wantAsked(path string, times int) {
	p.t.Helper()
	if n := p.asked(path); n != times {
		p.t.Errorf("%s was asked %d times, want %d", path, n, times)
	}
}

func (p *place) exec(sql string, args ...any) {
	p.t.Helper()
	if _, err := p.pool.Exec(p.t.Context(), sql, args...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) count(sql string, args ...any) (n int) {
	p.t.Helper()
	if err := p.pool.QueryRow(p.t.Context(), sql, args...).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *place) readiness(sellerID string) client.Readiness {
	p.t.Helper()
	ready, err := p.registry.Readiness(p.t.Context(), sellerID)
	if err != nil {
		p.t.Fatal(err)
	}
	return ready
}

func (p *place) wantStatus(sellerID string, want account.Status) {
	p.t.Helper()
	if got := p.readiness(sellerID).Status; got != string(want) {
		p.t.Errorf("seller %s is %s, want %s", sellerID, got, want)
	}
}

// wantError holds what kind of account.Error it is and which field it names.
func wantError(t *testing.T, err error, kind account.ErrorKind, field string) {
	t.Helper()
	e, ok := asError(err)
	if !ok || e.Kind != kind || e.Field != field {
		t.Fatalf("error %v, want one of kind %q about %q", err, kind, field)
	}
}
