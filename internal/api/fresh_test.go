package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

// fresh asks for an answer that is no older.
func (s server) fresh(sellerID, maxAge string) client.Readiness {
	s.t.Helper()
	return decode[client.Readiness](s.get("/v1/sellers/"+sellerID+"/readiness?max_age="+maxAge), http.StatusOK)
}

// retrievals counts Stripe's retrievals of an account so far.
func (s server) retrievals(accountID string) (n int) {
	s.t.Helper()
	var asked []struct{ Method, Path string }
	got := send(s.t, newRequest(s.t, http.MethodGet, s.box.URL()+"/sandbox/requests", ""))
	if err := json.Unmarshal(got.body, &asked); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range asked {
		if r.Method == http.MethodGet && r.Path == "/v1/accounts/"+accountID {
			n++
		}
	}
	return n
}

// age makes the seller's last check an hour older.
func (s server) age(sellerID string) {
	s.t.Helper()
	_, err := s.pool.Exec(s.t.Context(), `update sellers
		set readiness = readiness || jsonb_build_object('checked_at', (readiness->>'checked_at')::timestamptz - interval '1 hour')
		where id = $1`, sellerID)
	if err != nil {
		s.t.Fatal(err)
	}
}

// wantUnconfirmed holds that an answer is the readiness as known, but for the yes.
func wantUnconfirmed(t *testing.T, known, got client.Readiness) {
	t.Helper()
	if codes := reasonCodes(got); got.CanTransact || len(codes) == 0 || codes[0] != "not_confirmed" || got.Reasons[0].Who != "platform" {
		t.Fatalf("can transact %v, %+v", got.CanTransact, got.Reasons)
	}
	got.CanTransact, got.Reasons = known.CanTransact, got.Reasons[1:]
	if diff := cmp.Diff(known, got); diff != "" {
		t.Error(diff)
	}
}

func TestStripeIsAskedWhereWhatIsKnownIsOlder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	s.control("accounts/"+acct+"?silent=1", `{"charges_enabled":false}`)
	if ready := s.fresh("s1", "1h"); !ready.CanTransact || s.retrievals(acct) != 1 {
		t.Errorf("recent enough: %s, asked %d times", ready.Status, s.retrievals(acct))
	}
	s.age("s1")
	got := s.get("/v1/sellers/s1/readiness?max_age=30m&min_position=1")
	ready := decode[client.Readiness](got, http.StatusOK)
	if by := got.header.Get("Cache-Status"); by != "connectd; fwd=request" {
		t.Errorf("answered by %q", by)
	}
	if ready.Status != "restricted" || ready.CanTransact || s.retrievals(acct) != 2 || positionOf(t, got) < ready.Version {
		t.Errorf("%+v, asked %d times, position %d", ready, s.retrievals(acct), positionOf(t, got))
	}
	if diff := cmp.Diff(ready, decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)); diff != "" {
		t.Errorf("what is stored is another (-fresh +stored):\n%s", diff)
	}
	if ready := s.fresh("s1", "0s"); ready.Status != "restricted" || s.retrievals(acct) != 3 {
		t.Errorf("0s: %s, asked %d times", ready.Status, s.retrievals(acct))
	}
	history, err := s.registry.History(t.Context(), acct, 0, 1)
	if err != nil || history[0].Source != "recheck" || history[0].RequestID == nil {
		t.Errorf("history %+v, %v", history, err)
	}
}

// TestAHundredWhoAskAtOnceShareOneRetrieval, and each is answered.
func TestAHundredWhoAskAtOnceShareOneRetrieval(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	s.age("s1")
	s.control("accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	s.control("faults", `[{"path":"/v1/accounts/*","latency_ms":4000}]`)
	answers := make([]answer, 100)
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() { answers[i] = s.get("/v1/sellers/s1/readiness?max_age=10m") })
	}
	asking.Wait()
	for i, got := range answers {
		if ready := decode[client.Readiness](got, http.StatusOK); ready.Status != "restricted" || reasonCodes(ready)[0] != "payouts_disabled" {
			t.Errorf("answer %d: %s", i, got.body)
		}
	}
	if n := s.retrievals(acct); n != 2 { // the first was the connection's
		t.Errorf("Stripe was asked %d times", n-1)
	}
}

// TestWhoGivesUpEndsNoRetrieval that others may share.
func TestWhoGivesUpEndsNoRetrieval(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	s.age("s1")
	s.control("faults", `[{"path":"/v1/accounts/*","latency_ms":300,"times":1}]`)
	ctx, giveUp := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		req := newRequest(t, http.MethodGet, s.url+"/v1/sellers/s1/readiness?max_age=10m", "").WithContext(ctx)
		req.Header.Set("Authorization", "Bearer "+s.key)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
		}
		asked <- err
	}()
	waittest.Until(t, "Stripe was asked", func() bool { return s.retrievals(acct) == 2 })
	giveUp()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Fatalf("who gave up got %v", err)
	}
	waittest.Until(t, "the account was checked", func() bool {
		ready, err := s.registry.Readiness(t.Context(), "s1")
		return err == nil && s.registry.CheckedWithin(ready, 10*time.Minute)
	})
	if n := s.retrievals(acct); n != 2 {
		t.Errorf("Stripe was asked %d times", n-1)
	}
}

// TestWhatIsNotConfirmedIsNoYes: whatever keeps Stripe from answering, the asker is answered, and the account is left alone.
func TestWhatIsNotConfirmedIsNoYes(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"too many calls":      `"status":429`,
		"a fault of Stripe's": `"status":500`,
		"a wrong key":         `"status":401`,
		"an expired key":      `"status":403,"code":"platform_api_key_expired"`,
		"a refusal":           `"status":400`,
		"a cut":               `"drop":true`,
		"silence":             `"latency_ms":600000`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			acct := s.connect("s1", "complete")
			known := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)
			before := decode[client.Account](s.get("/v1/accounts/"+acct), http.StatusOK)
			s.control("faults", `[{"path":"/v1/accounts/*",`+fault+`}]`)
			ready := s.fresh("s1", "0s")
			wantUnconfirmed(t, known, ready)
			if !ready.CanAcceptPayments || !ready.CanReceivePayouts || ready.Status != "enabled" {
				t.Errorf("%+v", ready)
			}
			if diff := cmp.Diff(before, decode[client.Account](s.get("/v1/accounts/"+acct), http.StatusOK)); diff != "" {
				t.Errorf("the account (-before +after):\n%s", diff)
			}
			s.control("faults", `[]`)
			if ready := s.fresh("s1", "0s"); !ready.CanTransact {
				t.Errorf("once it was over: %+v", ready)
			}
		})
	}
}

// TestARowThatIsLockedKeepsNobodyWaiting: what Stripe said can't be stored, so that it is not confirmed.
func TestARowThatIsLockedKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	known := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select from accounts where id = $1 for update", acct); err != nil {
		t.Fatal(err)
	}
	wantUnconfirmed(t, known, s.fresh("s1", "0s"))
}

// TestADatabaseThatStopsAnsweringMakesNoYes: while Stripe is asked, and before.
func TestADatabaseThatStopsAnsweringMakesNoYes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	known := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)
	s.control("faults", `[{"path":"/v1/accounts/*","latency_ms":300,"times":1}]`)
	answered := make(chan answer, 1)
	go func() { answered <- s.get("/v1/sellers/s1/readiness?max_age=0s") }()
	waittest.Until(t, "Stripe was asked", func() bool { return s.retrievals(acct) == 2 })
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "lock table sellers in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	wantUnconfirmed(t, known, decode[client.Readiness](<-answered, http.StatusOK))
	got := s.get("/v1/sellers/s1/readiness?max_age=0s")
	wantProblem(got, http.StatusServiceUnavailable, "unavailable")
	if wait := got.header.Get("Retry-After"); wait != "1" {
		t.Errorf("Retry-After %q", wait)
	}
	if _, err := tx.Exec(t.Context(), "lock table feed in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	got = s.get("/v1/accounts") // refused before the operation
	wantProblem(got, http.StatusServiceUnavailable, "unavailable")
	if wait := got.header.Get("Retry-After"); wait != "1" {
		t.Errorf("Retry-After %q, before the operation", wait)
	}
}

func TestAnAccountThatIsGoneIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	s.control("accounts/"+acct+"/deauthorize?silent=1", "")
	for range 2 { // the second is not asked of Stripe
		ready := s.fresh("s1", "0s")
		if codes := reasonCodes(ready); ready.Status != "disconnected" || ready.CanTransact || !cmp.Equal(codes, []string{"disconnected"}) {
			t.Errorf("%+v", ready)
		}
	}
	if n := s.retrievals(acct); n != 2 {
		t.Errorf("Stripe was asked %d times", n-1)
	}
}

// TestWhoHasNoAccountIsAnsweredAsEver: there is nothing to ask Stripe.
func TestWhoHasNoAccountIsAnsweredAsEver(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("former", "complete")
	if err := s.registry.Reassign(t.Context(), acct, "holder", account.Actor{Name: "key_1"}); err != nil {
		t.Fatal(err)
	}
	for _, seller := range []string{"nobody", "former"} {
		known := decode[client.Readiness](s.get("/v1/sellers/"+seller+"/readiness"), http.StatusOK)
		if diff := cmp.Diff(known, s.fresh(seller, "0s")); diff != "" {
			t.Errorf("%s:\n%s", seller, diff)
		}
	}
	if n := s.retrievals(acct); n != 1 {
		t.Errorf("Stripe was asked %d times", n-1)
	}
}

// TestWhatWasNeverCheckedIsAsked: a connection of which nothing is known yet.
func TestWhatWasNeverCheckedIsAsked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var made struct{ ID string }
	if err := json.Unmarshal(s.control("accounts", `{"persona":"complete"}`), &made); err != nil {
		t.Fatal(err)
	}
	s.observe(registry.Granted(registry.Grant{SellerID: "s1", AccountID: made.ID, Interval: account.At(time.Now())}))
	if ready := s.fresh("s1", "24h"); !ready.CanTransact || ready.CheckedAt == nil {
		t.Errorf("%+v", ready)
	}
}

func TestAgesThatCanNotBe(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, age := range []string{"", "60", "-1s", "-1ns", "1y", "x", "9999999h", "1m&max_age=1m", "%00"} {
		got := s.get("/v1/sellers/nobody/readiness?max_age=" + age)
		wantProblem(got, http.StatusUnprocessableEntity, "invalid", "query.max_age")
	}
	for _, age := range []string{"0", "0s", "1.5h", "2562047h", "1ns"} {
		if ready := s.fresh("nobody", age); ready.Status != "not_connected" {
			t.Errorf("%s: %+v", age, ready)
		}
	}
}

// TestTwoProcessesThatAskAtOnceAreBothAnswered: the answers of one overtake those of the other.
func TestTwoProcessesThatAskAtOnceAreBothAnswered(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	a.connect("s1", "complete")
	var asking sync.WaitGroup
	failed := make(chan string, 100)
	for _, s := range []server{a, b, a, b, a, b} {
		asking.Go(func() {
			for range 5 {
				got := s.get("/v1/sellers/s1/readiness?max_age=0s")
				if !strings.Contains(string(got.body), `"can_transact":true`) {
					failed <- fmt.Sprintf("%d %s", got.status, got.body)
				}
			}
		})
	}
	asking.Wait()
	close(failed)
	for f := range failed {
		t.Error(f)
	}
}
