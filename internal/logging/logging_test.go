package logging_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/connectd/connectd/internal/logging"
	"github.com/connectd/connectd/internal/testlog"
)

func TestALineSaysWhatItsContextKnows(t *testing.T) {
	t.Parallel()
	log := &testlog.Buffer{}
	logger := logging.New(log, slog.LevelInfo, "json").With("part", "test")
	ctx := logging.With(t.Context(), slog.String("request", "r1"), slog.String("event", "evt_1"))
	ctx = logging.With(ctx, slog.String("account", "acct_1"))
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled,
	}))
	logger.InfoContext(ctx, "stored", "event", "evt_2")
	var line map[string]string
	if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	want := map[string]string{
		"level": "INFO", "msg": "stored", "part": "test", "request": "r1", "event": "evt_2", "account": "acct_1",
		"trace": "01000000000000000000000000000000",
	}
	for name := range want {
		if line[name] != want[name] {
			t.Errorf("%s is %q, want %q", name, line[name], want[name])
		}
	}
	if strings.Count(log.String(), `"event"`) != 1 {
		t.Errorf("what the line says itself is said twice: %s", log)
	}
}

func TestContextsDoNotShareWhatTheyAdd(t *testing.T) {
	t.Parallel()
	log := &testlog.Buffer{}
	logger := logging.New(log, slog.LevelInfo, "text")
	all := logging.With(t.Context(), slog.String("request", "r1"))
	one, other := logging.With(all, slog.String("event", "evt_1")), logging.With(all, slog.String("event", "evt_2"))
	logger.InfoContext(one, "first")
	logger.InfoContext(other, "second")
	logger.InfoContext(all, "third")
	for _, want := range []string{"msg=first request=r1 event=evt_1\n", "msg=second request=r1 event=evt_2\n", "msg=third request=r1\n"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in\n%s", want, log)
		}
	}
}

// TestARequestHasOneID: the proxy's where it is trusted, and nothing that a stranger makes up.
func TestARequestHasOneID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, asked string
		trusted     bool
		kept        bool
	}{
		{"a trusted proxy's", "0f8fad5b-d9cb-469f-a165-70867728950e", true, true},
		{"a stranger's", "0f8fad5b-d9cb-469f-a165-70867728950e", false, false},
		{"none", "", true, false},
		{"one that breaks a line", "a\" level=ERROR", true, false},
		{"one that is too long", strings.Repeat("a", 129), true, false},
	} {
		log := &testlog.Buffer{}
		logger := logging.New(log, slog.LevelInfo, "text")
		handler := logging.Requests(func(*http.Request) bool { return c.trusted },
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { logger.InfoContext(r.Context(), "asked") }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("X-Request-Id", c.asked)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		id := answer.Header().Get("X-Request-Id")
		if (id == c.asked && id != "") != c.kept || len(id) < 20 {
			t.Errorf("%s: %q became %q", c.name, c.asked, id)
		}
		if !strings.Contains(log.String(), "request="+id+"\n") {
			t.Errorf("%s: the log has another: %s", c.name, log)
		}
	}
}
