package sandbox

import (
	"encoding/json"
	"net/http"
)

// paymentIntent is the payment of a Checkout (docs.stripe.com/api/payment_intents/object); there are no others here, so
// that each of them has succeeded. Amounts are in the currency's smallest unit.
type paymentIntent struct {
	ID                   string            `json:"id"`
	Object               string            `json:"object"`
	Amount               int64             `json:"amount"`
	AmountCapturable     int64             `json:"amount_capturable"`
	AmountReceived       int64             `json:"amount_received"`
	Application          *string           `json:"application"`
	ApplicationFeeAmount *int64            `json:"application_fee_amount"`
	CaptureMethod        string            `json:"capture_method"`
	ClientSecret         string            `json:"client_secret"`
	ConfirmationMethod   string            `json:"confirmation_method"`
	Created              int64             `json:"created"`
	Currency             string            `json:"currency"`
	Customer             *string           `json:"customer"`
	Description          *string           `json:"description"`
	LatestCharge         *string           `json:"latest_charge"`
	Livemode             bool              `json:"livemode"`
	Metadata             map[string]string `json:"metadata"`
	PaymentMethod        *string           `json:"payment_method"`
	PaymentMethodTypes   []string          `json:"payment_method_types"`
	Status               string            `json:"status"`
}

func (p paymentIntent) identity() string { return p.ID }

func paymentIntentOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/payment_intents", run: listPaymentIntents},
		{method: http.MethodGet, path: "/v1/payment_intents/{id}", run: retrievePaymentIntent},
	}
}

func listPaymentIntents(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	made, err := readTimeRange(req.form.field("created"))
	if err != nil {
		return nil, err
	}
	return req.pageOf(tx.intents.pages("payment_intent", req.acting.ID, func(p *paymentIntent) bool {
		return made.has(p.Created) && req.form.isOr("customer", "")
	}))
}

func retrievePaymentIntent(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	p := tx.intents.get(req.acting.ID, req.pathID)
	if p == nil {
		return nil, resourceMissing("intent", "payment_intent", req.pathID)
	}
	return encode(p)
}

// payment is what a Checkout pays with: the method, and what the session said of the payment.
func (s *checkoutSession) payment(method string, now int64) paymentIntent {
	id := newID("pi")
	return paymentIntent{
		ID: id, Object: "payment_intent", Amount: valueOr(s.Object.AmountTotal, 0), AmountReceived: valueOr(s.Object.AmountTotal, 0),
		Application: pointerTo(s.Payment.Application), ApplicationFeeAmount: s.Payment.ApplicationFeeAmount,
		CaptureMethod: "automatic", ClientSecret: id + "_secret_" + randomText(24), ConfirmationMethod: "automatic",
		Created: now, Currency: valueOrEmpty(s.Object.Currency), Description: pointerTo(s.Payment.Description),
		LatestCharge: pointerTo(newID("ch")), Livemode: s.Object.Livemode, Metadata: s.Payment.Metadata,
		PaymentMethod: pointerTo(method), PaymentMethodTypes: s.Object.PaymentMethodTypes, Status: "succeeded",
	}
}

func valueOrEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
