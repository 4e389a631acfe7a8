package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

// scopes are what each route asks for, as the README promises.
var scopes = map[string]access.Scope{
	"GET /v1/sellers/{seller_id}/readiness":          access.ReadinessRead,
	"POST /v1/readiness":                             access.ReadinessRead,
	"GET /v1/readiness":                              access.ReadinessRead,
	"GET /v1/changes":                                access.ReadinessRead,
	"GET /v1/changes/stream":                         access.ReadinessRead,
	"GET /v1/accounts":                               access.AccountsRead,
	"GET /v1/accounts/{id}":                          access.AccountsRead,
	"GET /v1/accounts/{id}/changes":                  access.AccountsRead,
	"POST /v1/accounts/{id}/recheck":                 access.AccountsWrite,
	"POST /v1/accounts/{id}/unlink":                  access.AccountsWrite,
	"POST /v1/accounts/{id}/reassign":                access.AccountsWrite,
	"DELETE /v1/sellers/{seller_id}":                 access.AccountsWrite,
	"GET /v1/scans":                                  access.AccountsRead,
	"GET /v1/scans/{id}":                             access.AccountsRead,
	"POST /v1/scans":                                 access.AccountsWrite,
	"POST /v1/scans/{id}/resume":                     access.AccountsWrite,
	"GET /v1/events":                                 access.AccountsRead,
	"GET /v1/events/{id}":                            access.AccountsRead,
	"POST /v1/events/{id}/replay":                    access.AccountsWrite,
	"GET /v1/event-endpoints":                        access.EventsWrite,
	"POST /v1/event-endpoints":                       access.EventsWrite,
	"GET /v1/event-endpoints/{id}":                   access.EventsWrite,
	"DELETE /v1/event-endpoints/{id}":                access.EventsWrite,
	"GET /v1/event-endpoints/{id}/deliveries":        access.EventsWrite,
	"POST /v1/event-endpoints/{id}/test":             access.EventsWrite,
	"POST /v1/event-endpoints/{id}/rotate":           access.EventsWrite,
	"POST /v1/event-endpoints/{id}/enable":           access.EventsWrite,
	"POST /v1/deliveries/{id}/redeliver":             access.EventsWrite,
	"POST /v1/sellers/{seller_id}/products":          access.SellingWrite,
	"POST /v1/sellers/{seller_id}/checkout-sessions": access.SellingWrite,
	"POST /v1/onboarding-links":                      access.OnboardingWrite,
	"POST /v1/oauth-states":                          access.OnboardingWrite,
	"POST /api/verifyStripe":                         access.OnboardingWrite,
}

// open are the routes that need no key.
var open = []string{"GET /healthz", "GET /readyz"}

func TestEachRouteHasItsScope(t *testing.T) {
	t.Parallel()
	for path, methods := range documentOf(t).Paths {
		for method, op := range methods {
			route := strings.ToUpper(method) + " " + path
			if slices.Contains(open, route) {
				continue
			}
			want, known := scopes[route]
			if !known || len(op.Security) != 1 || !slices.Equal(op.Security[0]["apiKey"], []string{string(want)}) {
				t.Errorf("%s: %v, want %q", route, op.Security, want)
			}
		}
	}
}

// TestWhichKeysOpenWhichRoutes: every route against every kind of key; of all scopes only one opens it.
func TestWhichKeysOpenWhichRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	unusable := map[string]string{
		"none": "", "unknown": "ck_test_" + strings.Repeat("0", 64), "of another database": "ck_live_" + strings.Repeat("0", 64),
		"Stripe's": "sk_test_" + strings.Repeat("0", 24), "of the other mode": s.liveKey(), "revoked": s.revokedKey(), "expired": s.expiredKey(),
	}
	for route, scope := range scopes {
		if strings.HasSuffix(route, "/stream") {
			route += "?after=7.7" // one that is open has no end
		}
		method, path, _ := strings.Cut(strings.NewReplacer("{id}", "acct_1", "{seller_id}", "s1").Replace(route), " ")
		for kind, key := range unusable {
			got := s.callAs(key, method, path, "")
			wantProblem(got, http.StatusUnauthorized, "unauthorized")
			if got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s, key %s: WWW-Authenticate %q", route, kind, got.header.Get("WWW-Authenticate"))
			}
		}
		others := slices.DeleteFunc(access.Scopes(), func(other access.Scope) bool { return other == scope })
		wantProblem(s.callAs(s.newKey(others...), method, path, ""), http.StatusForbidden, "scope_too_small")
		got := s.callAs(s.newKey(scope), method, path, "")
		if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden || got.status >= 500 {
			t.Errorf("%s: a key of %s gets %d %s", route, scope, got.status, got.body)
		}
	}
}

// TestKeysAreOneOnAllReplicas: a new one works at once on another, and one that was revoked there stops working here.
func TestKeysAreOneOnAllReplicas(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	other := s.beside()
	made := other.makeKey(access.KeyParams{Name: "n", Scopes: []access.Scope{access.ReadinessRead}})
	asked := func() answer { return s.callAs(made.Secret, http.MethodGet, "/v1/sellers/s1/readiness", "") }
	if got := asked(); got.status != http.StatusOK {
		t.Fatalf("a new key: %d %s", got.status, got.body)
	}
	if err := other.keys.Revoke(t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(1) // a second later, and what is in memory is as old
	wantProblem(asked(), http.StatusUnauthorized, "unauthorized")
	wantProblem(other.callAs(made.Secret, http.MethodGet, "/v1/sellers/s1/readiness", ""), http.StatusUnauthorized, "unauthorized")
}

func (s server) liveKey() string {
	return s.makeKey(access.KeyParams{Livemode: true, Name: "live", Scopes: access.Scopes()}).Secret
}

func (s server) revokedKey() string {
	made := s.makeKey(access.KeyParams{Name: "revoked", Scopes: access.Scopes()})
	if err := s.keys.Revoke(s.t.Context(), made.ID, account.Actor{Name: "test"}); err != nil {
		s.t.Fatal(err)
	}
	return made.Secret
}

func (s server) expiredKey() string {
	made := s.makeKey(access.KeyParams{Name: "expired", Scopes: access.Scopes(), ExpiresIn: time.Second})
	s.clock.Add(2)
	return made.Secret
}

func (s server) makeKey(p access.KeyParams) access.NewKey {
	s.t.Helper()
	made, err := s.keys.Create(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}
