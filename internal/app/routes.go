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

func (s *Service) routes() (http.Handler, error) {
	admin, err := access.NewAdmin(access.AdminConfig{
		Password: string(s.cfg.Service.AdminPassword), PasswordHash: string(s.cfg.Service.AdminPasswordHash),
		Attempts: access.NewAttempts(s.pool),
	})
	if err != nil {
		return nil, fmt.Errorf("CONNECTD_ADMIN_PASSWORD_HASH: %w", err)
	}
	looks, err := s.cfg.Service.Brand()
	if err != nil {
		return nil, err
	}
	secure := strings.HasPrefix(s.cfg.BaseURL, "https://")
	router := mux.NewRouter().SkipClean(true) // a cleaned path would be redirected, and lose its body
	router.Use(route.Noted)
	s.router = router
	router.Handle(webhookPath, s.events).Methods(http.MethodPost)
	served := api.Register(router, api.Config{
		Registry: s.Registry, Onboarding: s.Onboarding, Checker: s.Checker, Selling: s.Selling, Webhook: s.events, Keys: s.Keys, Ready: s.ready,
		Scans: s.Scans, Feed: s.feed, Copy: s.copy, Endpoints: s.endpoints, WakeScan: s.scanner.Wake, Limits: api.NewLimits(s.cfg.Service.APIRate, time.Now),
		Logger: s.cfg.Logger,
	})
	pages := web.Register(router, web.Config{
		Onboarding: s.Onboarding, Registry: s.Registry, Checker: s.Checker, Admin: admin, Overview: s.overview, Status: s.status, Settings: s.cfg.settings(),
		Sessions: access.NewSessions(s.pool, access.SessionParams{Secure: secure, Credential: admin.Credential()}),
		BaseURL:  s.cfg.BaseURL, FormActionOrigins: s.grantOrigins(), Logger: s.cfg.Logger, Now: time.Now, Contract: served.Contract,
		Brand: looks, DashboardBase: s.dashboardBase(), PreviewSellers: s.cfg.PreviewSellers,
		Preferences: mail.Preferences{Queries: s.queries},
		Passes:      s.Scans, WakeScan: s.scanner.Wake, StripeRate: s.cfg.Stripe.StripeRate, Events: s.events,
		Endpoints: s.endpoints, Mails: s.mails(),
		Keys: s.Keys, Livemode: s.stripe.Livemode(), PolicyApplied: s.rejudger.Wake,
	})
	router.NotFoundHandler = either(served.NotFound, pages.NotFound)
	router.MethodNotAllowedHandler = either(served.MethodNotAllowed, pages.MethodNotAllowed)
	proxies, err := access.ParseProxies(s.cfg.Service.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("CONNECTD_TRUSTED_PROXIES: %w", err)
	}
	return s.observed(proxies, served.Front(router)), nil
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
