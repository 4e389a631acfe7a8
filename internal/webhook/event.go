package webhook

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/connectd/connectd/internal/registry"
)

// event is what connectd reads of Stripe's (docs.stripe.com/api/events/object), and what it keeps of one.
type event struct {
	ID       string    `json:"id"`
	Object   string    `json:"object"`
	Type     string    `json:"type"`
	Account  string    `json:"account,omitzero"`
	Version  string    `json:"api_version"`
	Created  seconds   `json:"created"`
	Livemode bool      `json:"livemode"`
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

// seconds since 1970, written as a number or as text; 0 is none.
type seconds int64

// UnmarshalJSONFrom takes what is no number for none.
func (s *seconds) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	n, _ := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	*s = seconds(n)
	return err
}

// lenient takes what Stripe's own parser would: of a name that comes twice the last counts, and broken UTF-8 becomes U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func readEvent(body []byte) (event, error) {
	var e event
	if json.Unmarshal(body, &e, lenient) != nil && json.Unmarshal(flat(body), &e, lenient) != nil {
		return e, errors.New("the body is not an event: it is no JSON, or not of an event's form")
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
	case e.Livemode != livemode:
		return registry.Ignored(e.bare(), ofTheOtherMode)
	case !handled:
		return registry.Ignored(e.bare(), "nothing is done for this type")
	case e.Account == "":
		return registry.Ignored(e.bare(), "of the platform's own account")
	}
	e.Data.Object = action.keep.of(e.Data.Object)
	return action.observe(e)
}

// bare is the event as the registry keeps it, without a payload.
func (e event) bare() registry.Event {
	return registry.Event{ID: e.ID, Type: e.Type, Account: e.Account, Created: time.Unix(int64(e.Created), 0).UTC()}
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
