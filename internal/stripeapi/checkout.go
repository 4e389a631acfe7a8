package stripeapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// Paid is the payment_status of a Checkout session whose money is there
// (docs.stripe.com/api/checkout/sessions/object#checkout_session_object-payment_status).
const Paid = "paid"

// CheckoutSession is a Checkout session as connectd reads it. Amounts are in the currency's smallest unit; one that Stripe
// does not say is nil.
type CheckoutSession struct {
	ID                string
	PaymentStatus     string
	AmountTotal       *int64
	Currency          string
	Metadata          map[string]string
	ClientReferenceID *string
	// ApplicationFeeAmount is in no session of 2023-10-16, whose payment intent has it.
	ApplicationFeeAmount *int64
}

type checkoutObject struct {
	ID                   text   `json:"id"`
	Object               text   `json:"object"`
	PaymentStatus        text   `json:"payment_status"`
	AmountTotal          whole  `json:"amount_total"`
	Currency             text   `json:"currency"`
	Metadata             byName `json:"metadata"`
	ClientReferenceID    text   `json:"client_reference_id"`
	ApplicationFeeAmount whole  `json:"application_fee_amount"`
}

// DecodeCheckoutSession reads Stripe's Checkout session (docs.stripe.com/api/checkout/sessions/object) as DecodeAccount
// reads an account.
func DecodeCheckoutSession(raw []byte) (CheckoutSession, error) {
	var o checkoutObject
	if err := json.Unmarshal(raw, &o, trusting); err != nil {
		return CheckoutSession{}, fmt.Errorf("decode Checkout session: %w", err)
	}
	if o.Object != "" && o.Object != "checkout.session" {
		return CheckoutSession{}, fmt.Errorf("decode Checkout session: it is a %q", o.Object)
	}
	if o.ID == "" {
		return CheckoutSession{}, errors.New("decode Checkout session: it has no id")
	}
	s := CheckoutSession{
		ID: string(o.ID), PaymentStatus: string(o.PaymentStatus), AmountTotal: o.AmountTotal.value,
		Currency: strings.ToLower(string(o.Currency)), ApplicationFeeAmount: o.ApplicationFeeAmount.value,
		Metadata: make(map[string]string, len(o.Metadata)),
	}
	for name, value := range o.Metadata {
		s.Metadata[withoutNUL(name)] = withoutNUL(value)
	}
	if o.ClientReferenceID != "" {
		reference := string(o.ClientReferenceID)
		s.ClientReferenceID = &reference
	}
	return s, nil
}

// withoutNUL is a text of the platform's own as it is, but for what Postgres does not take.
func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }
