package main

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
)

// sell is a platform that keeps 15 %, until Stripe says that the seller has left.
func (w walk) sell(t *testing.T) {
	w.Connect(t, "sells", "complete")
	acct := *w.Readiness(t, "sells").AccountID
	c := client.New(w.BaseURL, w.APIKey)
	sale := client.CheckoutSessionParams{
		LineItems: []client.LineItem{{Quantity: 2, PriceData: &client.PriceData{
			Currency: "eur", UnitAmount: 1990, ProductData: &client.ProductData{Name: "Clay pot"},
		}}},
		ApplicationFeePercent: 15, SuccessURL: "https://shop.test/paid", ClientReferenceID: "order-7", IdempotencyKey: "order-7",
	}
	session, err := c.CreateCheckoutSession(t.Context(), "sells", sale)
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox(t, "checkout", fmt.Sprintf(`{"account":%q,"session":%q}`, acct, session.ID))
	waittest.Until(t, "the sale to be told with its fee", func() bool {
		return w.Count(t, `select count(*) from river_job where args->>'type' = 'checkout.paid'
			and args->'data' @> jsonb_build_object('session_id', $1::text, 'seller_id', 'sells', 'application_fee_amount', 597)`, session.ID) == 1
	})

	w.Sandbox(t, "accounts/"+acct+"/deauthorize?silent=1", "{}")
	_, err = c.CreateProduct(t.Context(), "sells", client.ProductParams{Name: "Clay pot"})
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != http.StatusConflict || len(e.Reasons) != 1 {
		t.Errorf("of an account that is gone: %v", err)
	}
	waittest.Until(t, "a check with no one asking", func() bool { return w.Readiness(t, "sells").Status == "disconnected" })
}
