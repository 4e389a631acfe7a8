package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/sandboxtest"
)

// served is a connectd that serves in the test's own process.
type served struct {
	t       *testing.T
	service *Service
	sandbox *sandboxtest.Sandbox
	key     string // has every scope
}

func serveOn(t *testing.T, databaseURL string) *served {
	t.Helper()
	stripe := sandboxtest.Start(t)
	service, err := Start(t.Context(), Config{
		PlaceSettings: PlaceSettings{Addr: "127.0.0.1:0"}, Database: DatabaseSettings{DatabaseURL: stripeapi.Secret(databaseURL)},
		Stripe: StripeSettings{
			StripeSecretKey: stripeapi.Secret(stripe.Key), StripeOAuthClientID: stripe.ClientID,
			StripeEndpointSecret: []stripeapi.Secret{stripeapi.Secret(stripe.WebhookSecret)},
			StripeAPIBase:        stripe.URL, StripeConnectBase: stripe.URL,
			StripeLimits: StripeLimits{StripeRate: 100, StripeReadAllocation: 10_000},
		},
		Service: ServiceSettings{
			ScanCron: "@every 1s", ScanBrake: "20,1%", RecheckEvery: 28 * 24 * time.Hour, StaleAfter: 35 * 24 * time.Hour,
			Gap: time.Hour, EventRetention: 90 * 24 * time.Hour, AdminPassword: "long enough", MetricsAddr: "127.0.0.1:0",
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := service.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	key, err := service.Keys.Create(t.Context(), access.KeyParams{Name: "test", Scopes: access.Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	return &served{t, service, stripe, key.Secret}
}

func serveHere(t *testing.T) *served {
	t.Helper()
	return serveOn(t, postgrestest.URL(t))
}

// ask makes a request as the platform does.
func (s *served) ask(method, address string) (status int, body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader("{}"))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answered, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(answered)
}

func (s *served) sql(statement string) {
	s.t.Helper()
	if _, err := s.service.pool.Exec(s.t.Context(), statement); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) eventually(what string, holds func() bool) {
	s.t.Helper()
	waittest.Until(s.t, what, holds)
}
