package metrics

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/logging"
	"github.com/connectd/connectd/internal/testlog"
)

// TestOneQuestionThatHangsLeavesItsOwnFiguresOut: the others are shown, and the scrape says which it was.
func TestOneQuestionThatHangsLeavesItsOwnFiguresOut(t *testing.T) {
	t.Parallel()
	number := func(name string) func(int64, time.Time) []figure {
		return func(n int64, _ time.Time) []figure { return []figure{{name, "Help.", count(n), nil}} }
	}
	hangs := func(ctx context.Context, _ time.Time) (int64, error) { <-ctx.Done(); return 0, ctx.Err() }
	fails := func(context.Context, time.Time) (int64, error) { return 0, errors.New("no such table") }
	works := func(context.Context, time.Time) (int64, error) { return 7, nil }
	log := &testlog.Buffer{}
	m := New("", nil)
	m.collect([]question{
		asking("slow", hangs, number("connectd_slow")), asking("broken", fails, number("connectd_broken")),
		asking("first", works, number("connectd_first")), asking("second", works, number("connectd_second")),
	}, logging.New(log, 0, "text"))
	for range 2 { // the second is answered from what the first has had, and logs nothing again
		said := httptest.NewRecorder()
		m.Handler(logging.New(log, 0, "text")).ServeHTTP(said, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		for _, line := range []string{
			`connectd_database_up 0`, `connectd_database_answered{question="slow"} 0`, `connectd_database_answered{question="broken"} 0`,
			`connectd_database_answered{question="first"} 1`, `connectd_first 7`, `connectd_second 7`,
		} {
			if !strings.Contains(said.Body.String(), "\n"+line+"\n") {
				t.Errorf("%s is not in the answer", line)
			}
		}
		for _, name := range []string{"\nconnectd_slow", "\nconnectd_broken"} {
			if strings.Contains(said.Body.String(), name) {
				t.Errorf("%q is shown, and was not answered", name)
			}
		}
	}
	if words := log.String(); strings.Count(words, "question=slow") != 1 || strings.Count(words, "question=broken") != 1 {
		t.Errorf("the log says:\n%s", words)
	}
}
