package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAPanicAmidAnAnswerCutsIt: half an answer must not look like a whole one.
func TestAPanicAmidAnAnswerCutsIt(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &service{logger: slog.New(slog.NewTextHandler(&log, nil))}
	listener := httptest.NewServer(s.recovered(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"data":[`))
		_ = http.NewResponseController(w).Flush()
		panic("the cause")
	})))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listener.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	listener.Close() // the handler has ended: what it logged can be read
	if err == nil {
		t.Errorf("the answer ended well: %q", said)
	}
	if !strings.Contains(log.String(), "the cause") {
		t.Errorf("log %q", log.String())
	}
}
