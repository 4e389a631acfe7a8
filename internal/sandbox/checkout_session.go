package sandbox

import (
	"strings"
	"time"
)

// checkoutLife is how long a session is open unless told otherwise (docs.stripe.com/api/checkout/sessions/create).
const checkoutLife = 24 * time.Hour

// checkoutSession is a session with what Stripe does not show of it. Guarded by the state's lock, replaced whole.
type checkoutSession struct {
	Object  sessionObject  `json:"session"`
	Lines   []lineItem     `json:"line_items"`
	Payment paymentDetails `json:"payment"`
}

// paymentDetails are of the payment intent that the session will have.
type paymentDetails struct {
	Application          string            `json:"application,omitempty"`
	ApplicationFeeAmount *int64            `json:"application_fee_amount,omitempty"`
	Description          string            `json:"description,omitempty"`
	Metadata             map[string]string `json:"metadata"`
}

func (s checkoutSession) identity() string { return s.Object.ID }

// deadline is when the session expires, in Unix seconds.
func (s checkoutSession) deadline() int64 {
	if s.Object.Status != sessionOpen {
		return never
	}
	return s.Object.ExpiresAt
}

type sessionStatus string

const (
	sessionOpen     sessionStatus = "open"
	sessionComplete sessionStatus = "complete"
	sessionExpired  sessionStatus = "expired"
)

// sessionObject is a session as Stripe writes it (docs.stripe.com/api/checkout/sessions/object). Amounts are in the
// currency's smallest unit.
type sessionObject struct {
	ID                       string            `json:"id"`
	Object                   string            `json:"object"`
	AllowPromotionCodes      *bool             `json:"allow_promotion_codes"`
	AmountSubtotal           *int64            `json:"amount_subtotal"`
	AmountTotal              *int64            `json:"amount_total"`
	AutomaticTax             automaticTax      `json:"automatic_tax"`
	BillingAddressCollection *string           `json:"billing_address_collection"`
	CancelURL                *string           `json:"cancel_url"`
	ClientReferenceID        *string           `json:"client_reference_id"`
	ClientSecret             *string           `json:"client_secret"`
	Created                  int64             `json:"created"`
	Currency                 *string           `json:"currency"`
	CustomFields             []string          `json:"custom_fields"`
	CustomText               customText        `json:"custom_text"`
	Customer                 *string           `json:"customer"`
	CustomerCreation         *string           `json:"customer_creation"`
	CustomerDetails          *customerDetails  `json:"customer_details"`
	CustomerEmail            *string           `json:"customer_email"`
	ExpiresAt                int64             `json:"expires_at"`
	Livemode                 bool              `json:"livemode"`
	Locale                   *string           `json:"locale"`
	Metadata                 map[string]string `json:"metadata"`
	Mode                     string            `json:"mode"`
	PaymentIntent            *string           `json:"payment_intent"`
	PaymentMethodCollection  *string           `json:"payment_method_collection"`
	PaymentMethodTypes       []string          `json:"payment_method_types"`
	PaymentStatus            string            `json:"payment_status"`
	ReturnURL                *string           `json:"return_url,omitempty"`
	ShippingOptions          []string          `json:"shipping_options"`
	Status                   sessionStatus     `json:"status"`
	SubmitType               *string           `json:"submit_type"`
	Subscription             *string           `json:"subscription"`
	SuccessURL               *string           `json:"success_url"`
	TotalDetails             totalDetails      `json:"total_details"`
	UIMode                   string            `json:"ui_mode"`
	URL                      *string           `json:"url"`
}

type automaticTax struct {
	Enabled bool    `json:"enabled"`
	Status  *string `json:"status"`
}

type customText struct {
	ShippingAddress          *string `json:"shipping_address"`
	Submit                   *string `json:"submit"`
	TermsOfServiceAcceptance *string `json:"terms_of_service_acceptance"`
}

type customerDetails struct {
	Address   *postalAddress `json:"address"`
	Email     *string        `json:"email"`
	Name      *string        `json:"name"`
	Phone     *string        `json:"phone"`
	TaxExempt *string        `json:"tax_exempt"`
	TaxIDs    []string       `json:"tax_ids"`
}

type totalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountShipping int64 `json:"amount_shipping"`
	AmountTax      int64 `json:"amount_tax"`
}

// lineItem is what is bought, and how many of it.
type lineItem struct {
	ID             string `json:"id"`
	Object         string `json:"object"`
	AmountDiscount int64  `json:"amount_discount"`
	AmountSubtotal int64  `json:"amount_subtotal"`
	AmountTax      int64  `json:"amount_tax"`
	AmountTotal    int64  `json:"amount_total"`
	Currency       string `json:"currency"`
	Description    string `json:"description"`
	Price          price  `json:"price"`
	Quantity       int64  `json:"quantity"`
}

func (l lineItem) identity() string { return l.ID }

func newSession(owner *account, now time.Time) checkoutSession {
	mode := "test"
	if owner.Livemode {
		mode = "live"
	}
	return checkoutSession{
		Object: sessionObject{
			ID: "cs_" + mode + "_a1" + randomText(56), Object: "checkout.session", Created: now.Unix(),
			CustomFields: []string{}, CustomerCreation: pointerTo("if_required"), ExpiresAt: now.Add(checkoutLife).Unix(),
			Livemode: owner.Livemode, Metadata: map[string]string{}, Mode: "payment",
			PaymentMethodCollection: pointerTo("if_required"), PaymentMethodTypes: []string{"card"}, PaymentStatus: "unpaid",
			ShippingOptions: []string{}, Status: sessionOpen, UIMode: "hosted",
		},
		Payment: paymentDetails{Metadata: map[string]string{}},
	}
}

func newLineItem(p price, description string, quantity int64) lineItem {
	cost := p.cost(quantity)
	return lineItem{
		ID: newID("li"), Object: "item", AmountSubtotal: cost, AmountTotal: cost, Currency: p.Currency,
		Description: description, Price: p, Quantity: quantity,
	}
}

// total sets the session's amounts to what its lines come to.
func (s *checkoutSession) total() {
	sum := int64(0)
	for _, line := range s.Lines {
		sum += line.AmountTotal
	}
	s.Object.AmountSubtotal, s.Object.AmountTotal = &sum, &sum
	s.Object.Currency = pointerTo(s.Lines[0].Currency)
}

// finish completes the session: paid, or waiting for a payment that takes days. A finished session has no page any more.
func (s checkoutSession) finish(buyer billingDetails, intent *paymentIntent) checkoutSession {
	s.Object.Status, s.Object.URL = sessionComplete, nil
	s.Object.CustomerDetails = &customerDetails{
		Address: &buyer.Address, Email: buyer.Email, Name: buyer.Name, Phone: buyer.Phone, TaxExempt: pointerTo("none"),
		TaxIDs: []string{},
	}
	if intent != nil {
		s.Object.PaymentStatus, s.Object.PaymentIntent = "paid", &intent.ID
	}
	if valueOr(s.Object.AmountTotal, 0) == 0 {
		s.Object.PaymentStatus = "no_payment_required"
	}
	return s
}

// landing is where the buyer is sent after paying.
func (s *checkoutSession) landing() string {
	to := valueOrEmpty(s.Object.SuccessURL)
	return strings.ReplaceAll(to, "{CHECKOUT_SESSION_ID}", s.Object.ID)
}
