package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/gorilla/mux"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/webhook"
)

// server is the API as app serves it, on a database of its own and a sandbox in Stripe's place.
type server struct {
	t        *testing.T
	url      string
	pool     *pgxpool.Pool
	registry *registry.Registry
	keys     *access.Keys
	box      *sandbox.Sandbox
	log      *testlog.Buffer
	checker  *scan.Checker
	scanner  *scan.Scanner
	feed     *feed.Feed
	copy     *feed.Copy
	key      string // of every scope
	unready  *atomic.Bool
	clock    *atomic.Int64 // seconds that the keys' clock is ahead
}

func newServer(t *testing.T) server {
	t.Helper()
	return newServerOn(t, postgrestest.Pool(t), func(*api.Config) {})
}

func newServerOn(t *testing.T, pool *pgxpool.Pool, change func(*api.Config)) server {
	t.Helper()
	s := server{t: t, pool: pool, log: &testlog.Buffer{}, unready: &atomic.Bool{}, clock: &atomic.Int64{}}
	logger := slog.New(slog.NewJSONHandler(s.log, nil))
	queries := db.New(s.pool)
	if _, err := s.pool.Exec(t.Context(), "update feed set epoch = 1"); err != nil { // so that tests can name their cursors
		t.Fatal(err)
	}
	if err := registry.SeedPolicy(t.Context(), queries, account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	s.box = startSandbox(t)
	s.registry = openRegistry(t, s.pool, logger)
	s.openFeed(logger)
	stripe := s.openStripe(logger)
	s.checker = scan.NewChecker(s.registry, stripe, time.Now, logger)
	postgrestest.CloseAtEnd(t, s.checker)
	s.keys = access.NewKeys(queries, s.now, logger)
	postgrestest.CloseAtEnd(t, s.keys)
	s.key = s.newKey(access.Scopes()...)
	cfg := s.config(stripe, logger)
	change(&cfg)
	s.serve(cfg)
	return s
}

// now is the keys' clock.
func (s *server) now() time.Time { return time.Now().Add(time.Duration(s.clock.Load()) * time.Second) }

func (s *server) config(stripe *stripeapi.Client, logger *slog.Logger) api.Config {
	passes := scan.NewPasses(s.pool, func(context.Context, pgx.Tx, client.Scan) error { return nil })
	s.scanner = scan.New(scan.Config{
		Registry: s.registry, Passes: passes, Checker: s.checker, Stripe: stripe, Rate: 20, Clock: quartz.NewReal(), Logger: logger,
	})
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: logger})
	if err != nil {
		s.t.Fatal(err)
	}
	return api.Config{
		Endpoints: notify.NewEndpoints(notify.EndpointsConfig{Pool: s.pool, Jobs: jobs, Now: time.Now, Logger: logger}),
		Scans:     passes, WakeScan: s.scanner.Wake, Feed: s.feed, Copy: s.copy,
		Registry: s.registry, Checker: s.checker, Keys: s.keys, Logger: logger, Ready: s.ready,
		Webhook: webhook.New(webhook.Config{Registry: s.registry, Logger: logger}),
		Selling: selling.New(selling.Config{
			Registry: s.registry, Queries: db.New(s.pool), Stripe: stripe, Now: time.Now, Logger: logger,
		}),
		Onboarding: onboarding.New(onboarding.Config{
			Registry: s.registry, Queries: db.New(s.pool), Stripe: stripe, Checker: s.checker, BaseURL: "http://connectd.test",
			ReturnOrigins: []string{"https://shop.test"}, Now: time.Now, Logger: logger,
		}),
	}
}

// beside is a second process on the same database: all that the two share is in Postgres.
func (s server) beside() server {
	s.t.Helper()
	logger := slog.New(slog.NewJSONHandler(s.log, nil))
	s.registry = openRegistry(s.t, s.pool, logger)
	s.openFeed(logger)
	stripe := s.openStripe(logger)
	s.checker = scan.NewChecker(s.registry, stripe, time.Now, logger)
	postgrestest.CloseAtEnd(s.t, s.checker)
	s.keys = access.NewKeys(db.New(s.pool), time.Now, logger)
	postgrestest.CloseAtEnd(s.t, s.keys)
	s.serve(s.config(stripe, logger))
	return s
}

func startSandbox(t *testing.T) *sandbox.Sandbox {
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
	return box
}

func openRegistry(t *testing.T, pool *pgxpool.Pool, logger *slog.Logger) *registry.Registry {
	t.Helper()
	reg, err := registry.New(t.Context(), pool, registry.Config{Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	return reg
}

func (s *server) openFeed(logger *slog.Logger) {
	s.t.Helper()
	var err error
	s.feed, err = feed.Open(s.t.Context(), feed.Config{
		Pool: s.pool, DirectURL: s.pool.Config().ConnString(), Registry: s.registry, Logger: logger,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(s.t, s.feed)
	s.copy = feed.OpenCopy(s.feed)
	postgrestest.CloseAtEnd(s.t, s.copy)
}

func (s *server) openStripe(logger *slog.Logger) *stripeapi.Client {
	s.t.Helper()
	platform := s.box.Platform()
	stripe, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(platform.Key), ClientID: platform.ClientID,
		APIBase: s.box.URL(), ConnectBase: s.box.URL(), Logger: logger,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(stripe.Close)
	asked, err := stripe.Platform(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.registry.ClaimPlatform(s.t.Context(), registry.Platform{AccountID: asked.AccountID, Livemode: asked.Livemode})
	if err != nil {
		s.t.Fatal(err)
	}
	return stripe
}

func (s *server) serve(cfg api.Config) {
	router := mux.NewRouter().SkipClean(true)
	fallbacks := api.Register(router, cfg)
	router.NotFoundHandler, router.MethodNotAllowedHandler = fallbacks.NotFound, fallbacks.MethodNotAllowed
	listener := httptest.NewServer(fallbacks.Front(router))
	s.t.Cleanup(listener.Close)
	s.url = listener.URL
}

func (s *server) ready(context.Context) *api.Lack {
	if s.unready.Load() {
		return &api.Lack{Words: "The database is away.", Cause: errors.New("the database at secret.internal is gone")}
	}
	return nil
}

// connect makes the seller hold a new account of the sandbox's, read once; it returns the account's id.
func (s server) connect(sellerID, persona string) string {
	s.t.Helper()
	made := s.control("accounts", `{"persona":"`+persona+`"}`)
	var object struct{ ID string }
	if err := json.Unmarshal(made, &object); err != nil {
		s.t.Fatal(err)
	}
	s.observe(registry.Granted(registry.Grant{SellerID: sellerID, AccountID: object.ID, Interval: account.At(time.Now())}))
	if err := s.checker.Check(s.t.Context(), object.ID, registry.OAuth); err != nil {
		s.t.Fatal(err)
	}
	return object.ID
}

func (s server) observe(o registry.Observation) {
	s.t.Helper()
	outs, err := s.registry.Observe(s.t.Context(), []registry.Observation{o})
	if err != nil {
		s.t.Fatal(err)
	}
	if outs[0].Result != registry.Applied {
		s.t.Fatalf("%s: %s", outs[0].Result, outs[0].Why)
	}
}

// control asks the sandbox's own side.
func (s server) control(path, body string) []byte {
	s.t.Helper()
	got := send(s.t, newRequest(s.t, http.MethodPost, s.box.URL()+"/sandbox/"+path, body))
	if got.status != http.StatusOK {
		s.t.Fatalf("sandbox %s: %d %s", path, got.status, got.body)
	}
	return got.body
}

func (s server) newKey(scopes ...access.Scope) string {
	s.t.Helper()
	return s.makeKey(access.KeyParams{Name: "test", Scopes: scopes}).Secret
}
