package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// event is what connectd reads of Stripe's (docs.stripe.com/api/events/object).
type event struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Created  int64  `json:"created"`
	Livemode bool   `json:"livemode"`
	Data     struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

func readEvent(body []byte) (event, error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return e, errors.New("the body is not an event")
	}
	switch {
	case e.Object != "event" || !isName(e.ID) || !isName(e.Type):
		return e, errors.New("the body is not an event: object, id or type is missing or malformed")
	case e.Account != "" && !isName(e.Account):
		return e, errors.New("the body is not an event: account is malformed")
	case e.Created <= 0 || e.Created > lastSecond:
		return e, errors.New("the body is not an event: created is no time")
	}
	return e, nil
}

const (
	longestName = 255
	lastSecond  = 253402300799 // the end of the year 9999, after which no time can be written
)

// isName reports whether a text can be one of Stripe's ids or types: printable ASCII without spaces.
func isName(text string) bool {
	return text != "" && len(text) <= longestName && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// handlers say what is done for which type; every other type is stored as ignored. Of a deauthorization data.object is
// the application, so that only the event's account names the account (docs.stripe.com/connect/webhooks).
var handlers = map[string]func(event) registry.Observation{
	"account.updated":                  accountUpdated,
	"account.application.deauthorized": func(e event) registry.Observation { return registry.Deauthorized(e.kept("")) },
}

// observation is what the event says, or that nothing is done for it.
func (h *Handler) observation(e event) registry.Observation {
	handle, handled := handlers[e.Type]
	switch {
	case e.Livemode != h.cfg.Livemode:
		return registry.Ignored(e.kept(""), "of the other mode")
	case !handled:
		return registry.Ignored(e.kept(""), "nothing is done for this type")
	case e.Account == "":
		return registry.Ignored(e.kept(""), "of the platform's own account")
	}
	return handle(e)
}

func accountUpdated(e event) registry.Observation {
	a, err := stripeapi.DecodeAccount(e.Data.Object)
	switch {
	case err != nil:
		return registry.Unreadable(e.kept(payloadOf(e)), fmt.Sprintf("the account could not be read: %v", err))
	case a.ID != e.Account:
		return registry.Unreadable(e.kept(payloadOf(e)), fmt.Sprintf("the event is of account %s and its object of %s", e.Account, a.ID))
	}
	return registry.Reported(e.kept(payloadOf(e)), a.Facts)
}

// kept is the event as the registry keeps it.
func (e event) kept(payload string) registry.Event {
	return registry.Event{
		ID: e.ID, Type: e.Type, Account: e.Account, Created: time.Unix(e.Created, 0).UTC(), Payload: payload,
	}
}

// Types are the event types for which something is done, in the order of the alphabet: those that an endpoint has to ask for.
func Types() []string { return slices.Sorted(maps.Keys(handlers)) }
