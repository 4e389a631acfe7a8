package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/testlog"
)

// TestAPanicIsAnError, in the figures and in the log: Stripe's webhook has nobody else who would say so.
func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	log := &testlog.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	s := &Service{Core: newCore(logger, "test"), cfg: Config{Logger: logger}}
	server := httptest.NewServer(s.observed(access.Proxies{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })))
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("it was answered: %s", res.Status)
		_ = res.Body.Close()
	}
	server.Close() // and with it the handler has ended
	shown := httptest.NewRecorder()
	s.metrics.Handler(logger).ServeHTTP(shown, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(shown.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := value(families["connectd_http_request_duration_seconds"], "class", "5xx"); n != 1 {
		t.Errorf("%v are counted as errors", n)
	}
	if !strings.Contains(log.String(), `level=ERROR msg="panic while answering"`) || !strings.Contains(log.String(), "panic_test.go") {
		t.Errorf("the log does not say what broke:\n%s", log)
	}
}
