package sandbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/connectd/connectd/internal/sandbox"
)

func TestPatchSendsASignedEventOfExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{
		"charges_enabled": false,
		"payouts_enabled": true,
		"requirements": {"currently_due": ["external_account"], "disabled_reason": "other"},
		"metadata": {"new": "x"}
	}`)
	e := rec.next()
	if err := webhook.ValidatePayload([]byte(e.Body), e.Signature, rec.secret); err != nil {
		t.Errorf("signature: %v", err)
	}
	if _, err := webhook.ConstructEvent([]byte(e.Body), e.Signature, rec.secret); err != nil {
		t.Errorf("event as stripe-go reads it: %v", err)
	}
	if err := webhook.ValidatePayload([]byte(e.Body+" "), e.Signature, rec.secret); err == nil {
		t.Error("the signature holds for another body too")
	}
	want := map[string]any{
		"charges_enabled": true,
		"requirements":    map[string]any{"currently_due": []any{}, "disabled_reason": nil},
		"metadata":        map[string]any{"new": nil},
	}
	if diff := cmp.Diff(want, e.Data.PreviousAttributes); diff != "" {
		t.Errorf("previous_attributes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(s.object(id), e.Data.Object); diff != "" {
		t.Errorf("the event's object is not the account (-account +event):\n%s", diff)
	}
	if e.Type != "account.updated" || e.Account != id {
		t.Errorf("event is %s of %s", e.Type, e.Account)
	}
}

func TestSilentPatchSendsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id+"?silent=1", `{"charges_enabled": false}`)
	s.control("/sandbox/accounts/"+id+"/deauthorize?silent=1", "")
	other := s.account("complete")
	s.control("/sandbox/accounts/"+other, `{"payouts_enabled": false}`)
	if e := rec.next(); e.Account != other {
		t.Errorf("first event is %s of %s", e.Type, e.Account)
	}
	if a := s.api(http.MethodGet, "/v1/accounts/"+id, ""); a.status != http.StatusForbidden {
		t.Errorf("account that was taken away silently: %d", a.status)
	}
}

func TestDeliveryIsRepeatedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(func(n int) int {
		switch n {
		case 1:
			return http.StatusInternalServerError
		case 2:
			return http.StatusFound
		default:
			return http.StatusOK
		}
	})
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled": false}`)
	first, second, third := rec.next(), rec.next(), rec.next()
	if first.ID != second.ID || second.ID != third.ID || first.Data.Object["id"] != id {
		t.Errorf("repeats are %s, %s, %s", first.ID, second.ID, third.ID)
	}
	s.control("/sandbox/accounts/"+id, `{"charges_enabled": true}`)
	if next := rec.next(); next.ID == first.ID {
		t.Error("an event that was taken came again")
	}
}

func TestSlowEndpointHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := start(t)
	entered, release := make(chan struct{}), make(chan struct{})
	slow := newReceiver(t, func(n int) int {
		if n == 1 {
			close(entered)
			<-release
		}
		return http.StatusOK
	})
	if _, err := s.EnsureWebhookEndpoint(t.Context(), sandbox.WebhookEndpoint{
		URL: slow.server.URL, Connect: true, EnabledEvents: []string{"*"},
	}); err != nil {
		t.Fatal(err)
	}
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled": false}`)
	<-entered
	s.control("/sandbox/accounts/"+id, `{"charges_enabled": true}`)
	rec.next()
	rec.next()
	close(release)
	slow.next()
	slow.next()
}

func TestEndpointsTakeTheirKindAndTypes(t *testing.T) {
	t.Parallel()
	s := start(t)
	all := s.receiver(always(http.StatusOK))
	platform := newReceiver(t, always(http.StatusOK))
	typed := newReceiver(t, always(http.StatusOK))
	for _, e := range []sandbox.WebhookEndpoint{
		{URL: platform.server.URL, EnabledEvents: []string{"*"}},
		{URL: typed.server.URL, Connect: true, EnabledEvents: []string{"account.application.deauthorized"}},
	} {
		if _, err := s.EnsureWebhookEndpoint(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled": false}`)
	s.control("/sandbox/events", `{"type":"balance.available","data":{"object":"balance"}}`)
	s.control("/sandbox/accounts/"+id+"/deauthorize", "")
	if e := platform.next(); e.Type != "balance.available" || e.Account != "" {
		t.Errorf("platform's endpoint got %s of %q", e.Type, e.Account)
	}
	if e := typed.next(); e.Type != "account.application.deauthorized" {
		t.Errorf("typed endpoint got %s", e.Type)
	}
	if first, second := all.next(), all.next(); first.Type != "account.updated" || second.Type != "account.application.deauthorized" {
		t.Errorf("Connect endpoint got %s and %s", first.Type, second.Type)
	}
}

func TestEnsuredEndpointKeepsItsSecret(t *testing.T) {
	t.Parallel()
	s := start(t)
	ensure := func(e sandbox.WebhookEndpoint) string {
		secret, err := s.EnsureWebhookEndpoint(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	plain := sandbox.WebhookEndpoint{URL: "http://127.0.0.1:1/a", Connect: true, EnabledEvents: []string{"*"}}
	moved := sandbox.WebhookEndpoint{URL: "http://127.0.0.1:1/b", EnabledEvents: []string{"*"}, Description: "demo"}
	secret, movedSecret := ensure(plain), ensure(moved)
	moved.URL = "http://127.0.0.1:2/b"
	if ensure(plain) != secret || ensure(moved) != movedSecret || secret == movedSecret {
		t.Error("an endpoint changed its secret, or shares it")
	}
	var page struct {
		Data []struct {
			URL, Status, Secret string
			Application         *string
			EnabledEvents       []string `json:"enabled_events"`
		}
	}
	s.api(http.MethodGet, "/v1/webhook_endpoints", "").into(t, &page)
	if len(page.Data) != 2 || page.Data[0].URL != moved.URL || page.Data[1].Application == nil ||
		page.Data[1].Secret != "" || page.Data[1].Status != "enabled" {
		t.Errorf("endpoints: %+v", page.Data)
	}
}

func TestDeliveryModes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, then string
		want        []string
	}{
		"normal":               {`{"mode":"normal"}`, "", []string{"1", "2", "3"}},
		"duplicate":            {`{"mode":"duplicate"}`, "", []string{"1", "1", "2", "2", "3", "3"}},
		"hold then normal":     {`{"mode":"hold"}`, `{"mode":"normal"}`, []string{"1", "2", "3"}},
		"hold then reverse":    {`{"mode":"hold"}`, `{"mode":"reverse"}`, []string{"3", "2", "1"}},
		"delayed":              {`{"mode":"normal","delay_ms":30}`, "", []string{"1", "2", "3"}},
		"delayed and reversed": {`{"mode":"reverse","delay_ms":1000}`, "", []string{"3", "2", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			rec := s.receiver(always(http.StatusOK))
			id := s.account("complete")
			s.control("/sandbox/delivery", test.first)
			for i := 1; i <= 3; i++ {
				s.control("/sandbox/accounts/"+id, fmt.Sprintf(`{"metadata":{"n":"%d"}}`, i))
			}
			if test.then != "" {
				s.control("/sandbox/delivery", test.then)
			}
			var got []string
			for range test.want {
				got = append(got, rec.next().Data.Object["metadata"].(map[string]any)["n"].(string))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnyEventCanBeMadeAndDeliveredAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	s.control("/sandbox/events", `{"type":"payout.failed","account":"acct_unknown","id":"evt_mine","created":1700000000,
		"livemode":true,"api_version":"2020-08-27","data":{"id":"po_1","object":"payout"}}`)
	e := rec.next()
	if e.ID != "evt_mine" || e.Type != "payout.failed" || e.Account != "acct_unknown" || e.Created != 1700000000 ||
		e.Data.Object["id"] != "po_1" {
		t.Errorf("event: %s", e.Body)
	}
	s.control("/sandbox/events/evt_mine/redeliver", "")
	again := rec.next()
	if diff := cmp.Diff(e, again, cmpopts.IgnoreFields(delivered{}, "Signature", "Body")); diff != "" {
		t.Errorf("redelivered (-first +again):\n%s", diff)
	}
}

func TestClockMovesWhatStripeSays(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 999, time.UTC)
	s := startWith(t, sandbox.Config{Now: func() time.Time { return at }})
	s.control("/sandbox/clock", `{"advance":"672h"}`)
	moved := at.Add(672 * time.Hour)
	a := s.api(http.MethodGet, "/v1/account", "")
	if want := moved.Format(http.TimeFormat); a.header.Get("Date") != want {
		t.Errorf("Date is %s, want %s", a.header.Get("Date"), want)
	}
	if created := s.object(s.account("complete"))["created"]; created != float64(moved.Unix()) {
		t.Errorf("created is %v, want %d", created, moved.Unix())
	}
}
