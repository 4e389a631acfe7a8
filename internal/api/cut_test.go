package api_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/postgres/proxytest"
)

// TestWhileTheDatabaseIsAwayNobodyIsLetIn: it says so, whatever was asked and by whom, and is itself again afterwards.
func TestWhileTheDatabaseIsAwayNobodyIsLetIn(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]struct{ begin, end func(*proxytest.Proxy) }{
		"cut off": {(*proxytest.Proxy).Cut, (*proxytest.Proxy).Mend},
		"stalled": {(*proxytest.Proxy).Stall, (*proxytest.Proxy).Flow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := proxytest.New(t, postgrestest.URL(t))
			pool, err := postgres.Open(t.Context(), proxy.URL(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			s := newServerOn(t, pool, func(*api.Config) {})
			s.connect("s1", "complete")
			trouble.begin(proxy)
			s.clock.Add(1) // what is known of keys is too old by then
			s.wantUnavailable()
			trouble.end(proxy)
			for got := s.get("/v1/sellers/s1/readiness"); got.status != http.StatusOK; got = s.get("/v1/sellers/s1/readiness") {
				wantProblem(got, http.StatusServiceUnavailable, "unavailable")
			}
			if got := s.log.String(); strings.Contains(got, s.key) || strings.Contains(got, `"level":"ERROR","msg":"request failed"`) {
				t.Errorf("log %s", got)
			}
		})
	}
}

// wantUnavailable asks many things at once: each may have to wait for the database.
func (s server) wantUnavailable() {
	s.t.Run("unavailable", func(t *testing.T) {
		for _, key := range []string{s.key, "ck_test_" + strings.Repeat("0", 64)} {
			for _, route := range []string{
				"GET /v1/sellers/s1/readiness", "POST /v1/accounts/acct_1/recheck", "GET /v1/nothing", "PUT /v1/accounts", "POST /api/verifyStripe",
			} {
				t.Run(route, func(t *testing.T) {
					t.Parallel()
					s := s
					s.t = t
					method, path, _ := strings.Cut(route, " ")
					wantProblem(s.callAs(key, method, path, ""), http.StatusServiceUnavailable, "unavailable")
				})
			}
		}
	})
}
