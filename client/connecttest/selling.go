package connecttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/connectd/connectd/client"
)

// postProduct and postSession make objects as Stripe's, of sellers who can transact; a repeated Idempotency-Key is answered
// with the first. What Stripe or connectd would find wrong with them they take.
func (s *Server) postProduct(w http.ResponseWriter, req *http.Request) {
	sell(s, w, req, func(params client.ProductParams, n int) fakeObject {
		return fakeObject{
			ID: fmt.Sprintf("prod_fake%d", n), Object: "product", Name: params.Name,
			Metadata: marked(params.Metadata, req.PathValue("seller_id")),
		}
	})
}

func (s *Server) postSession(w http.ResponseWriter, req *http.Request) {
	sell(s, w, req, func(params client.CheckoutSessionParams, n int) fakeObject {
		id := fmt.Sprintf("cs_test_fake%d", n)
		session := fakeObject{
			ID: id, Object: "checkout.session", URL: s.URL + "/c/pay/" + id, Metadata: marked(params.Metadata, req.PathValue("seller_id")),
		}
		for _, line := range params.LineItems {
			if line.PriceData != nil {
				session.AmountTotal += line.Quantity * line.PriceData.UnitAmount
				session.Currency = strings.ToLower(line.PriceData.Currency)
			}
		}
		return session
	})
}

// fakeObject is what the fake says of either.
type fakeObject struct {
	ID          string            `json:"id"`
	Object      string            `json:"object"`
	Name        string            `json:"name,omitempty"`
	URL         string            `json:"url,omitempty"`
	AmountTotal int64             `json:"amount_total,omitempty"`
	Currency    string            `json:"currency,omitempty"`
	Metadata    map[string]string `json:"metadata"`
}

func marked(metadata map[string]string, sellerID string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, metadata)
	all["userId"] = sellerID
	return all
}

func sell[P any](s *Server, w http.ResponseWriter, req *http.Request, fake func(params P, n int) fakeObject) {
	var params P
	if err := json.NewDecoder(req.Body).Decode(&params); err != nil {
		refuse(w, http.StatusUnprocessableEntity, "invalid")
		return
	}
	if r := s.Readiness(req.PathValue("seller_id")); !r.CanTransact {
		problem(w, client.Error{Status: http.StatusConflict, Code: "cannot_transact", Reasons: r.Reasons})
		return
	}
	key := req.URL.Path + " " + req.Header.Get("Idempotency-Key")
	answer(w, http.StatusCreated, s.sold(key, func(n int) fakeObject { return fake(params, n) }))
}

func (s *Server) sold(key string, fake func(n int) fakeObject) fakeObject {
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, again := s.made[key]; again && !strings.HasSuffix(key, " ") {
		return made
	}
	s.objects++
	s.made[key] = fake(s.objects)
	return s.made[key]
}
