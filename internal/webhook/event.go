package webhook

import (
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/connectd/connectd/internal/registry"
)

// event is what connectd reads of Stripe's (docs.stripe.com/api/events/object), and what it keeps of one.
type event struct {
	ID       string    `json:"id"`
	Object   text      `json:"object"`
	Type     string    `json:"type"`
	Account  reference `json:"account,omitzero"`
	Version  text      `json:"api_version"`
	Created  seconds   `json:"created"`
	Livemode mode      `json:"livemode"`
	Data     eventData `json:"data"`
}

type eventData struct {
	Object jsontext.Value `json:"object"`
}

// UnmarshalJSONFrom: where data is no object there is none in it, which is for whoever needs it to say.
func (data *eventData) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	type plain eventData
	return json.UnmarshalDecode(d, (*plain)(data))
}

// lenient takes what Stripe's own parser would: of a name that comes twice the last counts, and broken UTF-8 becomes U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func readEvent(body []byte) (event, error) {
	var e event
	if json.Unmarshal(body, &e, lenient) != nil && json.Unmarshal(flat(body), &e, lenient) != nil {
		return e, errors.New("the body is not an event: it is no JSON, or not of an event's form")
	}
	switch {
	case e.Object != "" && e.Object != isEvent:
		return e, errors.New("the body is not an event: its object is another")
	case !isName(e.ID) || !isName(e.Type):
		return e, errors.New("the body is not an event: id or type is missing or malformed")
	case e.Created == 0:
		return e, errors.New("the body is not an event: created is no time")
	}
	e.Object = isEvent
	return e, nil
}

const isEvent = "event"

// ofTheOtherMode is why an event of the other mode is ignored. Its row does not say the mode in any other way.
const ofTheOtherMode = "of the other mode"

const (
	longestName = 255
	lastSecond  = 253402300799 // the end of the year 9999, after which no time can be written
)

// isName reports whether a text can be one of Stripe's ids or types: printable ASCII without spaces.
func isName(text string) bool {
	return text != "" && len(text) <= longestName && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// observation is what the event says, or that nothing is done for it. All of it is read from what is kept, so that the
// stored event says the same when it is read again.
func (e event) observation(livemode bool) registry.Observation {
	action, handled := actions[e.Type]
	switch {
	case e.Livemode == modeOf(!livemode):
		return registry.Ignored(e.bare(), ofTheOtherMode)
	case !handled:
		return registry.Ignored(e.bare(), "nothing is done for this type")
	case e.Account == "":
		return registry.Ignored(e.bare(), "of the platform's own account")
	}
	e.Data.Object = action.keep.of(e.Data.Object)
	switch {
	case e.Account == noReference:
		return registry.Unreadable(e.kept(), "the event's account could not be read")
	case e.Livemode == unknownMode:
		return registry.Unreadable(e.kept(), "the event's livemode could not be read: it may be of the other mode")
	}
	return action.observe(e)
}

// bare is the event as the registry keeps it, without a payload.
func (e event) bare() registry.Event {
	return registry.Event{ID: e.ID, Type: e.Type, Account: e.Account.id(), Created: time.Unix(int64(e.Created), 0).UTC()}
}

// kept is the event as the registry keeps it, to be read again; its object is what the allow-list has left.
func (e event) kept() registry.Event {
	kept := e.bare()
	payload, err := json.Marshal(e, lenient)
	if err == nil {
		kept.Payload = string(payload)
	}
	return kept
}
