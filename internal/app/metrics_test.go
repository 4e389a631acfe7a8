package app

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/postgres/proxytest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/sandboxtest"
)

// placeholder is a variable in a route's pattern.
var placeholder = regexp.MustCompile(`\{[^{}]*(\{[^{}]*\}[^{}]*)*\}`)

func newStallable(t *testing.T) *proxytest.Proxy {
	t.Helper()
	return proxytest.New(t, postgrestest.URL(t))
}

// connected has a seller connect an account of a persona.
func (s *served) connected(seller string, persona sandboxtest.Persona) (accountID string) {
	s.t.Helper()
	id := s.sandbox.Connect(persona)
	retrieved, err := s.service.stripe.Account(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	grant := registry.Grant{SellerID: seller, AccountID: id, Interval: account.Interval{From: retrieved.Interval.From, To: retrieved.Interval.From}}
	if _, err := s.service.Registry.Observe(s.t.Context(), []registry.Observation{registry.Granted(grant)}); err != nil {
		s.t.Fatal(err)
	}
	if err := s.service.Checker.Check(s.t.Context(), id, registry.Recheck); err != nil {
		s.t.Fatal(err)
	}
	return id
}

// scrape asks as Prometheus does.
func (s *served) scrape() map[string]*dto.MetricFamily {
	s.t.Helper()
	status, body := s.ask(http.MethodGet, s.service.MetricsURL)
	if status != http.StatusOK {
		s.t.Fatalf("/metrics answers %d %s", status, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return families
}

// value is that of the series with these labels (name, value, …), of a histogram how many it has counted.
func value(f *dto.MetricFamily, labels ...string) (found float64, ok bool) {
	for _, m := range f.GetMetric() {
		if !hasLabels(m, labels) {
			continue
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()), true
	}
	return 0, false
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == pair[0] && l.GetValue() == pair[1] }) {
			return false
		}
	}
	return true
}

// TestMetricsSayWhatHappened: what is done is seen, each in its metric.
func TestMetricsSayWhatHappened(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	s.sandbox.Deliver(s.service.URL+"/api/connectWebhook", "account.updated")
	id := s.connected("s1", "complete")
	s.sandbox.Change(id, sandboxtest.Patch{"charges_enabled": false})
	s.ask(http.MethodGet, s.service.URL+"/v1/sellers/s1/readiness")
	s.ask(http.MethodGet, s.service.URL+"/v1/sellers/s1/readiness?max_age=1000h")
	want := []struct {
		name   string
		labels []string
		least  float64
	}{
		{"connectd_http_request_duration_seconds", []string{"method", "GET", "route", "/v1/sellers/{seller_id}/readiness", "class", "2xx"}, 2},
		{"connectd_http_request_duration_seconds", []string{"method", "POST", "route", "/api/connectWebhook", "class", "2xx"}, 1},
		{"connectd_webhook_events_total", []string{"type", "account.updated", "outcome", "applied"}, 1},
		{"connectd_webhook_lag_seconds", nil, 1},
		{"connectd_commit_group_size", nil, 3},
		{"connectd_commit_duration_seconds", []string{"result", "ok"}, 3},
		{"connectd_commit_queue_capacity", nil, 4096},
		{"connectd_observations_total", []string{"source", "webhook", "result", "applied"}, 1},
		{"connectd_stripe_request_duration_seconds", []string{"operation", "GET /v1/accounts/{id}", "answer", "ok"}, 1},
		{"connectd_accounts", []string{"status", "restricted"}, 1},
		{"connectd_database_up", nil, 1},
		{"connectd_stripe_reads", nil, 1},
		{"connectd_stripe_read_allocation", nil, 10_000},
		{"connectd_scan_state", []string{"state", "none"}, 1},
		{"connectd_webhook_last_event_timestamp_seconds", nil, 1},
		{"connectd_heartbeat_timestamp_seconds", nil, 1},
		{"connectd_readiness_copy_leased", nil, 1},
		{"connectd_readiness_copy_sellers", nil, 1},
		{"connectd_pool_connections_max", nil, 1},
		{"connectd_pool_acquires_total", nil, 1},
		{"connectd_job_leader", nil, 1},
		{"go_goroutines", nil, 1},
		{"process_cpu_seconds_total", nil, 0},
		{"connectd_build_info", nil, 1},
	}
	var missing []string
	s.eventuallyOr("what happened to be seen", func() bool {
		families := s.scrape()
		missing = nil
		for _, w := range want {
			if got, ok := value(families[w.name], w.labels...); !ok || got < w.least {
				missing = append(missing, fmt.Sprintf("%s%v is %v, want %v or more", w.name, w.labels, got, w.least))
			}
		}
		return len(missing) == 0
	}, func() string { return strings.Join(missing, "\n") })
}

func (s *served) eventuallyOr(what string, holds func() bool, instead func() string) {
	s.t.Helper()
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Log(instead())
		}
	})
	s.eventually(what, holds)
}

// TestSeriesAreBounded asks every route, with ids, tokens and methods of a stranger's choice: no more series come of that than
// there are routes.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	patterns := s.patterns()
	if len(patterns) < 50 {
		t.Fatalf("%d routes were found", len(patterns))
	}
	s.askEach(patterns, "one")
	before := s.scrape()
	series := count(before)
	for _, id := range []string{"two", "three"} {
		s.askEach(patterns, id)
	}
	for i := range 30 {
		s.ask(fmt.Sprintf("stranger-%d", i), s.service.URL+"/v1/nothing")
	}
	after := s.scrape()
	for name, f := range after {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if strings.Contains(l.GetValue(), "stranger-") {
					t.Errorf("%s has the label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
	if more := count(after) - series; more > 20 { // another class of an answer here and there
		t.Errorf("%d series have become %d", series, count(after))
	}
	if n := len(after["connectd_http_request_duration_seconds"].GetMetric()); n > 4*len(patterns) {
		t.Errorf("%d series of %d routes", n, len(patterns))
	}
	t.Logf("%d routes, %d series", len(patterns), count(after))
}

func count(families map[string]*dto.MetricFamily) (series int) {
	for _, f := range families {
		series += len(f.GetMetric())
	}
	return series
}

// patterns are those of all routes.
func (s *served) patterns() []string {
	s.t.Helper()
	var found []string
	err := s.service.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		pattern, err := route.GetPathTemplate()
		if err == nil && !slices.Contains(found, pattern) {
			found = append(found, pattern)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// askEach asks each route but those that stay open.
func (s *served) askEach(patterns []string, id string) {
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "/v1/changes") {
			continue
		}
		path := placeholder.ReplaceAllString(pattern, "stranger-"+id)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s.ask(method, s.service.URL+path)
		}
	}
}

// TestADatabaseThatHangsHangsNoScrape: the process's own figures are there, and that the database's are not.
func TestADatabaseThatHangsHangsNoScrape(t *testing.T) {
	t.Parallel()
	database := newStallable(t)
	s := serveOn(t, database.URL())
	s.eventually("the database's figures", func() bool { up, ok := value(s.scrape()["connectd_database_up"]); return ok && up == 1 })
	database.Stall()
	s.eventually("a scrape that says that the database is away", func() bool {
		families := s.scrape() // answers, whatever the database does
		up, ok := value(families["connectd_database_up"])
		if _, stale := families["connectd_accounts"]; stale && up == 0 {
			t.Error("figures are shown that were not read")
		}
		if _, own := value(families["connectd_commit_queue_capacity"]); !own {
			t.Error("the process's own figures are missing")
		}
		return ok && up == 0
	})
	database.Flow()
	s.eventually("the database's figures again", func() bool { up, _ := value(s.scrape()["connectd_database_up"]); return up == 1 })
}
