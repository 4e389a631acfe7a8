package sandboxtest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/connectd/connectd/sandboxtest"
)

// TestSellerStopsBeingPaid is how a platform's own test looks: a seller is connected, its payouts stop, and the
// platform's webhook hears of it.
func TestSellerStopsBeingPaid(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)

	heard := make(chan stripe.Event, 1)
	platform := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		event, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), s.WebhookSecret)
		if err != nil {
			t.Errorf("webhook: %v", err)
		}
		heard <- event
	}))
	defer platform.Close()
	s.Deliver(platform.URL, "account.updated")

	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(s.URL)})
	api := client.New(s.Key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	code := s.Grant(sandboxtest.Complete)
	token, err := api.OAuth.New(&stripe.OAuthTokenParams{GrantType: stripe.String("authorization_code"), Code: &code})
	if err != nil {
		t.Fatal(err)
	}

	s.Change(token.StripeUserID, sandboxtest.Patch{"payouts_enabled": false})

	var event stripe.Event
	select {
	case event = <-heard:
	case <-time.After(10 * time.Second):
		t.Fatal("the platform heard of nothing")
	}
	if was := event.Data.PreviousAttributes["payouts_enabled"]; event.Account != token.StripeUserID || was != true {
		t.Errorf("heard %s of %s, payouts were %v", event.Type, event.Account, was)
	}
	account, err := api.Accounts.GetByID(token.StripeUserID, nil)
	if err != nil || account.PayoutsEnabled || !account.ChargesEnabled {
		t.Errorf("account: %+v %v", account, err)
	}
}
