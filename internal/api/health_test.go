package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/api"
	"github.com/connectd/connectd/internal/testlog"
)

func TestHealthNeedsNoKey(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		got := s.callAs("", http.MethodGet, path, "")
		if got.status != http.StatusOK || string(got.body) != `{"status":"ok"}`+"\n" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestUnreadyIsSaidInWordsWithoutTheCause(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.unready.Store(true)
	got := s.callAs("", http.MethodGet, "/readyz", "")
	if said := wantProblem(got, http.StatusServiceUnavailable, "not_ready"); said.Detail != "The database is away." {
		t.Errorf("detail %q", said.Detail)
	}
	if strings.Contains(string(got.body), "secret.internal") || !strings.Contains(s.log.String(), "secret.internal") {
		t.Errorf("the cause belongs in the log, not in the answer: %s", got.body)
	}
	if got := s.callAs("", http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
		t.Errorf("alive: %d", got.status)
	}
}

func TestAPanicIsAnInternalErrorAndLogged(t *testing.T) {
	t.Parallel()
	log := &testlog.Buffer{}
	router := mux.NewRouter().SkipClean(true)
	api.Register(router, api.Config{
		Logger: slog.New(slog.NewJSONHandler(log, nil)), Ready: func(context.Context) *api.Lack { panic("the secret cause") },
	})
	listener := httptest.NewServer(router)
	t.Cleanup(listener.Close)
	got := send(t, newRequest(t, http.MethodGet, listener.URL+"/readyz", ""))
	wantProblem(got, http.StatusInternalServerError, "internal")
	if strings.Contains(string(got.body), "secret") || !strings.Contains(log.String(), "the secret cause") {
		t.Errorf("answer %s, log %s", got.body, log)
	}
}

func TestWithoutADatabaseNothingIsAYes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	s.pool.Close()
	for _, path := range []string{"/v1/sellers/s1/readiness", "/v1/accounts", "/v1/nothing"} {
		got := s.get(path)
		wantProblem(got, http.StatusInternalServerError, "internal")
		if strings.Contains(string(got.body), "pool") {
			t.Errorf("%s tells the cause: %s", path, got.body)
		}
	}
	if !strings.Contains(s.log.String(), "closed pool") {
		t.Error("the cause is not in the log")
	}
}
