package scan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	day          = 24 * time.Hour
	recheckEvery = 28 * day
)

func TestCheckStoresWhatStripeSays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.check(id)
	row := p.row(id)
	if row.Status != "enabled" || row.CheckedAt == nil || !row.CheckedAt.Equal(t0) {
		t.Errorf("status %s, checked at %v", row.Status, row.CheckedAt)
	}
	if due := row.NextCheckAt.Sub(t0); due > recheckEvery || due < recheckEvery-2*day {
		t.Errorf("due again in %s, want 26 to 28 days", due)
	}
	if held := p.heldBack(id); held != 0 {
		t.Errorf("held back for %s", held)
	}
}

func TestCheckFindsWhatNoEventTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.check(id)
	p.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	p.check(id)
	if row := p.row(id); row.Status != "restricted" {
		t.Errorf("status %s", row.Status)
	}
	changes, err := p.registry.History(t.Context(), id, 0, 1)
	if err != nil || len(changes) != 1 || changes[0].Source != "recheck" || changes[0].RequestID == nil {
		t.Errorf("newest change %+v, %v", changes, err)
	}
}

// report is an account.updated of the account, n seconds after t0, that takes its payouts away or gives them back.
func (p *place) report(accountID string, n int) {
	p.t.Helper()
	yes, odd := true, n%2 == 1
	e := registry.Event{ID: fmt.Sprintf("evt_%d", n), Type: "account.updated", Account: accountID, Created: t0.Add(time.Duration(n) * time.Second)}
	outs, err := p.registry.Observe(context.WithoutCancel(p.t.Context()), []registry.Observation{registry.Reported(e, account.Facts{
		Connected: true, ChargesEnabled: &yes, PayoutsEnabled: &odd, DetailsSubmitted: &yes,
	})})
	if err != nil || outs[0].Result != registry.Applied {
		p.t.Errorf("event %d: %+v, %v", n, outs, err)
	}
}

func TestCheckIsMadeAgainWhereNewsOvertookIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.stripe.onAnswer(func(string) {
		p.stripe.onAnswer(nil)
		p.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
		p.report(id, 1)
	})
	p.check(id)
	p.wantRetrieved(id, 2)
	if row := p.row(id); row.Status != "restricted" || *row.ChargesEnabled {
		t.Errorf("status %s: the answer that was overtaken has won", row.Status)
	}
}

func TestCheckThatKeepsRacingIsHeldBackAndNoFailure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connectDue(1)[0]
	events := 0
	p.stripe.onAnswer(func(string) { events++; p.report(id, 15+events) })
	p.check(id)
	p.wantRetrieved(id, 3)
	row := p.row(id)
	if row.CheckFailures != 0 || row.LastCheckError != nil || row.CheckedAt != nil {
		t.Errorf("%d failures, %v, checked at %v", row.CheckFailures, row.LastCheckError, row.CheckedAt)
	}
	if row.NextCheckAt == nil || row.NextCheckAt.After(p.clock.Now()) || p.heldBack(id) != time.Minute {
		t.Errorf("due at %v, held back for %s; want due, in a minute", row.NextCheckAt, p.heldBack(id))
	}
	p.stripe.onAnswer(nil)
	if n := p.tick(); n != 0 {
		t.Errorf("%d checked within the minute", n)
	}
	p.advance(time.Minute)
	if n := p.tick(); n != 1 || p.row(id).CheckedAt == nil {
		t.Errorf("%d checked after the minute", n)
	}
}

func TestAccountThatIsGoneIsDisconnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("accounts/"+id+"/deauthorize?silent=1", "")
	p.check(id)
	row := p.row(id)
	if row.Status != "disconnected" || *row.DisconnectReason != "account_invalid" || row.NextCheckAt != nil {
		t.Errorf("status %s as %v, due at %v", row.Status, row.DisconnectReason, row.NextCheckAt)
	}
	if n := p.retrieved()["/v1/account"]; n != 1 {
		t.Errorf("the platform was confirmed %d times", n)
	}
}

func TestAccountThatIsGoneRacesAsAnyAnswer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("faults", `[{"path":"/v1/accounts/*","status":403,"times":1}]`)
	p.stripe.onAnswer(func(string) { p.stripe.onAnswer(nil); p.report(id, 1) })
	p.check(id)
	p.wantRetrieved(id, 2)
	if row := p.row(id); row.DisconnectedAt != nil || row.Status != "enabled" {
		t.Errorf("status %s: an answer that was overtaken has disconnected the account", row.Status)
	}
}

// wantFailed holds that a check failed as kind, and that the account is connected and due still.
func (p *place) wantFailed(err error, kind stripeapi.Kind, accountID string, failures int32) {
	p.t.Helper()
	if stripeapi.KindOf(err) != kind {
		p.t.Errorf("error %v, want %s", err, kind)
	}
	row := p.row(accountID)
	if row.DisconnectedAt != nil || row.CheckFailures != failures || (row.LastCheckError == nil) != (failures == 0) {
		p.t.Errorf("disconnected at %v, %d failures, %v; want %d failures", row.DisconnectedAt, row.CheckFailures, row.LastCheckError, failures)
	}
	if row.NextCheckAt == nil || row.NextCheckAt.After(p.clock.Now()) {
		p.t.Errorf("due at %v", row.NextCheckAt)
	}
}

func TestKeyOfAnotherPlatformDisconnectsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	var other struct{ Key string }
	if err := json.Unmarshal(p.control("platforms", `{}`), &other); err != nil {
		t.Fatal(err)
	}
	foreign := p.checkerOf(p.stripe.client(t, other.Key))
	err := foreign.Check(t.Context(), id, registry.Scan)
	p.wantFailed(err, stripeapi.KeyWrong, id, 0)
	if strings.Contains(err.Error(), other.Key) {
		t.Error("the error holds the key")
	}
}

func TestDatabaseOfNoPlatformDisconnectsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	if _, err := p.pool.Exec(t.Context(), "delete from platform"); err != nil {
		t.Fatal(err)
	}
	p.control("accounts/"+id+"/deauthorize?silent=1", "")
	p.wantFailed(p.Check(t.Context(), id, registry.Scan), stripeapi.KeyWrong, id, 0)
}

func TestPlatformThatCanNotBeConfirmedDisconnectsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("accounts/"+id+"/deauthorize?silent=1", "")
	p.control("faults", `[{"path":"/v1/account","status":500}]`)
	p.wantFailed(p.Check(t.Context(), id, registry.Scan), stripeapi.Unreachable, id, 1)
}

func TestFailedCheckIsCountedAndForgottenByTheNextThatSucceeds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	for _, tt := range []struct {
		fault    string
		kind     stripeapi.Kind
		failures int32 // so far: what is about the key, or the rate, is no failure of the account
	}{
		{`"status":429`, stripeapi.RateLimited, 0},
		{`"status":401`, stripeapi.KeyWrong, 0},
		{`"status":403,"code":"platform_api_key_expired"`, stripeapi.KeyWrong, 0},
		{`"status":500`, stripeapi.Unreachable, 1},
		{`"status":503`, stripeapi.Unreachable, 2},
		{`"drop":true`, stripeapi.Unreachable, 3},
		{`"status":400`, stripeapi.Refused, 4},
		{`"status":401`, stripeapi.KeyWrong, 4},
	} {
		p.control("faults", `[{"path":"/v1/accounts/*",`+tt.fault+`}]`)
		p.wantFailed(p.Check(t.Context(), id, registry.Scan), tt.kind, id, tt.failures)
	}
	p.control("faults", `[]`)
	p.check(id)
	if row := p.row(id); row.CheckFailures != 0 || row.LastCheckError != nil || row.Status != "enabled" || p.heldBack(id) != 0 {
		t.Errorf("%d failures, %v, status %s, held back for %s", row.CheckFailures, row.LastCheckError, row.Status, p.heldBack(id))
	}
}

func TestTimeOutIsAFailedCheck(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	p.control("faults", `[{"path":"/v1/accounts/*","latency_ms":600000}]`)
	hasty := p.checkerOf(p.stripe.client(t, p.stripe.box.Platform().Key, func(cfg *stripeapi.Config) { cfg.Timeout = 50 * time.Millisecond }))
	p.wantFailed(hasty.Check(t.Context(), id, registry.Scan), stripeapi.Unreachable, id, 1)
}

func TestEachFailureHoldsTheAccountBackLonger(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connectDue(1)[0]
	p.control("faults", `[{"path":"/v1/accounts/*","status":500}]`)
	for i, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		if n := p.tick(); n != 1 {
			t.Fatalf("failure %d: %d accounts were taken", i+1, n)
		}
		held := p.heldBack(id)
		if held != time.Duration(minutes)*time.Minute {
			t.Errorf("failure %d: held back for %s, want %d minutes", i+1, held, minutes)
		}
		p.advance(held - time.Second)
		if n := p.tick(); n != 0 {
			t.Errorf("failure %d: the account was taken too early", i+1)
		}
		p.advance(time.Second)
	}
}

func TestWhoeverStopsCountsNoFailure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	if err := p.Check(p.untilAsked(), id, registry.Scan); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v for a check that was stopped", err)
	}
	if row := p.row(id); row.CheckFailures != 0 {
		t.Errorf("%d failures", row.CheckFailures)
	}
}

// untilAsked is a context that ends once Stripe was asked for an account; Stripe does not answer before that.
func (p *place) untilAsked() context.Context {
	p.t.Helper()
	p.control("faults", `[{"path":"/v1/accounts/*","latency_ms":600000,"times":1}]`)
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stop()
		p.waitFor("the request", func() bool { return len(p.retrieved()) > 0 })
	}()
	p.t.Cleanup(func() { <-ended })
	return ctx
}

func TestUnknownAndDisconnectedAccountsAreNotAskedFor(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if err := p.Check(t.Context(), "acct_1unknown", registry.Recheck); account.KindOf(err) != account.NotFound {
		t.Errorf("unknown: %v", err)
	}
	id := p.connect(1)[0]
	p.control("accounts/"+id+"/deauthorize?silent=1", "")
	p.check(id)
	if err := p.Check(t.Context(), id, registry.Recheck); account.KindOf(err) != account.Conflict {
		t.Errorf("disconnected: %v", err)
	}
	p.wantRetrieved("acct_1unknown", 0)
	p.wantRetrieved(id, 1)
}

func TestCheckWithoutADatabaseIsNoFailureOfTheAccounts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0]
	if err := p.registry.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context(), id, registry.Recheck); err == nil {
		t.Error("no error though nothing could be stored")
	}
	if row := p.row(id); row.CheckFailures != 0 || row.CheckedAt != nil {
		t.Errorf("%d failures, checked at %v", row.CheckFailures, row.CheckedAt)
	}
}
