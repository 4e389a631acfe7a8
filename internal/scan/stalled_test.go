package scan_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/proxytest"
)

// TestATickEndsWherePostgresIsStalled: it would wait for as long as the connection lives, and no account be checked meanwhile.
func TestATickEndsWherePostgresIsStalled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.connectDue(3)
	proxy := proxytest.New(t, p.pool.Config().ConnString())
	pool, err := postgres.Open(t.Context(), proxy.URL(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	q := openPlace(t, pool, p.clock, p.stripe, 20)
	proxy.Stall()
	q.scanner.AnswerWithin(300 * time.Millisecond)
	if _, err := q.scanner.Tick(t.Context(), p.clock.Now()); !postgres.IsUnavailable(err) {
		t.Errorf("the tick ends with %v", err)
	}
	proxy.Flow()
	q.scanner.AnswerWithin(time.Minute)
	if n := q.tick(); n != 3 {
		t.Errorf("%d accounts were checked once Postgres answered", n)
	}
}
