package webhook_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestUpdateIsApplied(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.wantStatus("s1", account.Incomplete)
	r.take(updated("evt_1", works))
	r.wantStatus("s1", account.Enabled)
	if k := r.kept("evt_1"); k.Outcome != "applied" || k.Account != "acct_1" || k.Type != "account.updated" || k.Payload == "" {
		t.Errorf("kept %+v", k)
	}
}

func TestDeauthorizationNamesItsAccountInTheEvent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", "")
	e.Type = "account.application.deauthorized"
	e.Data.Object = json.RawMessage(`{"id":"ca_1","object":"application","name":"Kiln"}`)
	r.take(e)
	r.wantStatus("s1", account.Disconnected)
	k := r.kept("evt_1")
	if k.Outcome != "applied" {
		t.Errorf("kept %+v", k)
	}
	wantKept(t, k.Payload, `{}`)
}

func TestEventWithoutEffectIsIgnoredAndKeptWithoutPayload(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for id, change := range map[string]func(*stripeEvent){
		"evt_other_mode":      func(e *stripeEvent) { e.Livemode = true },
		"evt_unknown_account": func(e *stripeEvent) { e.Account, e.Data.Object = "acct_2", json.RawMessage(`{"id":"acct_2"}`) },
		"evt_unhandled":       func(e *stripeEvent) { e.Type = "payout.paid" },
		"evt_unheard_of":      func(e *stripeEvent) { e.Type = "account.updated.again" },
		"evt_platforms_own":   func(e *stripeEvent) { e.Account = "" },
		"evt_own_application": func(e *stripeEvent) { e.Account, e.Type = "", "account.application.deauthorized" },
		"evt_other_mode_gone": func(e *stripeEvent) { e.Livemode, e.Type = true, "account.application.deauthorized" },
	} {
		e := updated(id, works)
		change(&e)
		r.take(e)
		if k := r.kept(id); k.Outcome != "ignored" || k.Why == "" || k.Payload != "" || k.Account != e.Account {
			t.Errorf("%s is kept as %+v", id, k)
		}
	}
	r.wantStatus("s1", account.Incomplete)
	if n := r.count("select count(*) from accounts"); n != 1 {
		t.Errorf("%d accounts are stored", n)
	}
}

func TestUnreadableObjectIsFailedAndMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for id, object := range map[string]string{
		"evt_list": `[]`, "evt_null": `null`, "evt_text": `"acct_1"`, "evt_number": `7`,
		"evt_person": `{"id":"acct_1","object":"person"}`, "evt_another": `{"id":"acct_2","object":"account"}`, "evt_none": ``,
	} {
		e := updated(id, "")
		e.Data.Object = json.RawMessage(object)
		if object == "" {
			e.Data.Object = nil
		}
		r.settle("acct_1")
		r.take(e)
		if k := r.kept(id); k.Outcome != "failed" || k.Why == "" || strings.Contains(k.Why, "json") || k.Payload == "" {
			t.Errorf("%s is kept as %+v", id, k)
		}
		if !r.isDue("acct_1") {
			t.Errorf("%s has not made the account due", id)
		}
		r.wantReplay(id, registry.Failed, r.kept(id).Why)
	}
	r.wantStatus("s1", account.Incomplete)
}

// The event names the account; an object that does not is of no other.
func TestObjectWithoutAnIDIsAppliedAndMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"none": ``, "null": `"id":null,`, "a number": `"id":7,`, "empty": `"id":"",`} {
		r := newReceiver(t)
		r.settle("acct_1")
		e := whole("evt_1", "2023-10-16")
		e.Data.Object = json.RawMessage(strings.Replace(string(e.Data.Object), `"id":"acct_1",`, id, 1))
		r.take(e)
		if k := r.kept("evt_1"); k.Outcome != "applied" || !r.isDue("acct_1") {
			t.Errorf("its id %s, it is kept as %+v, due %t", name, k, r.isDue("acct_1"))
		}
		r.wantStatus("s1", account.Enabled)
	}
}

func TestPartsThatAreNotAsDocumentedAreNotKnown(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_1", `,"charges_enabled":"yes","payouts_enabled":1,"details_submitted":true,"requirements":[],"settings":7,
		"capabilities":null,"business_profile":{"name":{"first":"x"}}`))
	if k := r.kept("evt_1"); k.Outcome != "applied" {
		t.Errorf("kept %+v", k)
	}
	r.wantStatus("s1", account.Restricted)
}

func TestTextThatPostgresRefusesIsStoredAllTheSame(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_1", works+`,"country":"I\u0000E","capabilities":{"card_\u0000payments":"active"},
		"settings":{"dashboard":{"display_name":"Blue\u0000 Kiln \ud800"}},"requirements":{"currently_due":["a\u0000b"]}`))
	if k := r.kept("evt_1"); k.Outcome != "applied" {
		t.Errorf("kept %+v", k)
	}
}

func TestRedeliveryHasOneEffect(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	first, off := updated("evt_1", works), updated("evt_2", `,"charges_enabled":false,"payouts_enabled":true,"details_submitted":true`)
	off.Created++
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { r.deliver(first.json(t)) })
	}
	group.Wait()
	r.take(off)
	for range 3 {
		r.take(first)
	}
	r.wantStatus("s1", account.Restricted)
	if n := r.count("select count(*) from account_changes"); n != 3 {
		t.Errorf("%d changes, want those of the grant and of two events", n)
	}
	if n := r.count("select count(*) from stripe_events"); n != 2 {
		t.Errorf("%d events are kept", n)
	}
}

func TestEventsInAnyOrderEndAlike(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	newest := updated("evt_3", `,"charges_enabled":false,"payouts_enabled":true,"details_submitted":true`)
	newest.Created = time.Now().Unix()
	r.take(newest)
	r.take(updated("evt_1", works))
	r.wantStatus("s1", account.Restricted)
	if k := r.kept("evt_1"); k.Outcome != "stale" || k.Why == "" {
		t.Errorf("the older event is kept as %+v", k)
	}
}

// personal is an account with everything that is none of connectd's business.
const personal = `,"charges_enabled":true,"payouts_enabled":true,"details_submitted":true,"email":"PRIVATE","default_currency":"eur",
	"country":"IE","type":"standard","business_type":"individual","individual":{"first_name":"PRIVATE","dob":{"day":1}},
	"company":{"name":"PRIVATE"},"external_accounts":{"data":[{"last4":"PRIVATE"}]},"tos_acceptance":{"ip":"PRIVATE"},
	"persons":{"data":[{"email":"PRIVATE"}]},"metadata":{"note":"PRIVATE"},
	"business_profile":{"name":"Kiln","support_email":"PRIVATE","support_phone":"PRIVATE","support_address":{"line1":"PRIVATE"}},
	"settings":{"dashboard":{"display_name":"Blue Kiln","timezone":"PRIVATE"},"payments":{"statement_descriptor":"PRIVATE"}},
	"requirements":{"currently_due":["external_account"],"disabled_reason":null},"future_requirements":{"currently_due":[]},
	"capabilities":{"card_payments":"active"}`

func TestNothingPersonalIsKeptOfAnAccount(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_1", personal))
	k := r.kept("evt_1")
	if k.Outcome != "applied" || strings.Contains(k.Payload, "PRIVATE") {
		t.Errorf("kept %+v", k)
	}
	wantKept(t, k.Payload, `{"id":"acct_1","object":"account","charges_enabled":true,"payouts_enabled":true,"details_submitted":true,
		"default_currency":"eur","country":"IE","type":"standard","business_profile":{"name":"Kiln"},
		"settings":{"dashboard":{"display_name":"Blue Kiln"}},"requirements":{"currently_due":["external_account"],"disabled_reason":null},
		"future_requirements":{"currently_due":[]},"capabilities":{"card_payments":"active"}}`)
}

func TestNothingPersonalIsKeptOfWhatCanNotBeRead(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", personal)
	e.Data.Object = json.RawMessage(strings.Replace(string(e.Data.Object), "acct_1", "acct_2", 1))
	r.take(e)
	if k := r.kept("evt_1"); k.Outcome != "failed" || strings.Contains(k.Payload+k.Why, "PRIVATE") {
		t.Errorf("kept %+v", k)
	}
}

// wantKept holds the object within a stored payload.
func wantKept(t *testing.T, payload, object string) {
	t.Helper()
	var stored struct {
		Data struct {
			Object map[string]any `json:"object"`
		} `json:"data"`
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(payload), &stored); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(object), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, stored.Data.Object); diff != "" {
		t.Error(diff)
	}
}

// recorded are whole events to take as they are: what a real account is like in short and, where CONNECTD_PAYLOADS names a
// folder of real ones, what Stripe has sent.
func recorded(t *testing.T) map[string][]byte {
	t.Helper()
	events := map[string][]byte{"made here": []byte(`{"created":1326853478,"livemode":false,"id":"evt_00000000000000","type":"account.updated",
		"object":"event","request":null,"pending_webhooks":1,"api_version":"2020-08-27","account":"acct_00000000000000","data":{"object":{
		"id":"acct_00000000000000","object":"account","email":"test@stripe.com","charges_enabled":true,"payouts_enabled":true,
		"details_submitted":true,"country":"IE","company":{"phone":"+353000000"},"settings":{"dashboard":{"display_name":"Pay"}}}}}`)}
	if folder := os.Getenv("CONNECTD_PAYLOADS"); folder != "" {
		body, err := os.ReadFile(filepath.Join(folder, "account.updated.json"))
		if err != nil {
			t.Fatal(err)
		}
		events["account.updated.json"] = body
	}
	return events
}

func TestRealEventIsAppliedAndKeptWithoutPersons(t *testing.T) {
	t.Parallel()
	for name, body := range recorded(t) {
		r := newReceiver(t)
		r.grantAt("s2", "acct_00000000000000", time.Unix(1_300_000_000, 0)) // the event is of 2012
		if got := r.deliver(body); got.status != 200 {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
		k := r.kept("evt_00000000000000")
		for _, private := range []string{"test@stripe.com", "william@pay.fit", "+353", "last4", "external_accounts", "company", "Bank Name"} {
			if strings.Contains(k.Payload, private) {
				t.Errorf("%s: the payload holds %s", name, private)
			}
		}
		if k.Outcome != "applied" || !strings.Contains(k.Payload, `"display_name":"Pay"`) {
			t.Errorf("%s is kept as %+v", name, k)
		}
		r.wantStatus("s2", account.Enabled)
	}
}
