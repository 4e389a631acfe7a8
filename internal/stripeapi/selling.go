package stripeapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// On says on whose account a call is made; the zero On is the platform's own.
type On struct {
	AccountID string
	// IdempotencyKey makes one request of all that carry it (docs.stripe.com/api/idempotent_requests): of one account, for a
	// day, at most 255 characters. Where it is "", stripe-go makes up one that nobody else knows.
	IdempotencyKey string
}

func (on On) params() *stripe.Params {
	params := &stripe.Params{}
	if on.AccountID != "" {
		params.SetStripeAccount(on.AccountID)
	}
	if on.IdempotencyKey != "" {
		params.SetIdempotencyKey(on.IdempotencyKey)
	}
	return params
}

// CodeIdempotency is said of an Idempotency-Key that came with other parameters before. (It is the error's type; there is no
// code.)
const CodeIdempotency = "idempotency_error"

// Made is an object that Stripe has made, as it came.
type Made struct {
	ID     string
	Object json.RawMessage
}

// Product is what there is to say of a new product (docs.stripe.com/api/products/create); what is zero is not said.
type Product struct {
	Name        string            `form:"name"`
	Description string            `form:"description"`
	Images      []string          `form:"images"`
	URL         string            `form:"url"`
	Metadata    map[string]string `form:"metadata"`
}

// Checkout is what there is to say of a new Checkout session that is paid once
// (docs.stripe.com/api/checkout/sessions/create); what is zero is not said.
type Checkout struct {
	LineItems         []LineItem        `form:"line_items"`
	SuccessURL        string            `form:"success_url"`
	CancelURL         string            `form:"cancel_url"`
	ClientReferenceID string            `form:"client_reference_id"`
	Metadata          map[string]string `form:"metadata"`
	Payment           Payment           `form:"payment_intent_data"`
}

// LineItem is what is bought, at a price that there is or one that is made for it.
type LineItem struct {
	Quantity  int64      `form:"quantity"`
	Price     string     `form:"price"`
	PriceData *PriceData `form:"price_data"`
}

// PriceData is a new price, of a product that there is or one that is made for it.
type PriceData struct {
	Currency    string       `form:"currency"`
	UnitAmount  *int64       `form:"unit_amount"` // in the currency's smallest unit
	UnitDecimal string       `form:"unit_amount_decimal"`
	TaxBehavior string       `form:"tax_behavior"`
	Product     string       `form:"product"`
	ProductData *ProductData `form:"product_data"`
}

// ProductData is a new product that is made for a price.
type ProductData struct {
	Name        string            `form:"name"`
	Description string            `form:"description"`
	Images      []string          `form:"images"`
	TaxCode     string            `form:"tax_code"`
	Metadata    map[string]string `form:"metadata"`
}

// Payment is of the payment that the session will make.
type Payment struct {
	ApplicationFeeAmount int64 `form:"application_fee_amount"` // in the currency's smallest unit
}

// CreateProduct makes a product on an account. After an Unreachable it may have been made; the same call with the same
// IdempotencyKey then makes no second one.
func (c *Client) CreateProduct(ctx context.Context, on On, p Product) (Made, error) {
	return create(ctx, c, "make a product", "/v1/products", on, p)
}

// CreateCheckoutSession makes a Checkout session on an account, as CreateProduct does a product.
func (c *Client) CreateCheckoutSession(ctx context.Context, on On, p Checkout) (Made, error) {
	return create(ctx, c, "make a Checkout session", "/v1/checkout/sessions", on, inModePayment{Mode: "payment", Checkout: p})
}

type inModePayment struct {
	Mode     string `form:"mode"`
	Checkout `form:"*"`
}

// fields are parameters of connectd's own, encoded by stripe-go as its own are.
type fields[T any] struct {
	stripe.Params `form:"*"`
	Fields        T `form:"*"`
}

func create[T any](ctx context.Context, c *Client, op, path string, on On, p T) (Made, error) {
	op += " on account " + on.AccountID
	res, err := c.call(ctx, request{
		op: op, backend: c.api, method: http.MethodPost, path: path, on: on, params: &fields[T]{Fields: p},
	})
	if err != nil {
		return Made{}, err
	}
	made, err := decode[struct {
		ID string `json:"id"`
	}](res, op)
	if err != nil {
		return Made{}, err
	}
	if made.ID == "" {
		return Made{}, unreadable(op, res)
	}
	return Made{ID: made.ID, Object: res.body}, nil
}
