package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// eventsReach is how far back Stripe lists events (docs.stripe.com/api/events).
const eventsReach = 30 * 24 * time.Hour

func eventOperations() []operation {
	return []operation{
		{method: http.MethodGet, path: "/v1/events", run: listEvents},
		{method: http.MethodGet, path: "/v1/events/{id}", run: retrieveEvent},
	}
}

// shown tells whether a request sees the event: the platform's own, or with Stripe-Account that account's
// (docs.stripe.com/connect/authentication).
func (tx *transaction) shown(e *event, req *apiRequest) bool {
	owner := e.Account
	if owner == "" {
		owner = req.platform.Account
	}
	old := time.Unix(e.Created, 0).Before(tx.now.Add(-eventsReach))
	return owner == req.acting.ID && e.concerns(req.platform.Account) && !old
}

func retrieveEvent(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	e := tx.events[req.pathID]
	if e == nil || !tx.shown(e, req) {
		return nil, resourceMissing("id", "event", req.pathID)
	}
	return e.json()
}

func listEvents(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	wanted, err := readEventFilter(req.form)
	if err != nil {
		return nil, err
	}
	return req.pageOf(pageSource{
		what:   "event",
		length: len(tx.timeline),
		placeOf: func(id string) (int, bool) {
			place := slices.IndexFunc(tx.timeline, func(e *event) bool { return e.ID == id && tx.shown(e, req) })
			return place, place >= 0
		},
		render: func(place int) (json.RawMessage, error) {
			e := tx.timeline[place]
			if !tx.shown(e, req) || !wanted.matches(e) {
				return nil, nil
			}
			return e.json()
		},
	})
}

// eventFilter is which events a list has.
type eventFilter struct {
	types    []string
	made     timeRange
	pending  bool
	answered bool
}

func readEventFilter(form *parameter) (eventFilter, error) {
	var f eventFilter
	types, err := form.texts("types")
	if err != nil {
		return f, err
	}
	f.types = types
	if kind := form.value("type"); kind != "" {
		f.types = append(f.types, kind)
	}
	if form.field("delivery_success") != nil {
		if f.answered, err = form.boolean("delivery_success"); err != nil {
			return f, err
		}
		f.pending = !f.answered
	}
	f.made, err = readTimeRange(form.field("created"))
	return f, err
}

func (f eventFilter) matches(e *event) bool {
	switch {
	case !f.made.has(e.Created):
		return false
	case f.pending && len(e.Pending) == 0, f.answered && len(e.Pending) > 0:
		return false
	}
	return len(f.types) == 0 || slices.ContainsFunc(f.types, e.isOfType)
}

// isOfType takes a group of types too, such as account.*.
func (e *event) isOfType(kind string) bool {
	if group, ok := strings.CutSuffix(kind, "*"); ok {
		return strings.HasPrefix(e.Type, group)
	}
	return e.Type == kind
}
