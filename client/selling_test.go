package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/client/connecttest"
)

func TestASaleIsTriedAgainUnderOneKey(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var keys []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if keys = append(keys, req.Header.Get("Idempotency-Key")); len(keys)%2 == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"prod_1","object":"product","active":true}`)
	}))
	defer s.Close()
	c := client.New(s.URL, "key")
	for _, key := range []string{"", "", "order-7"} {
		product, err := c.CreateProduct(t.Context(), "shop", client.ProductParams{Name: "Clay", IdempotencyKey: key})
		if err != nil || product.ID != "prod_1" || string(product.Stripe) != `{"id":"prod_1","object":"product","active":true}` {
			t.Errorf("%+v, %v", product, err)
		}
	}
	if len(keys) != 6 || keys[0] == "" || keys[0] != keys[1] || keys[2] == keys[0] || keys[2] != keys[3] || keys[4] != "order-7" || keys[5] != "order-7" {
		t.Errorf("keys %q", keys)
	}
}

func TestASaleIsRefusedWithTheReasons(t *testing.T) {
	t.Parallel()
	s := connecttest.Start(t)
	s.Set(client.Readiness{SellerID: "shop", Reasons: []client.Reason{{Code: "charges_disabled", Message: "Charges are off.", Who: "seller"}}})
	for _, seller := range []string{"shop", "nobody"} {
		_, err := s.Client().CreateCheckoutSession(t.Context(), seller, client.CheckoutSessionParams{})
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Status != http.StatusConflict || e.Code != "cannot_transact" || len(e.Reasons) != 1 || e.Reasons[0].Who != "seller" {
			t.Errorf("%s: %v", seller, err)
		}
	}
	if n := len(s.Requests()); n != 2 {
		t.Errorf("%d requests: a refusal was tried again", n)
	}
}

func TestASaleIsNothingElse(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "<html>", "{}", "[]", "null", `{"id":7}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		c := client.New(s.URL, "key", client.WithRetries(0))
		if session, err := c.CreateCheckoutSession(t.Context(), "shop", client.CheckoutSessionParams{}); err == nil {
			t.Errorf("%q: %+v", answer, session)
		}
		s.Close()
	}
}
