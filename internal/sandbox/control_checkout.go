package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// checkoutOrder is a wish for a finished Checkout: of an open session, or of a new one over the amount.
type checkoutOrder struct {
	Account              string            `json:"account"`
	Session              string            `json:"session"`
	Amount               *int64            `json:"amount"`
	Currency             string            `json:"currency"`
	Paid                 *bool             `json:"paid"`
	Metadata             map[string]string `json:"metadata"`
	ClientReferenceID    string            `json:"client_reference_id"`
	ApplicationFeeAmount *int64            `json:"application_fee_amount"`
	Email                string            `json:"email"`
}

// sandboxBuyer pays where nobody else is named.
const sandboxBuyer = "buyer@sandbox.example"

// makeCheckout finishes a Checkout as a buyer would on Stripe's page: paid at once, or "paid": false by a method that
// takes days.
func (s *Sandbox) makeCheckout(r *http.Request) (json.RawMessage, error) {
	order, err := readJSON[checkoutOrder](r)
	if err != nil {
		return nil, err
	}
	var body json.RawMessage
	err = s.state.update(func(tx *transaction) error {
		done, err := tx.checkOut(order)
		if err != nil {
			return err
		}
		body, err = encode(done.Object)
		return err
	})
	return body, err
}

func (tx *transaction) checkOut(order checkoutOrder) (checkoutSession, error) {
	owner, err := tx.seller(order.Account)
	if err != nil {
		return checkoutSession{}, err
	}
	session, err := tx.orderedSession(owner, order)
	if err != nil {
		return session, err
	}
	m := newPaymentMethod(tx.now.Unix())
	visa := testCards["tok_visa"]
	visa.ExpMonth, visa.ExpYear = 12, 2034
	m.Card = &visa
	m.BillingDetails = session.buyer(order.Email)
	if order.Paid != nil && !*order.Paid {
		session = session.finish(m.BillingDetails, nil)
		return session, tx.complete(owner, session, nil)
	}
	tx.change.Methods = append(tx.change.Methods, owned[paymentMethod]{owner.ID, m})
	return tx.pay(owner, session, &m, nil)
}

// seller is the account, or the default platform's own where none is named.
func (tx *transaction) seller(id string) (*account, error) {
	if p := tx.platform(id); p != nil {
		return p.ownAccount(), nil
	}
	if id == "" {
		return tx.platforms[0].ownAccount(), nil
	}
	return tx.anyAccount(id)
}

func (tx *transaction) orderedSession(owner *account, order checkoutOrder) (checkoutSession, error) {
	if order.Session != "" {
		known := tx.sessions.get(owner.ID, order.Session)
		if known == nil {
			return checkoutSession{}, refuse(http.StatusNotFound, "The account %s has no session %s.", owner.ID, order.Session)
		}
		if known.Object.Status != sessionOpen {
			return checkoutSession{}, refuse(http.StatusConflict, "The session is %s.", known.Object.Status)
		}
		return *known, nil
	}
	if order.Amount == nil || *order.Amount < 0 || *order.Amount > maxAmount {
		return checkoutSession{}, refuse(http.StatusBadRequest, "amount is missing, negative or too large: it is in the currency's smallest unit.")
	}
	if fee := order.ApplicationFeeAmount; fee != nil && (*fee < 0 || *fee > *order.Amount) {
		return checkoutSession{}, refuse(http.StatusBadRequest, "application_fee_amount is not between 0 and the amount.")
	}
	return tx.soldSession(owner, order)
}

// soldSession is a new session over the amount, of a product that is made for it without an event.
func (tx *transaction) soldSession(owner *account, order checkoutOrder) (checkoutSession, error) {
	session := newSession(owner, tx.now)
	currency := strings.ToLower(order.Currency)
	if currency == "" {
		currency = owner.country().currency
	}
	if err := checkCurrency("currency", currency); err != nil {
		return session, err
	}
	sold := newProduct(tx.now.Unix())
	sold.Name = "Something nice"
	cost := price{
		ID: newID("price"), Object: "price", BillingScheme: "per_unit", Created: tx.now.Unix(), Currency: currency,
		Metadata: map[string]string{}, Product: sold.ID, TaxBehavior: pointerTo("unspecified"), Type: "one_time",
		UnitAmount: order.Amount, UnitAmountDecimal: pointerTo(strconv.FormatInt(*order.Amount, 10)),
	}
	tx.change.Products = append(tx.change.Products, owned[product]{owner.ID, sold})
	tx.change.Prices = append(tx.change.Prices, owned[price]{owner.ID, cost})
	session.Lines = []lineItem{newLineItem(cost, sold.Name, 1)}
	session.total()
	session.Object.SuccessURL = pointerTo("https://platform.example/paid")
	session.Object.ClientReferenceID = pointerTo(order.ClientReferenceID)
	maps.Copy(session.Object.Metadata, order.Metadata)
	session.Payment.ApplicationFeeAmount = order.ApplicationFeeAmount
	if len(owner.Platforms) > 0 {
		session.Payment.Application = tx.platform(owner.Platforms[0]).ClientID
	}
	return session, nil
}

// buyer is whoever the session knows.
func (s *checkoutSession) buyer(email string) billingDetails {
	known := valueOrEmpty(s.Object.CustomerEmail)
	if email == "" {
		email = known
	}
	if email == "" {
		email = sandboxBuyer
	}
	return billingDetails{Email: &email, Name: pointerTo("Sandbox Buyer"), Address: postalAddress{Country: pointerTo("US")}}
}
