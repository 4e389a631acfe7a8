package scan_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/stripeapi"
)

func (p *place) confirm(accountID string) {
	p.t.Helper()
	if err := p.Confirm(p.t.Context(), accountID, 0); err != nil {
		p.t.Error(err)
	}
}

func TestConfirmIsMadeAgainWhereNewsOvertookIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.stripe.onAnswer(func(string) {
		p.stripe.onAnswer(nil)
		p.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
		p.report(id, 1)
	})
	p.confirm(id)
	p.wantRetrieved(id, 2)
	if row := p.row(id); row.Status != "restricted" || row.CheckedAt == nil {
		t.Errorf("status %s, checked at %v", row.Status, row.CheckedAt)
	}
}

// TestConfirmIsContentWithAnothersCheck that came in between.
func TestConfirmIsContentWithAnothersCheck(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.stripe.onAnswer(func(string) { p.stripe.onAnswer(nil); p.check(id) })
	p.confirm(id)
	p.wantRetrieved(id, 2)
}

// TestConfirmThatKeepsRacingHoldsNothingBack: three answers are enough, and the account's turn stays what it was.
func TestConfirmThatKeepsRacingHoldsNothingBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.check(id)
	due := p.row(id).NextCheckAt
	events := 0
	p.stripe.onAnswer(func(string) { events++; p.report(id, 15+2*events) }) // each the same
	if err := p.Confirm(t.Context(), id, 0); err == nil || account.KindOf(err) != "" {
		t.Errorf("error %v", err)
	}
	p.wantRetrieved(id, 4)
	if row := p.row(id); row.CheckFailures != 0 || p.heldBack(id) != 0 || row.NextCheckAt.After(*due) {
		t.Errorf("%d failures, held back for %s, due at %v after %v", row.CheckFailures, p.heldBack(id), row.NextCheckAt, due)
	}
}

// TestConfirmDoesNotWaitForTheScansTurns: the scan has used up the budget, whose clock stands still, and waits.
func TestConfirmDoesNotWaitForTheScansTurns(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(2)
	budget := stripeapi.NewBudget(stripeapi.BudgetConfig{
		Queries: db.New(p.pool), Rate: 1, Clock: p.clock, Logger: slog.New(slog.DiscardHandler),
	})
	postgrestest.CloseAtEnd(t, budget)
	api := p.stripe.client(t, p.stripe.box.Platform().Key, func(cfg *stripeapi.Config) { cfg.Pacer = budget })
	trap := p.clock.Trap().NewTimer("turn")
	ctx, stop := context.WithCancel(t.Context())
	turns, scanned := api.Turns(), make(chan error, 1)
	go func() {
		for {
			if _, err := turns.Next(ctx); err != nil {
				scanned <- err
				return
			}
		}
	}()
	trap.MustWait(t.Context()).MustRelease(t.Context()) // until a second has gone by, which it never does
	trap.Close()
	taken := turns.Taken()
	checker := p.checkerOf(api)
	for range 30 {
		for _, id := range ids {
			if err := checker.Confirm(t.Context(), id, 0); err != nil {
				t.Error(err)
			}
		}
	}
	p.wantRetrieved(ids[0], 30)
	if now := turns.Taken(); now != taken {
		t.Errorf("the scan had %d turns meanwhile", now-taken)
	}
	stop()
	if err := <-scanned; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestConfirmOfWhoCameLateOutlivesTheOneItJoined, which ran out of time.
func TestConfirmOfWhoCameLateOutlivesTheOneItJoined(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("faults", `[{"path":"/v1/accounts/*","latency_ms":600000}]`)
	first := make(chan error, 1)
	go func() { first <- p.Confirm(t.Context(), id, 0) }()
	p.waitFor("the request", func() bool { return p.retrieved()["/v1/accounts/"+id] == 1 })
	p.control("faults", `[]`)
	if err := p.Confirm(t.Context(), id, time.Minute); err != nil {
		t.Error(err)
	}
	if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the first: %v", err)
	}
	p.wantRetrieved(id, 2)
}

// TestConfirmIsOfARetrievalThatBeganLateEnough: what Stripe said before somebody asked is nothing that they may be told, unless
// their max_age lets it. Who waits for the next shares that.
func TestConfirmIsOfARetrievalThatBeganLateEnough(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	said, arrive := make(chan struct{}), make(chan struct{})
	p.stripe.onAnswer(func(string) { p.stripe.onAnswer(nil); close(said); <-arrive })
	answered := make(chan string, 102)
	ask := func(maxAge time.Duration) {
		if err := p.Confirm(t.Context(), id, maxAge); err != nil {
			t.Error(err)
		}
		answered <- p.row(id).Status
	}
	go ask(0)
	<-said
	p.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	p.advance(10 * time.Second)
	go ask(10 * time.Second)
	for range 99 {
		go ask(0)
	}
	go ask(10*time.Second - 1)
	p.waitFor("all ask", func() bool { late, next := p.Sharers(id); return late == 1 && next == 100 })
	close(arrive)
	restricted := 0
	for range 102 {
		if <-answered == "restricted" {
			restricted++
		}
	}
	if restricted < 100 {
		t.Errorf("%d of 100 were told what Stripe says since they asked", restricted)
	}
	p.wantRetrieved(id, 2)
}

// TestCloseEndsWhatIsUnderWay: whoever waits is told.
func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("faults", `[{"path":"/v1/accounts/*","latency_ms":600000}]`)
	waits := make(chan error, 1)
	go func() { waits <- p.Confirm(context.WithoutCancel(t.Context()), id, 0) }()
	p.waitFor("the request", func() bool { return p.retrieved()["/v1/accounts/"+id] == 1 })
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
