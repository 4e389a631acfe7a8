package sandbox

import (
	"encoding/json"
	"net/http"
)

// paymentPageOperations are what Checkout's own page asks. They are not in Stripe's specification; the CLI's trigger of
// checkout.session.completed pays by them (github.com/stripe/stripe-cli, its fixture of that name).
func paymentPageOperations() []operation {
	return []operation{
		{
			method: http.MethodGet, path: "/v1/payment_pages/{id}", run: retrievePaymentPage,
			rules: &rule{Fields: map[string]*rule{"expand": {Items: &rule{Text: anyText}}}},
		},
		{
			method: http.MethodPost, path: "/v1/payment_pages/{id}/confirm", run: confirmPaymentPage,
			rules: &rule{
				Fields: map[string]*rule{
					"expand": {Items: &rule{Text: anyText}}, "expected_amount": {Text: integerText}, "payment_method": {Text: anyText},
				},
				Required: []string{"payment_method"},
			},
		},
	}
}

// paymentPageObject is what the page is told.
type paymentPageObject struct {
	ID            string        `json:"id"`
	Object        string        `json:"object"`
	Currency      *string       `json:"currency"`
	Livemode      bool          `json:"livemode"`
	Mode          string        `json:"mode"`
	PaymentStatus string        `json:"payment_status"`
	Session       sessionObject `json:"session"`
	SessionID     string        `json:"session_id"`
	State         string        `json:"state"`
	TotalAmount   *int64        `json:"total_amount"`
}

func (s *checkoutSession) page() paymentPageObject {
	return paymentPageObject{
		ID: "ppage_1" + s.Object.ID[len(s.Object.ID)-23:], Object: "checkout.session", Currency: s.Object.Currency,
		Livemode: s.Object.Livemode, Mode: s.Object.Mode, PaymentStatus: s.Object.PaymentStatus, Session: s.Object,
		SessionID: s.Object.ID, State: string(s.Object.Status), TotalAmount: s.Object.AmountTotal,
	}
}

func retrievePaymentPage(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.ownSession(req)
	if err != nil {
		return nil, err
	}
	return encode(s.page())
}

func confirmPaymentPage(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.ownSession(req)
	if err != nil {
		return nil, err
	}
	id := req.form.value("payment_method")
	m := tx.methods.get(req.acting.ID, id)
	if m == nil {
		return nil, noSuch(http.StatusBadRequest, "payment_method", "PaymentMethod", id)
	}
	if err := s.refuseConfirmation(req.form); err != nil {
		return nil, err
	}
	paid, err := tx.pay(req.acting, *s, m, req.cause())
	if err != nil {
		return nil, err
	}
	return encode(paid.page())
}

func (s *checkoutSession) refuseConfirmation(form *parameter) error {
	if s.Object.Status != sessionOpen {
		return badRequest("", "", "This Checkout Session is no longer open: its status is `%s`.", s.Object.Status)
	}
	expected := form.number("expected_amount")
	if expected != nil && *expected != *s.Object.AmountTotal {
		return badRequest("checkout_amount_mismatch", "expected_amount",
			"The expected amount of %d is not the session's total of %d.", *expected, *s.Object.AmountTotal)
	}
	return nil
}
