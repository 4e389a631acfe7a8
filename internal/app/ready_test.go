package app

import (
	"net/http"
	"testing"

	"github.com/connectd/connectd/sandboxtest"
)

// TestTroublesElsewhereLeaveAReplicaReady: an orchestrator would take replicas away that answer product code well.
func TestTroublesElsewhereLeaveAReplicaReady(t *testing.T) {
	t.Parallel()
	s := serveHere(t)
	s.connected("silence", "complete")
	for _, trouble := range []struct {
		name  string
		cause func()
	}{
		{"Stripe answers nobody", func() { s.sandbox.Fail(sandboxtest.Fault{Status: http.StatusServiceUnavailable}) }},
		{"a check is weeks overdue", func() { s.sql(`update accounts set next_check_at = next_check_at - interval '90 days'`) }},
		{"accounts fail their checks", func() { s.sql(`update accounts set failing_since = now() - interval '30 days', check_failures = 99`) }},
		{"the scan is stopped", func() {
			s.sql(`insert into scans (id, state, why, started_by, started_at, finished_at)
				values ('stopped', 'stopped', 'Stripe refuses the key', 'schedule', now() + interval '1 day', now() + interval '1 day')`)
		}},
		{"no event has come for months", func() { s.sql(`delete from stripe_events`) }},
		{"Stripe has switched the endpoint off", func() { s.sql(`update heartbeat set deaf_since = now()`) }},
		{"Stripe can't be reached at all", func() { s.sandbox.Fail(sandboxtest.Fault{Drop: true}) }},
	} {
		trouble.cause()
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := s.ask(http.MethodGet, s.service.URL+path); status != http.StatusOK {
				t.Errorf("%s: %s answers %d %s", trouble.name, path, status, body)
			}
		}
		if status, body := s.ask(http.MethodGet, s.service.URL+"/v1/sellers/silence/readiness"); status != http.StatusOK {
			t.Errorf("%s: readiness is answered %d %s", trouble.name, status, body)
		}
	}
	s.sandbox.Fail()
}

// TestReadyGoesByTheDatabase: without it nothing can be answered, and the process is alive all the same.
func TestReadyGoesByTheDatabase(t *testing.T) {
	t.Parallel()
	database := newStallable(t)
	s := serveOn(t, database.URL())
	database.Cut()
	s.eventually("/readyz to say so", func() bool {
		status, _ := s.ask(http.MethodGet, s.service.URL+"/readyz")
		return status == http.StatusServiceUnavailable
	})
	if status, _ := s.ask(http.MethodGet, s.service.URL+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	database.Mend()
	s.eventually("/readyz to be well again", func() bool {
		status, _ := s.ask(http.MethodGet, s.service.URL+"/readyz")
		return status == http.StatusOK
	})
}
