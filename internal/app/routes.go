package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/route"
	"github.com/connectd/connectd/internal/web"
	"github.com/connectd/connectd/internal/webhook"
)

// openRoutes makes what answers requests.
func (p *parts) openRoutes(context.Context) error {
	admin, err := access.NewAdmin(access.AdminConfig{
		Password: string(p.cfg.Service.AdminPassword), PasswordHash: string(p.cfg.Service.AdminPasswordHash),
		Attempts: access.NewAttempts(p.pool),
	})
	if err != nil {
		return fmt.Errorf("CONNECTD_ADMIN_PASSWORD_HASH: %w", err)
	}
	looks, err := p.cfg.Service.Brand()
	if err != nil {
		return err
	}
	secure := strings.HasPrefix(p.cfg.BaseURL, "https://")
	router := mux.NewRouter().SkipClean(true) // a cleaned path would be redirected, and lose its body
	router.Use(route.Noted)
	p.router = router
	router.Handle(webhookPath, p.events).Methods(http.MethodPost)
	served := api.Register(router, api.Config{
		Registry: p.Registry, Onboarding: p.Onboarding, Checker: p.Checker, Selling: p.Selling, Webhook: p.events, Keys: p.Keys, Ready: p.ready,
		Scans: p.Scans, Feed: p.feed, Copy: p.copy, Endpoints: p.endpoints, WakeScan: p.scanner.Wake, Limits: api.NewLimits(p.cfg.Service.APIRate, time.Now),
		Logger: p.cfg.Logger,
	})
	pages := web.Register(router, web.Config{
		Onboarding: p.Onboarding, Registry: p.Registry, Checker: p.Checker, Admin: admin, Overview: p.overview, Status: p.status, Settings: p.cfg.settings(),
		Sessions: access.NewSessions(p.pool, access.SessionParams{Secure: secure, Credential: admin.Credential()}),
		BaseURL:  p.cfg.BaseURL, FormActionOrigins: p.grantOrigins(), Logger: p.cfg.Logger, Now: time.Now, Contract: served.Contract,
		Brand: looks, DashboardBase: p.dashboardBase(), PreviewSellers: p.cfg.PreviewSellers,
		Preferences: mail.Preferences{Queries: p.queries},
		Passes:      p.Scans, WakeScan: p.scanner.Wake, StripeRate: p.cfg.Stripe.StripeRate, Events: p.events,
		Endpoints: p.endpoints, Mails: p.mails(),
		Keys: p.Keys, Livemode: p.stripe.Livemode(), PolicyApplied: p.rejudger.Wake,
	})
	router.NotFoundHandler = either(served.NotFound, pages.NotFound)
	router.MethodNotAllowedHandler = either(served.MethodNotAllowed, pages.MethodNotAllowed)
	proxies, err := access.ParseProxies(p.cfg.Service.TrustedProxies)
	if err != nil {
		return fmt.Errorf("CONNECTD_TRUSTED_PROXIES: %w", err)
	}
	p.handler = p.observed(proxies, served.Front(router))
	return nil
}

// either answers programs with the first and people with the second.
func either(programs, people http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if forPrograms(r.URL.Path) {
			programs.ServeHTTP(w, r)
			return
		}
		people.ServeHTTP(w, r)
	})
}

func forPrograms(path string) bool {
	for _, prefix := range []string{"/v1/", "/api/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"/v1", "/healthz", "/readyz", "/openapi.json"}, path)
}

var errLeaving = errors.New("about to stop")

// ready says what keeps the service from answering. It has migrated when it serves, but a database may be set back.
func (s *Service) ready(ctx context.Context) *api.Lack {
	if s.leaving.Load() {
		return &api.Lack{Words: "This connectd is stopping; ask another one.", Cause: errLeaving}
	}
	err := postgres.Ready(ctx, s.pool)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, postgres.ErrNotMigrated):
		return &api.Lack{Words: "The database lacks migrations; run connectd migrate up.", Cause: err}
	case errors.Is(err, postgres.ErrTooOld):
		return &api.Lack{Words: "A newer connectd has migrated the database, which this one can't work with; start the newer one.", Cause: err}
	}
	return &api.Lack{Words: "The database does not answer; see that it runs and can be reached from here.", Cause: err}
}

func (s *Service) webhook() *webhook.Handler {
	secrets := make([]string, len(s.cfg.Stripe.StripeEndpointSecret))
	for i, secret := range s.cfg.Stripe.StripeEndpointSecret {
		secrets[i] = string(secret)
	}
	return webhook.New(webhook.Config{
		Registry: s.Registry, Secrets: secrets, Livemode: s.stripe.Livemode(), Stored: s.metrics.Stored, Logger: s.cfg.Logger,
	})
}

// dashboardBase is where sellers see their account: at Stripe, or in what stands in its place.
func (s *Service) dashboardBase() string {
	if base := strings.TrimSuffix(s.cfg.Stripe.StripeConnectBase, "/"); base != "https://connect.stripe.com" {
		return base
	}
	return "https://dashboard.stripe.com"
}

// grantOrigins are those that "Connect with Stripe" and Stripe's form for what is due lead to: a Content-Security-Policy's
// form-action governs the redirects after a form's POST too.
func (s *Service) grantOrigins() []string {
	return []string{strings.TrimSuffix(s.cfg.Stripe.StripeConnectBase, "/")}
}
