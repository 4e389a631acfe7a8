package api_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
)

// limitedServer lets each key make three requests a second, by a clock that stands still.
func limitedServer(t *testing.T) (s server, second func()) {
	t.Helper()
	var at atomic.Int64
	s = newServerOn(t, postgrestest.Pool(t), func(cfg *api.Config) {
		cfg.Limits = api.NewLimits(3, func() time.Time { return time.Unix(at.Load(), 0) })
	})
	return s, func() { at.Add(1) }
}

func wantLimit(a answer, left int) {
	a.t.Helper()
	if got := a.header.Get("RateLimit-Policy"); got != `"key";q=3;w=1` {
		a.t.Errorf("RateLimit-Policy %s", got)
	}
	if got, want := a.header.Get("RateLimit"), fmt.Sprintf(`"key";r=%d;t=1`, left); got != want {
		a.t.Errorf("RateLimit %s, want %s", got, want)
	}
}

// TestAKeyIsHeldToItsRate on all routes together, and other keys are not.
func TestAKeyIsHeldToItsRate(t *testing.T) {
	t.Parallel()
	s, second := limitedServer(t)
	for range 2 {
		for i, path := range []string{"/v1/sellers/s1/readiness", "/v1/nothing", "/v1/accounts?limit=0"} {
			got := s.get(path)
			if got.status == http.StatusTooManyRequests {
				t.Errorf("%s: %d", path, got.status)
			}
			wantLimit(got, 2-i)
		}
		for _, call := range []func() answer{
			func() answer { return s.get("/v1/sellers/s1/readiness") },
			func() answer { return s.get("/v1/nothing") },
			func() answer { return s.call(http.MethodPut, "/v1/accounts", "") },
			func() answer { return s.post("/api/verifyStripe", "{") },
		} {
			got := call()
			wantProblem(got, http.StatusTooManyRequests, "rate_limited")
			wantLimit(got, 0)
			if got.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
		}
		other := s.callAs(s.newKey(access.ReadinessRead), http.MethodGet, "/v1/sellers/s1/readiness", "")
		if other.status != http.StatusOK {
			t.Errorf("another key: %d", other.status)
		}
		second()
	}
}

// TestWhoIsNotLetInIsNotCounted: 401 and 403 come first, and neither is the key's use.
func TestWhoIsNotLetInIsNotCounted(t *testing.T) {
	t.Parallel()
	s, _ := limitedServer(t)
	reader := s.newKey(access.ReadinessRead)
	for range 5 {
		refused := s.callAs(reader, http.MethodGet, "/v1/accounts", "")
		wantProblem(refused, http.StatusForbidden, "scope_too_small")
		if refused.header.Get("RateLimit") != "" {
			t.Error("a refusal says how much is left")
		}
		wantProblem(s.callAs("", http.MethodGet, "/v1/accounts", ""), http.StatusUnauthorized, "unauthorized")
	}
	got := s.callAs(reader, http.MethodGet, "/v1/sellers/s1/readiness", "")
	if got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	wantLimit(got, 2)
}

// TestWhatNeedsNoKeyHasNoLimit: an orchestrator's probes, say.
func TestWhatNeedsNoKeyHasNoLimit(t *testing.T) {
	t.Parallel()
	s, _ := limitedServer(t)
	for range 5 {
		for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
			if got := s.callAs(s.key, http.MethodGet, path, ""); got.status != http.StatusOK || got.header.Get("RateLimit") != "" {
				t.Errorf("%s: %d, RateLimit %q", path, got.status, got.header.Get("RateLimit"))
			}
		}
	}
}

func TestWithoutALimitNothingIsSaidOfOne(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.get("/v1/sellers/s1/readiness"); got.header.Get("RateLimit") != "" || got.header.Get("RateLimit-Policy") != "" {
		t.Errorf("header %v", got.header)
	}
}
