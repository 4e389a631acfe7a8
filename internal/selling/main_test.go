package selling_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/selling"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
	"github.com/connectd/connectd/sandboxtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// shop is a platform with one seller, s1, whose account works; the sandbox delivers the account's events to it.
type shop struct {
	t        *testing.T
	box      *sandboxtest.Sandbox
	pool     *pgxpool.Pool
	registry *registry.Registry
	checker  *scan.Checker
	selling  *selling.Service
	account  string
}

var quiet = slog.New(slog.DiscardHandler)

func newShop(t *testing.T, with ...func(*registry.Config)) *shop {
	t.Helper()
	s := &shop{t: t, box: sandboxtest.Start(t), pool: postgrestest.Pool(t)}
	if err := registry.SeedPolicy(t.Context(), db.New(s.pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	s.openRegistry(with...)
	stripe := s.openStripe()
	s.checker = scan.NewChecker(s.registry, stripe, time.Now, quiet)
	s.selling = selling.New(selling.Config{
		Registry: s.registry, Queries: db.New(s.pool), Stripe: stripe, Now: time.Now, Logger: quiet,
	})
	s.listen()
	s.connect()
	return s
}

func (s *shop) openRegistry(with ...func(*registry.Config)) {
	s.t.Helper()
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: quiet})
	if err != nil {
		s.t.Fatal(err)
	}
	cfg := registry.Config{Tell: notify.Tell(jobs), Logger: quiet}
	for _, change := range with {
		change(&cfg)
	}
	if s.registry, err = registry.New(s.t.Context(), s.pool, cfg); err != nil {
		s.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(s.t, s.registry)
}

func (s *shop) openStripe() *stripeapi.Client {
	s.t.Helper()
	stripe, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(s.box.Key), ClientID: s.box.ClientID, APIBase: s.box.URL, ConnectBase: s.box.URL, Logger: quiet,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(stripe.Close)
	err = s.registry.ClaimPlatform(s.t.Context(), registry.Platform{AccountID: s.box.Account})
	if err != nil {
		s.t.Fatal(err)
	}
	return stripe
}

func (s *shop) listen() {
	server := httptest.NewServer(webhook.New(webhook.Config{
		Registry: s.registry, Secrets: []string{s.box.WebhookSecret}, Logger: quiet,
	}))
	s.t.Cleanup(server.Close)
	s.box.Deliver(server.URL, "*")
}

func (s *shop) connect() {
	s.t.Helper()
	s.account = s.box.Connect(sandboxtest.Complete)
	_, err := s.registry.Observe(s.t.Context(), []registry.Observation{registry.Granted(registry.Grant{
		SellerID: "s1", AccountID: s.account, Interval: account.At(time.Now().Add(-time.Minute)),
	})})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.checker.Check(s.t.Context(), s.account, registry.OAuth); err != nil {
		s.t.Fatal(err)
	}
}

var s1 = selling.By{SellerID: "s1"}

// clay is a sale of some clay for so much.
func clay(amount int64) selling.Sale {
	return selling.Sale{Checkout: stripeapi.Checkout{
		SuccessURL: "https://shop.test/paid", ClientReferenceID: "order-7", Metadata: map[string]string{"order": "7"},
		LineItems: []stripeapi.LineItem{{Quantity: 1, PriceData: &stripeapi.PriceData{
			Currency: "eur", UnitAmount: &amount, ProductData: &stripeapi.ProductData{Name: "Clay"},
		}}},
	}}
}

func (s *shop) sell(by selling.By, sale selling.Sale) stripeapi.Made {
	s.t.Helper()
	made, err := s.selling.Checkout(s.t.Context(), by, sale)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// pay pays the session and waits until it is told; all that was told is answered.
func (s *shop) pay(sessionID string) []client.PaidCheckout {
	s.t.Helper()
	s.box.Pay(sandboxtest.Checkout{Account: s.account, Session: sessionID})
	return s.toldOf(sessionID)
}

func (s *shop) toldOf(sessionID string) []client.PaidCheckout {
	s.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	look := time.NewTicker(2 * time.Millisecond) // the sandbox delivers in its own time
	defer look.Stop()
	for {
		told := s.told(s.t.Context())
		if slices.ContainsFunc(told, func(sale client.PaidCheckout) bool { return sale.SessionID == sessionID }) {
			return told
		}
		select {
		case <-look.C:
		case <-deadline.C:
			s.t.Fatalf("waited in vain to be told of %s", sessionID)
		}
	}
}

func (s *shop) told(ctx context.Context) (sales []client.PaidCheckout) {
	s.t.Helper()
	rows, err := s.pool.Query(ctx, "select args from river_job where kind = 'event' order by id")
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowTo[notify.Event])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range events {
		var sale client.PaidCheckout
		if err := json.Unmarshal(e.Data, &sale); err != nil {
			s.t.Fatal(err)
		}
		sales = append(sales, sale)
	}
	return sales
}

// asked counts what the sandbox was asked to make.
func (s *shop) asked(path string) (n int) {
	s.t.Helper()
	for _, r := range s.box.Requests() {
		if r.Method == http.MethodPost && r.Path == path {
			n++
		}
	}
	return n
}

func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}
