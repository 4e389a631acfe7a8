package webhook_test

import (
	"encoding/json"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

// happened is an event of acct_1 about another object than the account.
func happened(id, typ, object string) stripeEvent {
	e := updated(id, "")
	e.Type, e.Data.Object = typ, json.RawMessage(object)
	return e
}

func TestWhatIsOnlyHintedAtMakesTheAccountDue(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_0", works))
	for _, typ := range []string{
		"account.application.authorized", "capability.updated",
		"account.external_account.created", "account.external_account.updated", "account.external_account.deleted",
		"person.created", "person.updated", "person.deleted", "payout.failed",
	} {
		for form, object := range map[string]string{
			"of its type": `{"id":"obj_1","email":"PRIVATE","last4":"PRIVATE","first_name":"PRIVATE"}`, "null": `null`, "a list": `["PRIVATE"]`,
		} {
			r.settle("acct_1")
			id := "evt_" + typ + "_" + form[:1]
			r.take(happened(id, typ, object))
			if k := r.kept(id); k.Outcome != "applied" || !r.isDue("acct_1") || containsPrivate(k.Payload) {
				t.Errorf("%s, its object %s, is kept as %+v, due %t", typ, form, k, r.isDue("acct_1"))
			}
		}
	}
	r.wantStatus("s1", account.Enabled)
	if n := r.count("select count(*) from account_changes"); n != 2 {
		t.Errorf("%d changes, want those of the grant and the update", n)
	}
}

func TestHintFromBeforeWhatIsKnownIsStale(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.settle("acct_1")
	old := happened("evt_1", "capability.updated", `{}`)
	old.Created -= 86400
	r.take(old)
	if k := r.kept("evt_1"); k.Outcome != "stale" || r.isDue("acct_1") {
		t.Errorf("kept %+v, due %t", k, r.isDue("acct_1"))
	}
}

func TestFailedPayoutIsToldOnceAnEvent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	const payout = `{"id":"po_1","object":"payout","amount":1000,"currency":"eur","failure_code":"account_closed",
		"failure_message":"PRIVATE","destination":"PRIVATE","metadata":{"note":"PRIVATE"}}`
	for _, id := range []string{"evt_1", "evt_1", "evt_2"} {
		r.take(happened(id, "payout.failed", payout))
	}
	wantKept(t, r.kept("evt_1").Payload, `{"id":"po_1","object":"payout","amount":1000,"currency":"eur","failure_code":"account_closed"}`)
	told := r.told()
	if len(told) != 2 {
		t.Fatalf("%d are told, want one of each event", len(told))
	}
	var ready client.Readiness
	if err := json.Unmarshal(told[0].Data, &ready); err != nil || told[0].Type != notify.PayoutFailed || ready.SellerID != "s1" {
		t.Errorf("told %s %s, %v", told[0].Type, told[0].Data, err)
	}
}
