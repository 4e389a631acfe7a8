package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/metrics"
	"github.com/connectd/connectd/internal/testlog"
)

// TestWhatWasNeverAnsweredIsNoOK: who waited for it has gone.
func TestWhatWasNeverAnsweredIsNoOK(t *testing.T) {
	t.Parallel()
	logs := &testlog.Buffer{}
	s := &Service{Core: &Core{metrics: metrics.New("test", nil)}}
	s.cfg.Logger = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	s.counted(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(logs.String(), "status=499") {
		t.Errorf("logged: %s", logs.String())
	}
}
