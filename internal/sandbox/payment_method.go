package sandbox

import (
	"encoding/json"
	"net/http"
)

// paymentMethod is how a buyer pays (docs.stripe.com/api/payment_methods/object). Only of cards are there details.
type paymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	BillingDetails billingDetails    `json:"billing_details"`
	Card           *card             `json:"card,omitempty"`
	Created        int64             `json:"created"`
	Customer       *string           `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`
}

type billingDetails struct {
	Address postalAddress `json:"address"`
	Email   *string       `json:"email"`
	Name    *string       `json:"name"`
	Phone   *string       `json:"phone"`
}

type postalAddress struct {
	City       *string `json:"city"`
	Country    *string `json:"country"`
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	PostalCode *string `json:"postal_code"`
	State      *string `json:"state"`
}

type card struct {
	Brand    string `json:"brand"`
	Country  string `json:"country"`
	ExpMonth int64  `json:"exp_month"`
	ExpYear  int64  `json:"exp_year"`
	Funding  string `json:"funding"`
	Last4    string `json:"last4"`
}

// testCards are Stripe's tokens for testing (docs.stripe.com/testing#cards). All of them pay here.
var testCards = map[string]card{
	"tok_visa":       {Brand: "visa", Country: "US", Funding: "credit", Last4: "4242"},
	"tok_visa_debit": {Brand: "visa", Country: "US", Funding: "debit", Last4: "5556"},
	"tok_mastercard": {Brand: "mastercard", Country: "US", Funding: "credit", Last4: "4444"},
	"tok_amex":       {Brand: "amex", Country: "US", Funding: "credit", Last4: "0005"},
}

func (m paymentMethod) identity() string { return m.ID }

func paymentMethodOperations() []operation {
	return []operation{
		{method: http.MethodPost, path: "/v1/payment_methods", run: createPaymentMethod},
		{method: http.MethodGet, path: "/v1/payment_methods/{id}", run: retrievePaymentMethod},
	}
}

func retrievePaymentMethod(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	m := tx.methods.get(req.acting.ID, req.pathID)
	if m == nil {
		return nil, resourceMissing("payment_method", "PaymentMethod", req.pathID)
	}
	return encode(m)
}

func createPaymentMethod(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	m := newPaymentMethod(tx.now.Unix())
	m.Type = req.form.value("type")
	if m.Type == "" {
		return nil, missingParameter("type")
	}
	if id := req.form.value("customer"); id != "" {
		return nil, noSuch(http.StatusBadRequest, "customer", "customer", id)
	}
	if m.Type == "card" {
		c, err := readCard(req.form.field("card"))
		if err != nil {
			return nil, err
		}
		m.Card = c
	}
	m.BillingDetails = readBillingDetails(req.form.field("billing_details"))
	var err error
	if m.Metadata, err = mergedMetadata(nil, req.form); err != nil {
		return nil, err
	}
	tx.change.Methods = append(tx.change.Methods, owned[paymentMethod]{req.acting.ID, m})
	return encode(m)
}

func newPaymentMethod(now int64) paymentMethod {
	return paymentMethod{
		ID: newID("pm"), Object: "payment_method", Created: now, Metadata: map[string]string{}, Type: "card",
	}
}

// readCard takes a token of Stripe's, or a number of which the last four digits are kept.
func readCard(given *parameter) (*card, error) {
	if given == nil {
		return nil, missingParameter("card")
	}
	c := testCards["tok_visa"]
	c.ExpMonth, c.ExpYear = 12, 2034
	if token := given.value("token"); token != "" {
		known, ok := testCards[token]
		if !ok {
			return nil, noSuch(http.StatusBadRequest, "card[token]", "token", token)
		}
		known.ExpMonth, known.ExpYear = c.ExpMonth, c.ExpYear
		return &known, nil
	}
	number := given.value("number")
	if len(number) < 12 {
		return nil, missingParameter("card[number]")
	}
	c.Last4 = number[len(number)-4:]
	c.ExpMonth, c.ExpYear = valueOr(given.number("exp_month"), c.ExpMonth), valueOr(given.number("exp_year"), c.ExpYear)
	return &c, nil
}

func readBillingDetails(given *parameter) billingDetails {
	var b billingDetails
	given.assignText("email", &b.Email)
	given.assignText("name", &b.Name)
	given.assignText("phone", &b.Phone)
	address := given.field("address")
	address.assignText("city", &b.Address.City)
	address.assignText("country", &b.Address.Country)
	address.assignText("line1", &b.Address.Line1)
	address.assignText("line2", &b.Address.Line2)
	address.assignText("postal_code", &b.Address.PostalCode)
	address.assignText("state", &b.Address.State)
	return b
}
