package webhook

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of this file read a part of an event leniently: in any form in which it says what it has to. What is in no such
// form is for whoever needs it to say; as written again it is read as the same.

// seconds since 1970, written as a number or as text; 0 is none.
type seconds int64

// UnmarshalJSONFrom takes what is no number, or too late to be written as a time, for none.
func (s *seconds) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	*s = 0
	if n, unreadable := strconv.ParseFloat(said(raw), 64); unreadable == nil && n >= 1 && n <= lastSecond {
		*s = seconds(n)
	}
	return err
}

// text is a string, or a number as it is written; all else is "".
type text string

func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	*t = ""
	if kind := raw.Kind(); kind == '"' || kind == '0' {
		*t = text(said(raw))
	}
	return err
}

// said is what a text says, and any other value as it is written.
func said(raw jsontext.Value) string {
	if raw.Kind() != '"' {
		return string(raw)
	}
	s, _ := jsontext.AppendUnquote(nil, raw) // its error is broken UTF-8, which it has replaced
	return string(s)
}

// mode is what livemode says: true or false, also as text, or 1 or 0.
type mode int

const (
	unknownMode mode = iota
	testMode
	liveMode
)

func modeOf(livemode bool) mode {
	if livemode {
		return liveMode
	}
	return testMode
}

func (m *mode) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	switch said(raw) {
	case "true", "1":
		*m = liveMode
	case "false", "0":
		*m = testMode
	default:
		*m = unknownMode
	}
	return err
}

// MarshalJSONTo writes a mode that is not known as null.
func (m mode) MarshalJSONTo(e *jsontext.Encoder) error {
	if m == unknownMode {
		return e.WriteToken(jsontext.Null)
	}
	return e.WriteToken(jsontext.Bool(m == liveMode))
}

// reference is an object's id, also where Stripe has expanded the object (docs.stripe.com/api/expanding_objects); "" is none.
type reference string

// noReference is one that is there and can't be read.
const noReference reference = " "

func (r *reference) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	switch kind := raw.Kind(); {
	case kind == 'n', string(raw) == `""`:
		*r = ""
	case kind == '"':
		*r = named(said(raw))
	case kind == '{':
		*r = named(string(idOf(raw)))
	default:
		*r = noReference
	}
	return err
}

func named(id string) reference {
	if !isName(id) {
		return noReference
	}
	return reference(id)
}

func idOf(object jsontext.Value) text {
	var o struct {
		ID text `json:"id"`
	}
	_ = json.Unmarshal(object, &o, lenient) // no id where it can't be read
	return o.ID
}

// id is "" where there is none.
func (r reference) id() string {
	if r == noReference {
		return ""
	}
	return string(r)
}
