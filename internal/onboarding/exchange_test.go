package onboarding_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

func TestCodeThatStripeRefusesIsToldInItsWords(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	unknown := p.depart("s1").decide("persona=complete")
	unknown.back.Set("code", "ac_unknown")
	expired := p.depart("s1").decide("persona=complete")
	p.control("clock", `{"advance":"6m"}`)
	for w, words := range map[*walk]string{
		unknown: "Authorization code does not exist", expired: "Authorization code has expired",
	} {
		for range 2 { // a reload is told the same
			_, err := w.arrive()
			wantError(t, err, account.Invalid, "code")
			if !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), w.back.Get("code")) {
				t.Errorf("error %q, want Stripe's %q without the code", err, words)
			}
		}
	}
	p.wantAsked(exchanges, 2)
	p.wantStatus("s1", account.NotConnected)
}

func TestCodeOfAnotherSellerIsAConflict(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.depart("s1").decide("persona=complete")
	first.mustArrive()
	second := p.depart("s2").decide("persona=complete")
	second.back.Set("code", first.back.Get("code"))
	for range 2 {
		second.wantRefused(account.Conflict, "")
	}
	p.wantAsked(exchanges, 1)
	p.wantStatus("s1", account.Enabled)
	p.wantStatus("s2", account.NotConnected)
}

func TestAccountOfAnotherSellerIsRefusedAndLeftConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1shared", "complete")
	p.connect("s1", "account=acct_1shared")
	w := p.depart("s2").decide("account=acct_1shared")
	for range 2 {
		w.wantRefused(account.Conflict, "")
	}
	p.wantAsked(deauthorizations, 0)
	p.wantAsked(exchanges, 2)
	p.wantStatus("s1", account.Enabled)
	p.wantStatus("s2", account.NotConnected)
	if n := p.count("select count(*) from connections where seller_id = 's1' and disconnected_at is null"); n != 1 {
		t.Errorf("s1 has %d open connections", n)
	}
}

func TestSecondAccountIsRefusedWhileOneIsConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect("s1", "persona=complete")
	w := p.depart("s1").decide("persona=restricted")
	for range 2 {
		w.wantRefused(account.Conflict, "")
	}
	p.wantAsked(deauthorizations, 0)
	p.wantStatus("s1", account.Enabled)
	if got := p.readiness("s1").AccountID; got == nil || *got != id {
		t.Errorf("the seller's account is %v, want %s", got, id)
	}
	if n := p.count("select count(*) from accounts"); n != 1 {
		t.Errorf("%d accounts are stored", n)
	}
}

func TestSameAccountAgainStaysConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1same", "complete")
	p.connect("s1", "account=acct_1same")
	p.connect("s1", "account=acct_1same")
	p.wantStatus("s1", account.Enabled)
	p.wantAsked(exchanges, 2)
	if n := p.count("select count(*) from connections"); n != 1 {
		t.Errorf("%d connections are stored", n)
	}
}

func TestAccountOfTheOtherModeIsNotStored(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.control("accounts", `{"id":"acct_1live","persona":"complete","connected":false,"livemode":true}`)
	w := p.depart("s1").decide("account=acct_1live")
	for range 2 {
		w.wantRefused(account.Invalid, "code")
	}
	p.wantAsked(exchanges, 1)
	p.wantAsked(deauthorizations, 0)
	p.wantStatus("s1", account.NotConnected)
	if n := p.count("select (select count(*) from accounts) + (select count(*) from connections)"); n != 0 {
		t.Errorf("%d rows were stored", n)
	}
}

// TestTestAccountIsNotTakenOnALivePlatform: the sandbox has test keys alone, so a proxy in between makes the key live.
func TestTestAccountIsNotTakenOnALivePlatform(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cfg := p.stripe.config(nil)
	cfg.SecretKey = stripeapi.Secret(strings.Replace(p.stripe.box.Platform().Key, "sk_test_", "sk_live_", 1))
	cfg.ConnectBase = p.stripe.takingLiveKeys(t)
	p.Service = p.serviceWith(newClient(t, cfg))
	w := p.depart("s1").decide("persona=complete")
	for range 2 {
		_, err := w.arrive()
		wantError(t, err, account.Invalid, "code")
		if !strings.Contains(err.Error(), "test account") || !strings.Contains(err.Error(), "connect your live account") {
			t.Errorf("told %q", err)
		}
	}
	p.wantAsked(exchanges, 1)
	p.wantAsked(deauthorizations, 0)
	p.wantStatus("s1", account.NotConnected)
}

// takingLiveKeys is the sandbox's OAuth side under an address that takes its test keys as live ones.
func (s stripe) takingLiveKeys(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(at)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(bytes.ReplaceAll(sent, []byte("sk_live_"), []byte("sk_test_"))))
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "sk_live_", "sk_test_", 1))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestExchangeThatTakesTooLongIsUnfinished: Stripe has granted and nobody heard it.
func TestExchangeThatTakesTooLongIsUnfinished(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cfg := p.stripe.config(nil)
	cfg.Timeout = 100 * time.Millisecond
	p.Service = p.serviceWith(newClient(t, cfg))
	p.newAccount("acct_1late", "complete")
	w := p.depart("s1").decide("account=acct_1late")
	p.fault(exchanges, `"latency_ms":1000`)
	w.wantRefused(account.Unanswered, "")
	p.control("faults", `[]`)
	p.clock.advance(15 * time.Second)
	w.wantRefused(account.Unanswered, "")
	p.wantAsked(exchanges, 1)
	p.wantUnfinished("s1")
	p.Service = p.serviceWith(p.stripe.client(t, nil))
	p.connect("s1", "account=acct_1late")
	p.wantStatus("s1", account.Enabled)
	p.wantUnfinished()
}

func TestExchangeThatWasCutIsNeverMadeAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1cut", "complete")
	p.fault(exchanges, `"drop":true`)
	w := p.depart("s1").decide("account=acct_1cut")
	w.wantRefused(account.Unanswered, "")
	p.control("faults", `[]`)
	p.clock.advance(15 * time.Second)
	for range 2 {
		w.wantRefused(account.Unanswered, "")
	}
	p.wantAsked(exchanges, 1)
	p.wantStatus("s1", account.NotConnected)
	if n := p.count("select count(*) from oauth_codes where answered_at is null"); n != 1 {
		t.Errorf("%d attempts are unfinished, want 1", n)
	}

	p.connect("s1", "account=acct_1cut")
	p.wantStatus("s1", account.Enabled)
}

func TestServerErrorLeavesAnExchangeUnanswered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fault(exchanges, `"status":500`)
	w := p.depart("s1").decide("persona=complete")
	w.wantRefused(account.Unanswered, "")
	p.control("faults", `[]`)
	p.clock.advance(15 * time.Second)
	w.wantRefused(account.Unanswered, "")
	p.wantAsked(exchanges, 1)
}

// TestRefusalOfThePlatformIsAnAnswer: nothing was granted, which is known and told.
func TestRefusalOfThePlatformIsAnAnswer(t *testing.T) {
	t.Parallel()
	const keySaid = "STRIPE_SECRET_KEY and STRIPE_OAUTH_CLIENT_ID"
	for fault, want := range map[string]struct {
		kind           account.ErrorKind
		told, code     string
		logged, silent string
	}{
		`"status":401,"code":"invalid_client"`: {account.Refused, "is not set up right", "invalid_client", keySaid, "had no answer"},
		`"status":403,"code":"access_denied"`:  {account.Refused, "is not set up right", "access_denied", keySaid, "had no answer"},
		`"status":403`:                         {account.Refused, "is not set up right", "account_invalid", keySaid, "had no answer"},
		`"status":429,"code":"rate_limit"`:     {account.Busy, "in a moment", "rate_limit", "fewer requests", keySaid},
		`"status":400,"code":"invalid_scope"`:  {account.Invalid, "Stripe did not accept", "invalid_scope", "refused an exchange", keySaid},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			w := p.depart("s1").decide("persona=complete")
			p.fault(exchanges, fault)
			for range 2 { // a reload is told the same, though Stripe would take the code by then
				_, err := w.arrive()
				if account.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.told) {
					t.Errorf("told %v, want one of kind %s", err, want.kind)
				}
				p.control("faults", `[]`)
			}
			p.wantAsked(exchanges, 1)
			p.clock.advance(15 * time.Second)
			p.wantUnfinished()
			if kept := p.texts("select error_code from oauth_codes where answered_at is not null"); len(kept) != 1 || kept[0] != want.code {
				t.Errorf("kept %v, want %s", kept, want.code)
			}
			if said := p.log.String(); !strings.Contains(said, want.logged) || strings.Contains(said, want.silent) {
				t.Errorf("the log says %s", said)
			}
			p.connect("s1", "persona=complete")
		})
	}
}

func TestConnectionStandsWhereTheRetrievalFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fault("/v1/accounts/*", `"status":500`)
	p.depart("s1").decide("persona=complete").mustArrive()
	ready := p.readiness("s1")
	if ready.CanTransact || ready.Status != "incomplete" || len(ready.Reasons) == 0 || ready.Reasons[0].Code != "not_checked" {
		t.Errorf("readiness %+v", ready)
	}
	row, err := p.registry.Account(t.Context(), *ready.AccountID)
	if err != nil {
		t.Fatal(err)
	}
	if row.NextCheckAt == nil || row.NextCheckAt.After(p.clock.now()) {
		t.Errorf("the account is due at %v", row.NextCheckAt)
	}
	if row.CheckFailures != 1 || row.LastCheckError == nil || row.CheckedAt != nil {
		t.Errorf("%d failures, %v, checked at %v", row.CheckFailures, row.LastCheckError, row.CheckedAt)
	}
}

// TestDetailsFollowOnceStripeAnswers: nobody has to ask for them.
func TestDetailsFollowOnceStripeAnswers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.fault("/v1/accounts/*", `"drop":true`)
	id := p.connect("s1", "persona=complete")
	p.wantStatus("s1", account.Incomplete)
	p.control("faults", `[]`)
	if err := p.checker.Check(t.Context(), id, registry.Scan); err != nil {
		t.Fatal(err)
	}
	p.wantStatus("s1", account.Enabled)
}

func TestSellerWhoLeavesDuringTheExchangeIsConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx, leave := context.WithCancel(t.Context())
	p.stripe.gate.on(exchanges, leave)
	w := p.depart("s1").decide("persona=complete")
	if _, err := p.Arrive(ctx, w.back, w.cookie); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	p.wantStatus("s1", account.Enabled)
	w.mustArrive()
	p.wantAsked(exchanges, 1)
}

func TestAnswerWhoseCallerDiedIsSettledByTheNext(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	w.mustArrive()
	// What a process leaves that was killed between Stripe's answer and the commit of the connection.
	p.exec("update oauth_codes set outcome = null")
	p.exec("delete from connections")
	p.exec("delete from accounts")
	p.exec("update sellers set readiness = null, account_id = null, digest = null")
	p.clock.advance(15 * time.Second)
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
	p.wantAsked(exchanges, 1)
}

// TestGrantToldAfterItsEndIsToldSo: the account was connected by another exchange and disconnected before its commit.
func TestGrantToldAfterItsEndIsToldSo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.newAccount("acct_1ended", "unsupported")
	w := p.cutOff("account=acct_1ended")
	p.keepGrantOf("acct_1ended")
	p.control("clock", `{"advance":"1m"}`)
	p.connect("s1", "account=acct_1ended")
	if err := p.UnlinkAccount(t.Context(), "acct_1ended", onboarding.Allowed, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	p.clock.advance(15 * time.Second)
	for range 2 { // a reload is told the same
		_, err := w.arrive()
		wantError(t, err, account.Conflict, "")
		if !strings.Contains(err.Error(), "disconnected since") {
			t.Errorf("told %q", err)
		}
		p.wantSettled("disconnected")
	}
	p.wantStatus("s1", account.Disconnected)
	p.wantAsked(exchanges, 2)
}

// TestOutcomeOfANewerVersionIsNotGuessed: replicas of two versions run side by side for a while.
func TestOutcomeOfANewerVersionIsNotGuessed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	w.mustArrive()
	p.exec("update oauth_codes set outcome = 'postponed'")
	if _, err := w.arrive(); err == nil || account.KindOf(err) != "" || !strings.Contains(err.Error(), "postponed") {
		t.Errorf("error %v, want one from inside that names the outcome", err)
	}
}
