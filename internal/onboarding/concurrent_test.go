package onboarding_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// on calls f when the next requests to path arrive, before they go on.
func (g *gate) on(path string, f func()) {
	hold := func(at string) {
		if at == path {
			f()
		}
	}
	g.hold.Store(&hold)
}

// after calls f once the next requests to path are done at Stripe, before the answer goes on.
func (g *gate) after(path string, f func()) {
	done := func(at string) {
		if at == path {
			f()
		}
	}
	g.done.Store(&done)
}

// callers counts who has looked for another caller's answer.
type callers struct {
	mu     sync.Mutex
	seen   map[int]bool
	all    int
	waited chan struct{} // closed once all have
}

type callerKey struct{}

func newCallers(all int) *callers {
	return &callers{seen: map[int]bool{}, all: all, waited: make(chan struct{})}
}

// TraceQueryStart is pgx's: a caller who reads a code's row waits for its answer.
func (c *callers) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	caller, ok := ctx.Value(callerKey{}).(int)
	if !ok || !strings.Contains(data.SQL, "name: Code :one") {
		return ctx
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.seen[caller] {
		c.seen[caller] = true
		if len(c.seen) == c.all {
			close(c.waited)
		}
	}
	return ctx
}

// TraceQueryEnd is pgx's.
func (*callers) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *callers) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// traced is a second pool on the database of the first.
func traced(t *testing.T, pool *pgxpool.Pool, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	cfg := pool.Config()
	cfg.ConnConfig.Tracer = tracer
	second, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	return second
}

// arrivals are the answers to as many callers with one code, taken in turns by the services.
func arrivals(t *testing.T, w *walk, n int, services ...*place) ([]onboarding.Arrival, []error) {
	t.Helper()
	found, errs := make([]onboarding.Arrival, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			ctx := context.WithValue(t.Context(), callerKey{}, i)
			found[i], errs[i] = services[i%len(services)].Arrive(ctx, w.back, w.cookie)
		})
	}
	group.Wait()
	return found, errs
}

func TestTwentyArrivalsWithOneCodeMakeOneExchange(t *testing.T) {
	t.Parallel()
	const n = 20
	first := newPlace(t)
	waiting := newCallers(n - 1)
	pool := traced(t, first.pool, waiting)
	one, two := openPlace(t, pool, first.stripe, first.clock), openPlace(t, pool, first.stripe, first.clock)
	during := 0
	first.stripe.gate.on(exchanges, func() {
		select {
		case <-waiting.waited:
		case <-t.Context().Done():
		}
		during = waiting.count()
	})
	w := first.departFrom(first.link(onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin})).decide("persona=complete")
	found, errs := arrivals(t, w, n, one, two)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i := range found {
		if diff := cmp.Diff(found[0], found[i]); diff != "" {
			t.Errorf("caller %d is answered otherwise than the first:\n%s", i, diff)
		}
	}
	t.Logf("%d of %d callers waited for the exchange of another", during, n)
	if during == 0 {
		t.Error("nobody waited, so nothing was tried")
	}
	first.wantAsked(exchanges, 1)
	first.wantStatus("s1", account.Enabled)
}

func TestThoseWhoWaitForAnExchangeThatIsCutAreToldSo(t *testing.T) {
	t.Parallel()
	const n = 4
	first := newPlace(t)
	waiting := newCallers(n - 1)
	p := openPlace(t, traced(t, first.pool, waiting), first.stripe, first.clock)
	first.fault(exchanges, `"drop":true`)
	first.stripe.gate.on(exchanges, func() {
		select {
		case <-waiting.waited:
			first.clock.advance(15 * time.Second) // as long as anyone waits
		case <-t.Context().Done():
		}
	})
	w := p.depart("s1").decide("persona=complete")
	_, errs := arrivals(t, w, n, p)
	for _, err := range errs {
		wantError(t, err, account.Unanswered, "")
	}
	first.wantAsked(exchanges, 1)
}

func TestTwoSellersWhoRaceForOneAccountLeaveItWithOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	q := openPlace(t, p.pool, p.stripe, p.clock)
	p.newAccount("acct_1raced", "complete")
	walks := []*walk{p.depart("s1").decide("account=acct_1raced"), q.depart("s2").decide("account=acct_1raced")}
	errs := make([]error, len(walks))
	var group sync.WaitGroup
	for i, w := range walks {
		group.Go(func() { _, errs[i] = w.arrive() })
	}
	group.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("errors %v, want one", errs)
	}
	wantError(t, errors.Join(errs...), account.Conflict, "")
	p.wantAsked(deauthorizations, 0)
	if n := p.count("select count(*) from connections where disconnected_at is null"); n != 1 {
		t.Errorf("%d open connections", n)
	}
}
