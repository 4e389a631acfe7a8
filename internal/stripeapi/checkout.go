package stripeapi

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
	// Unreadable are the parts that are there, not null, and could not be read.
	Unreadable []string
}

type checkoutObject struct {
	ID                   text           `json:"id"`
	Object               text           `json:"object"`
	PaymentStatus        text           `json:"payment_status"`
	AmountTotal          jsontext.Value `json:"amount_total"`
	Currency             jsontext.Value `json:"currency"`
	Metadata             jsontext.Value `json:"metadata"`
	ClientReferenceID    jsontext.Value `json:"client_reference_id"`
	ApplicationFeeAmount jsontext.Value `json:"application_fee_amount"`
}

// DecodeCheckoutSession reads Stripe's Checkout session (docs.stripe.com/api/checkout/sessions/object) as DecodeAccount
// reads an account, but says which parts of a sale it could not read.
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
	return o.session(), nil
}

func (o checkoutObject) session() CheckoutSession {
	s := CheckoutSession{ID: string(o.ID), PaymentStatus: string(o.PaymentStatus), Metadata: map[string]string{}}
	s.AmountTotal = readPart(&s, "amount_total", o.AmountTotal, wholeNumber)
	s.ApplicationFeeAmount = readPart(&s, "application_fee_amount", o.ApplicationFeeAmount, wholeNumber)
	s.ClientReferenceID = readPart(&s, "client_reference_id", o.ClientReferenceID, textOrNumber)
	if currency := readPart(&s, "currency", o.Currency, currency); currency != nil {
		s.Currency = *currency
	}
	if metadata := readPart(&s, "metadata", o.Metadata, metadata); metadata != nil {
		s.Metadata = *metadata
	}
	return s
}

// readPart is nil for a part that is missing, null or unreadable.
func readPart[T any](s *CheckoutSession, name string, raw jsontext.Value, read func(jsontext.Value) (T, bool)) *T {
	if isNone(raw) {
		return nil
	}
	value, readable := read(raw)
	if !readable {
		s.Unreadable = append(s.Unreadable, name)
		return nil
	}
	return &value
}

func isNone(raw jsontext.Value) bool { return len(raw) == 0 || raw.Kind() == 'n' }

// exact is the largest number below which a float has every whole number.
const exact = 1 << 53

// wholeNumber is written as a number, which may have a point, or as text.
func wholeNumber(raw jsontext.Value) (int64, bool) {
	number := raw
	if raw.Kind() == '"' {
		number = jsontext.Value(unquoted(raw))
	}
	if number.Kind() != '0' || !number.IsValid() {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(number), 10, 64); err == nil {
		return n, true
	}
	n, err := strconv.ParseFloat(string(number), 64)
	return int64(n), err == nil && n == math.Trunc(n) && math.Abs(n) < exact
}

// currency is any text: Stripe may add currencies of more than three letters.
func currency(raw jsontext.Value) (string, bool) {
	name := strings.ToLower(clean(unquoted(raw)))
	return name, name != ""
}

// textOrNumber is a text of the platform's own as it is, but for what Postgres does not take, or a number as it is written.
func textOrNumber(raw jsontext.Value) (string, bool) {
	switch raw.Kind() {
	case '"':
		return withoutNUL(unquoted(raw)), true
	case '0':
		return string(raw), true
	}
	return "", false
}

// metadata leaves out what is null.
func metadata(raw jsontext.Value) (map[string]string, bool) {
	var values map[string]jsontext.Value
	if json.Unmarshal(raw, &values, trusting) != nil {
		return nil, false
	}
	told := make(map[string]string, len(values))
	for name, raw := range values {
		if isNone(raw) {
			continue
		}
		value, readable := textOrNumber(raw)
		if !readable {
			return nil, false
		}
		told[withoutNUL(name)] = value
	}
	return told, true
}

func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }
