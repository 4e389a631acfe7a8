package sandbox

import (
	"encoding/json"
	"slices"
)

// apiVersion is the version whose shapes the sandbox has.
const apiVersion = "2023-10-16"

// event is something that happened (docs.stripe.com/api/events/object). Guarded by the state's lock.
type event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Account  string          `json:"account,omitempty"`
	Created  int64           `json:"created"`
	Livemode bool            `json:"livemode,omitempty"`
	Version  string          `json:"api_version"`
	Object   json.RawMessage `json:"object"`
	Previous json.RawMessage `json:"previous,omitempty"`
	Request  *eventRequest   `json:"request,omitempty"`

	// Platforms are the accounts of the platforms that it concerns.
	Platforms []string `json:"platforms"`
	// Pending are the endpoints that have not answered it with 2xx; one that is to have it twice is there twice.
	Pending []string `json:"pending,omitempty"`
}

// eventRequest is the API request that caused an event; one without has null members.
type eventRequest struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

// eventObject is an event as Stripe writes it.
type eventObject struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	Account         string       `json:"account,omitempty"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            eventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         eventRequest `json:"request"`
	Type            string       `json:"type"`
}

type eventData struct {
	Object             json.RawMessage `json:"object"`
	PreviousAttributes json.RawMessage `json:"previous_attributes,omitempty"`
}

func (e *event) json() (json.RawMessage, error) {
	o := eventObject{
		ID: e.ID, Object: "event", Account: e.Account, APIVersion: e.Version, Created: e.Created,
		Data:     eventData{Object: e.Object, PreviousAttributes: e.Previous},
		Livemode: e.Livemode, PendingWebhooks: len(e.Pending), Type: e.Type,
	}
	if e.Request != nil {
		o.Request = *e.Request
	}
	return encode(o)
}

// settle takes the endpoint from those that still wait for the event.
func (e *event) settle(endpointID string) {
	if i := slices.Index(e.Pending, endpointID); i >= 0 {
		e.Pending = slices.Delete(slices.Clone(e.Pending), i, i+1) // others may hold the list as it was
	}
}

// concerns tells whether the platform may see the event.
func (e *event) concerns(platformID string) bool {
	return slices.Contains(e.Platforms, platformID)
}

// emit has the event kept, and delivered to every endpoint that takes it. What is missing of it is filled in.
func (tx *transaction) emit(e event) event {
	if e.ID == "" {
		e.ID = newID("evt")
	}
	if e.Created == 0 {
		e.Created = tx.now.Unix()
	}
	if e.Version == "" {
		e.Version = apiVersion
	}
	e.Pending = tx.takers(&e)
	tx.change.Events = append(tx.change.Events, e)
	return e
}

// takers are the endpoints that take the event.
func (tx *transaction) takers(e *event) []string {
	var ids []string
	for _, endpoint := range tx.endpoints {
		if endpoint.takes(e) {
			ids = append(ids, endpoint.ID)
		}
	}
	return ids
}

// repeat has the event delivered once more to every endpoint that takes it.
func (tx *transaction) repeat(e *event) {
	for _, id := range tx.takers(e) {
		tx.change.Repeats = append(tx.change.Repeats, deliveryRecord{Event: e.ID, Endpoint: id})
	}
}

// emitAccountUpdated tells the platforms of a of the change of its object, where there are any.
func (tx *transaction) emitAccountUpdated(a *account, previous document, cause *eventRequest) error {
	if len(a.Platforms) == 0 {
		return nil
	}
	was, err := encode(previous)
	if err != nil {
		return err
	}
	tx.emit(event{
		Type: "account.updated", Account: a.ID, Livemode: a.Livemode,
		Object: a.json(), Previous: was, Request: cause, Platforms: a.Platforms,
	})
	return nil
}

// emitApplicationEvent is of a platform and an account; its object is the platform's application, so that only the
// event's account names the account (docs.stripe.com/api/events/types#event_types-account.application.deauthorized).
func (tx *transaction) emitApplicationEvent(kind string, a *account, p *platform) {
	application, _ := encode(applicationObject{ID: p.ClientID, Object: "application", Name: "Sandbox platform"}) // texts encode
	tx.emit(event{
		Type: kind, Account: a.ID, Livemode: a.Livemode, Object: application, Platforms: []string{p.Account},
	})
}

type applicationObject struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Name   string `json:"name"`
}

// tell has the platform hear of what befell an object of the account that the request is about.
func (tx *transaction) tell(req *apiRequest, kind string, object any, previous document) error {
	return tx.emitObject(req.acting, kind, object, previous, req.cause())
}

// tellUpdate answers the object as it is now and, where it was another before, has the platform hear of it.
func (tx *transaction) tellUpdate(req *apiRequest, kind string, before, after any) (json.RawMessage, error) {
	previous, err := difference(before, after)
	if err != nil {
		return nil, err
	}
	body, err := encode(after)
	if err != nil || len(previous) == 0 {
		return body, err
	}
	return body, tx.tell(req, kind, after, previous)
}

// emitObject is of an object of the owner's: a platform's own, or one that a platform is connected to.
func (tx *transaction) emitObject(owner *account, kind string, object any, previous document, cause *eventRequest) error {
	e := event{Type: kind, Account: owner.ID, Livemode: owner.Livemode, Request: cause, Platforms: owner.Platforms}
	if tx.platform(owner.ID) != nil {
		e.Account, e.Platforms = "", []string{owner.ID}
	}
	var err error
	if e.Object, err = encode(object); err != nil {
		return err
	}
	if previous != nil {
		if e.Previous, err = encode(previous); err != nil {
			return err
		}
	}
	tx.emit(e)
	return nil
}
