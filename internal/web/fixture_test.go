package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/upload"
	"github.com/connectd/connectd/internal/web"
	"github.com/connectd/connectd/internal/webhook"
)

const password = "correct horse"

// t0 is the moment at which the clock of a fixedSite stands.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// site is the pages on a database of their own, with a sandbox in Stripe's place.
type site struct {
	t          testing.TB
	url        string
	pool       *pgxpool.Pool
	registry   *registry.Registry
	onboarding *onboarding.Service
	checker    *scan.Checker
	overview   *overview.Service
	sandbox    *sandbox.Sandbox
	router     *mux.Router
	logs       *testlog.Buffer
	passes     *scan.Passes
	woken      int                   // how often the scan was
	jobs       *river.Client[pgx.Tx] // inserts
	endpoints  *notify.Endpoints
	outbox     *mail.Outbox
	status     web.Status // what /statusz shows
	glances    []web.Glance
	keys       *access.Keys
	applied    *atomic.Int64 // how many policies were, as the pages told
}

func (s *site) lookAt(_ context.Context, by web.Glance) web.Status {
	s.glances = append(s.glances, by)
	return s.status
}

func newSite(t testing.TB) *site {
	return startSite(t, time.Now, access.AdminConfig{Password: password})
}

// fixedSite has a clock that stands, so that its pages are always the same.
func fixedSite(t testing.TB) *site {
	return startSite(t, func() time.Time { return t0 }, access.AdminConfig{Password: password})
}

// brandedSite is the pages of a platform that has said what it looks like.
func brandedSite(t testing.TB, look brand.Brand) *site {
	return startBranded(t, time.Now, access.AdminConfig{Password: password}, look)
}

func startSite(t testing.TB, now func() time.Time, admin access.AdminConfig) *site {
	return startBranded(t, now, admin, brand.Brand{})
}

func startBranded(t testing.TB, now func() time.Time, admin access.AdminConfig, look brand.Brand, change ...func(*web.Config)) *site {
	t.Helper()
	s := &site{t: t, pool: postgrestest.Pool(t), router: mux.NewRouter().SkipClean(true), logs: &testlog.Buffer{}, applied: &atomic.Int64{}}
	proxies, err := access.ParseProxies([]string{"127.0.0.1"}) // whom a test's X-Forwarded-For comes from
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(upload.Bounded(3*time.Second, proxies.Handler(s.router)))
	s.url = "http://" + server.Listener.Addr().String()
	logger := slog.New(slog.NewTextHandler(s.logs, nil))
	s.startSandbox()
	s.openRegistry(now)

	s.overview = overview.New(s.pool)
	s.passes = scan.NewPasses(s.pool, func(context.Context, pgx.Tx, client.Scan) error { return nil })
	stripe := s.stripe()
	s.checker = scan.NewChecker(s.registry, stripe, now, logger)
	s.onboarding = onboarding.New(onboarding.Config{
		Registry: s.registry, Queries: db.New(s.pool), Stripe: stripe, Checker: s.checker, BaseURL: s.url,
		ReturnOrigins: []string{"https://shop.example"}, Now: now, Logger: logger,
	})
	s.keys = access.NewKeys(db.New(s.pool), now, logger)
	postgrestest.CloseAtEnd(t, s.keys)
	s.openEndpoints(now, logger)
	cfg := web.Config{
		Onboarding: s.onboarding, Registry: s.registry, Checker: s.checker, Admin: newAdmin(t, admin, s.pool),
		Sessions: access.NewSessions(s.pool, access.SessionParams{}), BaseURL: s.url,
		Status: s.lookAt, Settings: someSettings,
		FormActionOrigins: []string{s.sandbox.URL()}, DashboardBase: "https://dashboard.stripe.com", Brand: look, PreviewSellers: sandbox.Personas(), Contract: contract(t), Logger: logger, Now: now,
		Preferences: mail.Preferences{Queries: db.New(s.pool)}, Overview: s.overview,
		Passes: s.passes, WakeScan: func() { s.woken++ }, StripeRate: 20,
		Events:    webhook.New(webhook.Config{Registry: s.registry, Logger: logger}),
		Endpoints: s.endpoints, Mails: s.mails(now),
		Keys: s.keys, PolicyApplied: func() { s.applied.Add(1) }, PlanFor: time.Nanosecond,
	}
	for _, do := range change {
		do(&cfg)
	}
	fallbacks := web.Register(s.router, cfg)
	s.router.NotFoundHandler, s.router.MethodNotAllowedHandler = fallbacks.NotFound, fallbacks.MethodNotAllowed
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// openEndpoints opens what admins see of events and mails. Nothing works the jobs.
func (s *site) openEndpoints(now func() time.Time, logger *slog.Logger) {
	s.t.Helper()
	var err error
	if s.jobs, err = river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: logger}); err != nil {
		s.t.Fatal(err)
	}
	s.endpoints = notify.NewEndpoints(notify.EndpointsConfig{Pool: s.pool, Jobs: s.jobs, Now: now, Logger: logger})
	s.outbox = &mail.Outbox{Jobs: s.jobs, Admin: true}
}

func (s *site) mails(now func() time.Time) web.Mails {
	return web.Mails{
		Book: mail.Book{Queries: db.New(s.pool)}, Server: true, Admin: true,
		Again: func(ctx context.Context, id string, by account.Actor) (*time.Time, error) {
			return s.outbox.Again(ctx, s.pool, id, now(), by)
		},
	}
}

func (s *site) startSandbox() {
	s.t.Helper()
	box, err := sandbox.Start(s.t.Context(), sandbox.Config{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := box.Stop(context.WithoutCancel(s.t.Context())); err != nil {
			s.t.Error(err)
		}
	})
	s.sandbox = box
}

func (s *site) openRegistry(now func() time.Time) {
	s.t.Helper()
	policy := account.DefaultPolicy()
	policy.Countries = sandbox.Countries()
	if err := registry.SeedPolicy(s.t.Context(), db.New(s.pool), policy, t0); err != nil {
		s.t.Fatal(err)
	}
	reg, err := registry.New(s.t.Context(), s.pool, registry.Config{Now: now})
	if err != nil {
		s.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(s.t, reg)
	s.registry = reg
}

func (s *site) stripe() *stripeapi.Client {
	s.t.Helper()
	stripe, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(s.sandbox.Platform().Key), ClientID: s.sandbox.Platform().ClientID,
		APIBase: s.sandbox.URL(), ConnectBase: s.sandbox.URL(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(stripe.Close)
	platform, err := stripe.Platform(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	owner := registry.Platform{AccountID: platform.AccountID, Livemode: platform.Livemode}
	if err := s.registry.ClaimPlatform(s.t.Context(), owner); err != nil {
		s.t.Fatal(err)
	}
	return stripe
}

func newAdmin(t testing.TB, cfg access.AdminConfig, pool *pgxpool.Pool) *access.Admin {
	t.Helper()
	cfg.Attempts = access.NewAttempts(pool)
	admin, err := access.NewAdmin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

// control tells the sandbox how to behave.
func (s *site) control(path, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.sandbox.URL()+"/sandbox/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %s", path, body, res.Status)
	}
}

// link makes a seller's page and answers its path.
func (s *site) link(sellerID string) string {
	return s.linkWith(onboarding.LinkParams{SellerID: sellerID})
}

func (s *site) linkWith(p onboarding.LinkParams) string {
	s.t.Helper()
	made, err := s.onboarding.CreateLink(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	at, err := url.Parse(made.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return at.Path
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// row is what the table shows of the seller's account; the name and the country are the sandbox's.
func (s *site) row(sellerID, charges, payouts, details, status string) []string {
	s.t.Helper()
	a, err := s.registry.Account(s.t.Context(), s.accountOf(sellerID))
	if err != nil {
		s.t.Fatal(err)
	}
	name := ""
	if a.DisplayName != nil {
		name = *a.DisplayName
	}
	return []string{sellerID, a.ID, name, *a.Country, charges, payouts, details, status}
}

func (s *site) checkedAt(sellerID string) time.Time {
	s.t.Helper()
	ready, err := s.registry.Readiness(s.t.Context(), sellerID)
	if err != nil || ready.CheckedAt == nil {
		s.t.Fatalf("seller %s was never checked (%v)", sellerID, err)
	}
	return *ready.CheckedAt
}
