package webhook_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
)

// session is a Checkout session with parts beside its id.
func session(parts string) string {
	return `{"id":"cs_1","object":"checkout.session","amount_total":4200,"currency":"eur","client_reference_id":"order-7",
		"metadata":{"userId":"s1","note":"two\nlines"},"customer_details":{"email":"PRIVATE","name":"PRIVATE","address":{"line1":"PRIVATE"}},
		"shipping_details":{"name":"PRIVATE"},"custom_fields":[{"text":{"value":"PRIVATE"}}],"customer_email":"PRIVATE"` + parts + `}`
}

func (r *receiver) toldSale() client.PaidCheckout {
	r.t.Helper()
	told := r.told()
	if len(told) != 1 || told[0].Type != notify.CheckoutPaid {
		r.t.Fatalf("told %+v, want one paid Checkout", told)
	}
	var sale client.PaidCheckout
	if err := json.Unmarshal(told[0].Data, &sale); err != nil {
		r.t.Fatal(err)
	}
	return sale
}

func TestPaidCheckoutIsToldOnceASession(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_0", works))
	r.settle("acct_1")
	completed := happened("evt_1", "checkout.session.completed", session(`,"payment_status":"paid"`))
	later := happened("evt_2", "checkout.session.async_payment_succeeded", session(`,"payment_status":"paid"`))
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() { r.deliver(completed.json(t)) })
		group.Go(func() { r.deliver(later.json(t)) })
	}
	group.Wait()
	sale := r.toldSale()
	if sale.Readiness.Status != "enabled" || sale.Readiness.SellerID != "s1" {
		t.Errorf("readiness %+v", sale.Readiness)
	}
	sale.Readiness = client.Readiness{}
	amount, order := int64(4200), "order-7"
	want := client.PaidCheckout{
		SellerID: "s1", AccountID: "acct_1", SessionID: "cs_1", AmountTotal: &amount, Currency: "eur",
		Metadata: map[string]string{"userId": "s1", "note": "two\nlines"}, ClientReferenceID: &order,
	}
	if diff := cmp.Diff(want, sale); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	for _, id := range []string{"evt_1", "evt_2"} {
		if k := r.kept(id); k.Outcome != "applied" || containsPrivate(k.Payload) {
			t.Errorf("%s is kept as %+v", id, k)
		}
	}
	if r.isDue("acct_1") {
		t.Error("a sale has made the account due")
	}
}

func TestCheckoutThatIsNotPaidIsIgnored(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for i, status := range []string{`"unpaid"`, `"no_payment_required"`, `"PAID"`, `"new"`, `"unpaid","amount_total":"abc"`} {
		id := fmt.Sprintf("evt_%d", i)
		r.take(happened(id, "checkout.session.completed", session(`,"payment_status":`+status)))
		if k := r.kept(id); k.Outcome != "ignored" || !strings.Contains(k.Why, "not paid") || k.Payload != "" {
			t.Errorf("%s is kept as %+v", status, k)
		}
	}
	stranger := happened("evt_stranger", "checkout.session.completed", session(`,"payment_status":"paid"`))
	stranger.Account = "acct_2"
	own := stranger
	own.ID, own.Account = "evt_own", ""
	for _, e := range []stripeEvent{stranger, own} {
		r.take(e)
		if k := r.kept(e.ID); k.Outcome != "ignored" || k.Payload != "" {
			t.Errorf("kept %+v", k)
		}
	}
	if told := r.told(); len(told) > 0 {
		t.Errorf("told %+v", told)
	}
}

func TestCheckoutPaidLaterIsTold(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(happened("evt_1", "checkout.session.completed", session(`,"payment_status":"unpaid"`)))
	r.take(happened("evt_2", "checkout.session.async_payment_succeeded", session(`,"payment_status":"paid"`)))
	if sale := r.toldSale(); sale.SessionID != "cs_1" {
		t.Errorf("told %+v", sale)
	}
}

func TestCheckoutThatCanNotBeReadIsFailed(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for i, object := range []string{
		`null`, `[]`, `{"payment_status":"paid"}`, `{"id":"cs_1"}`, `{"id":"cs_1","object":"charge","payment_status":"paid"}`,
		`{"id":"` + strings.Repeat("c", 100_000) + `","payment_status":"paid"}`, `{"id":"two words","payment_status":"paid"}`,
	} {
		id := fmt.Sprintf("evt_%d", i)
		r.take(happened(id, "checkout.session.completed", object))
		if k := r.kept(id); k.Outcome != "failed" || k.Why == "" || strings.Contains(k.Why, "json") {
			t.Errorf("%.40s is kept as %.200v", object, k)
		}
	}
}

func TestOddSessionIsToldWithWhatItHas(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(happened("evt_1", "checkout.session.completed", `{"id":"cs_1","payment_status":"paid","amount_total":"4200",
		"currency":null,"client_reference_id":7,"metadata":{"a\u0000":"b\u0000\ud800","n":7.50,"gone":null},"application_fee_amount":42.0}`))
	sale := r.toldSale()
	if *sale.AmountTotal != 4200 || *sale.ApplicationFeeAmount != 42 || *sale.ClientReferenceID != "7" {
		t.Errorf("told %+v", sale)
	}
	if diff := cmp.Diff(map[string]string{"a": "b\ufffd", "n": "7.50"}, sale.Metadata); diff != "" {
		t.Error(diff)
	}
}

func TestSaleSaysOnlyItsID(t *testing.T) {
	t.Parallel()
	for _, parts := range []string{``, `,"amount_total":null,"currency":null,"metadata":null,"client_reference_id":null`} {
		r := newReceiver(t)
		r.take(happened("evt_1", "checkout.session.completed", `{"id":"cs_1","payment_status":"paid"`+parts+`}`))
		sale := r.toldSale()
		sale.Readiness = client.Readiness{}
		want := client.PaidCheckout{SellerID: "s1", AccountID: "acct_1", SessionID: "cs_1", Metadata: map[string]string{}}
		if diff := cmp.Diff(want, sale); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
}

// TestNothingIsToldOfASaleThatCanNotBeRead: it would be told once, and for good.
func TestNothingIsToldOfASaleThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n := 0
	for part, forms := range map[string][]string{
		"payment_status":         {`null`, `7`, `["paid"]`, `{}`, `true`, `""`},
		"amount_total":           {`"abc"`, `""`, `10.5`, `"10.5"`, `{}`, `[1]`, `1e30`, `"0x10"`, `" 1"`, `"Inf"`, `true`},
		"application_fee_amount": {`"x"`, `0.5`},
		"currency":               {`5`, `""`, `{}`, `["eur"]`, `false`},
		"metadata":               {`"x"`, `7`, `["x"]`, `true`, `{"a":{}}`, `{"a":["x"]}`, `{"a":true}`, `{"a":"x","a":{}}`},
		"client_reference_id":    {`{}`, `["x"]`},
	} {
		for _, form := range forms {
			n++
			id := fmt.Sprintf("evt_%d", n)
			paid := session(`,"payment_status":"paid","` + part + `":` + form)
			r.take(happened(id, "checkout.session.completed", paid))
			k := r.kept(id)
			if k.Outcome != "failed" || !strings.Contains(k.Why, part) || k.Payload == "" || containsPrivate(k.Payload) {
				t.Errorf("%s as %s is kept as %+v", part, form, k)
			}
			r.wantReplay(id, registry.Failed, k.Why)
		}
	}
	if told := r.told(); len(told) > 0 {
		t.Errorf("told %+v", told)
	}
}

// TestSaleIsToldOnceItCanBeRead: the payload of a sale that could not be read says all that is to be told.
func TestSaleIsToldOnceItCanBeRead(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := happened("evt_1", "checkout.session.completed", session(`,"payment_status":"paid"`))
	r.store(e, registry.Failed, "no reader", string(e.json(t)))
	r.wantReplay("evt_1", registry.Applied, "")
	if sale := r.toldSale(); *sale.AmountTotal != 4200 {
		t.Errorf("told %+v", sale)
	}
}
