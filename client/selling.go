package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ProductParams is what a product is made of; only Name has to be there.
type ProductParams struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Images      []string `json:"images,omitempty"` // URLs, up to 8
	URL         string   `json:"url,omitempty"`
	// Metadata is the platform's own; userId is connectd's.
	Metadata map[string]string `json:"metadata,omitempty"`
	// IdempotencyKey makes one product of all calls of a day that carry it for one seller. Where it is "", each call has its
	// own.
	IdempotencyKey string `json:"-"`
}

// Product is one on a seller's account at Stripe.
type Product struct {
	ID string `json:"id"`
	// Stripe is all of Stripe's object.
	Stripe json.RawMessage `json:"-"`
}

// CheckoutSessionParams is what is sold, and what the platform keeps of it; LineItems and SuccessURL have to be there.
type CheckoutSessionParams struct {
	LineItems []LineItem `json:"line_items"`
	// SuccessURL is where the buyer comes back after paying; Stripe puts the session's id in the place of
	// {CHECKOUT_SESSION_ID}.
	SuccessURL string `json:"success_url"`
	CancelURL  string `json:"cancel_url,omitempty"`
	// ApplicationFeeAmount is what the platform keeps, in the currency's smallest unit; ApplicationFeePercent is the same in
	// percent of the total, with at most two decimals, for line items with PriceData. One of them, or neither.
	ApplicationFeeAmount  int64   `json:"application_fee_amount,omitempty"`
	ApplicationFeePercent float64 `json:"application_fee_percent,omitempty"`
	// Metadata and ClientReferenceID come back in the checkout.paid event; userId is connectd's.
	Metadata          map[string]string `json:"metadata,omitempty"`
	ClientReferenceID string            `json:"client_reference_id,omitempty"`
	// IdempotencyKey makes one session of all calls of a day that carry it for one seller. Where it is "", each call has its
	// own.
	IdempotencyKey string `json:"-"`
}

// LineItem is what is bought, and how many: at a Price on the seller's account (price_…), or at one that is made of
// PriceData.
type LineItem struct {
	Quantity  int64      `json:"quantity"`
	Price     string     `json:"price,omitempty"`
	PriceData *PriceData `json:"price_data,omitempty"`
}

// PriceData is a price, of a Product on the seller's account (prod_…) or one that is made of ProductData.
type PriceData struct {
	Currency    string       `json:"currency"`    // ISO 4217, lower case
	UnitAmount  int64        `json:"unit_amount"` // in the currency's smallest unit
	Product     string       `json:"product,omitempty"`
	ProductData *ProductData `json:"product_data,omitempty"`
}

// ProductData is a product that is made for a price; only Name has to be there.
type ProductData struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Images      []string          `json:"images,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// CheckoutSession is one on a seller's account at Stripe: send the buyer to URL.
type CheckoutSession struct {
	ID          string `json:"id"`
	URL         string `json:"url"`
	AmountTotal int64  `json:"amount_total"` // in the currency's smallest unit
	Currency    string `json:"currency"`
	// Stripe is all of Stripe's object.
	Stripe json.RawMessage `json:"-"`
}

// CreateProduct makes a product on the seller's account. Where the seller can't transact, the error is an *Error with Code
// cannot_transact and Reasons; where Stripe refuses, it has what Stripe said. It is tried again as a read is: all tries
// carry one IdempotencyKey, and make one product.
func (c *Client) CreateProduct(ctx context.Context, sellerID string, params ProductParams) (Product, error) {
	object, err := sell(ctx, c, sellerID, "products", params.IdempotencyKey, params)
	product := Product{Stripe: object}
	if err == nil {
		err = readObject(object, &product, &product.ID)
	}
	if err != nil {
		return Product{}, fmt.Errorf("create product of %s: %w", sellerID, err)
	}
	return product, nil
}

// CreateCheckoutSession makes a Checkout session on the seller's account, with errors and tries as CreateProduct.
func (c *Client) CreateCheckoutSession(ctx context.Context, sellerID string, params CheckoutSessionParams) (CheckoutSession, error) {
	object, err := sell(ctx, c, sellerID, "checkout-sessions", params.IdempotencyKey, params)
	session := CheckoutSession{Stripe: object}
	if err == nil {
		err = readObject(object, &session, &session.ID)
	}
	if err != nil {
		return CheckoutSession{}, fmt.Errorf("create Checkout session of %s: %w", sellerID, err)
	}
	return session, nil
}

// readObject holds that what was answered is an object of Stripe's.
func readObject[O any](object json.RawMessage, into *O, id *string) error {
	if err := json.Unmarshal(object, into); err != nil {
		return err
	}
	if *id == "" {
		return errors.New("the answer is no object of Stripe's; does the base URL lead to connectd?")
	}
	return nil
}

// soldWithin is longer than connectd waits for Stripe.
const soldWithin = 15 * time.Second

func sell[P any](ctx context.Context, c *Client, sellerID, what, key string, params P) (json.RawMessage, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	if key == "" {
		key = rand.Text()
	}
	return read[json.RawMessage](ctx, c, request{
		method: http.MethodPost, path: "/v1/sellers/" + url.PathEscape(sellerID) + "/" + what, body: body,
		idempotencyKey: key, within: soldWithin,
	})
}
