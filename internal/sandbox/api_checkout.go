package sandbox

import (
	"encoding/json"
	"net/http"
)

func checkoutOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/checkout/sessions", run: listSessions},
		{method: http.MethodPost, path: "/v1/checkout/sessions", run: createSession},
		{method: http.MethodGet, path: "/v1/checkout/sessions/{id}", run: retrieveSession},
		{method: http.MethodGet, path: "/v1/checkout/sessions/{id}/line_items", run: listLineItems},
		{method: http.MethodPost, path: "/v1/checkout/sessions/{id}/expire", run: expireSession},
	}
}

func listSessions(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	made, err := readTimeRange(req.form.field("created"))
	if err != nil {
		return nil, err
	}
	form := req.form
	page := tx.sessions.pages("checkout.session", req.acting.ID, func(s *checkoutSession) bool {
		return made.has(s.Object.Created) && form.isOr("status", string(s.Object.Status)) &&
			form.isOr("payment_intent", valueOrEmpty(s.Object.PaymentIntent)) && form.isOr("customer", "") &&
			form.isOr("subscription", "") && form.isOr("payment_link", "") && s.isOf(form.field("customer_details"))
	})
	stored := page.render
	page.render = func(place int) (json.RawMessage, error) {
		if body, err := stored(place); body == nil || err != nil {
			return nil, err
		}
		return encode(tx.sessions.all[place].Object.Object)
	}
	return req.pageOf(page)
}

func (s *checkoutSession) isOf(details *parameter) bool {
	if details == nil {
		return true
	}
	return s.Object.CustomerDetails != nil && details.isOr("email", valueOrEmpty(s.Object.CustomerDetails.Email))
}

func (tx *transaction) ownSession(req *apiRequest) (*checkoutSession, error) {
	s := tx.sessions.get(req.acting.ID, req.pathID)
	if s == nil {
		return nil, resourceMissing("session", "checkout.session", req.pathID)
	}
	return s, nil
}

func retrieveSession(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.ownSession(req)
	if err != nil {
		return nil, err
	}
	return encode(s.Object)
}

func createSession(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.sessionFrom(req)
	if err != nil {
		return nil, err
	}
	if s.Object.UIMode == "hosted" {
		s.Object.URL = pointerTo(req.origin + checkoutPath + s.Object.ID)
	}
	tx.putSession(req.acting, s)
	return encode(s.Object)
}

func (tx *transaction) putSession(owner *account, s checkoutSession) {
	tx.change.Sessions = append(tx.change.Sessions, owned[checkoutSession]{owner.ID, s})
}

func listLineItems(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.ownSession(req)
	if err != nil {
		return nil, err
	}
	lines := newShelf[lineItem]()
	for i := len(s.Lines) - 1; i >= 0; i-- { // a page begins with what was put last
		lines.put(owned[lineItem]{req.acting.ID, s.Lines[i]})
	}
	return req.pageOf(lines.pages("item", req.acting.ID, func(*lineItem) bool { return true }))
}

func expireSession(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	s, err := tx.ownSession(req)
	if err != nil {
		return nil, err
	}
	if s.Object.Status != sessionOpen {
		return nil, badRequest("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout "+
			"Session has a status of `%s`.", s.Object.Status)
	}
	expired, err := tx.expire(req.acting, *s, req.cause())
	if err != nil {
		return nil, err
	}
	return encode(expired.Object)
}

func (tx *transaction) expire(owner *account, s checkoutSession, cause *eventRequest) (checkoutSession, error) {
	s.Object.Status, s.Object.URL = sessionExpired, nil
	tx.putSession(owner, s)
	return s, tx.emitObject(owner, "checkout.session.expired", s.Object, nil, cause)
}

// pay completes the session and tells of it.
func (tx *transaction) pay(owner *account, s checkoutSession, m *paymentMethod, cause *eventRequest) (checkoutSession, error) {
	intent := s.payment(m.ID, tx.now.Unix())
	paid := s.finish(m.BillingDetails, &intent)
	tx.change.Intents = append(tx.change.Intents, owned[paymentIntent]{owner.ID, intent})
	return paid, tx.complete(owner, paid, cause)
}

func (tx *transaction) complete(owner *account, s checkoutSession, cause *eventRequest) error {
	tx.putSession(owner, s)
	return tx.emitObject(owner, "checkout.session.completed", s.Object, nil, cause)
}
