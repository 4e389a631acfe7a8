package client

// PaidCheckout is the data of a checkout.paid event: a Checkout session on a seller's account that was paid. Amounts are in
// the currency's smallest unit (docs.stripe.com/currencies#zero-decimal); one that Stripe does not say is nil.
type PaidCheckout struct {
	SellerID             string            `json:"seller_id"`
	AccountID            string            `json:"account_id"`
	SessionID            string            `json:"session_id"`
	AmountTotal          *int64            `json:"amount_total"`
	Currency             string            `json:"currency"`
	ApplicationFeeAmount *int64            `json:"application_fee_amount"`
	Metadata             map[string]string `json:"metadata"`
	ClientReferenceID    *string           `json:"client_reference_id"`
	// Readiness is the seller's when connectd heard of the payment.
	Readiness Readiness `json:"readiness"`
}
