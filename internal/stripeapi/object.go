package stripeapi

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of this file read a part of a JSON object of Stripe's without trusting it: what is missing, null or of another
// type than documented is not there. Only JSON that is none is an error. Names match exactly; of a name that comes twice
// the last counts.

// trusting takes what Stripe's own parser would: broken UTF-8 becomes U+FFFD.
var trusting = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// text is "" where there is none.
type text string

func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	*t = text(clean(unquoted(raw)))
	return err
}

// unquoted is "" for anything but a string.
func unquoted(raw jsontext.Value) string {
	if raw.Kind() != '"' {
		return ""
	}
	if inner := raw[1 : len(raw)-1]; isPlain(inner) {
		return string(inner)
	}
	s, _ := jsontext.AppendUnquote(nil, raw) // its error is broken UTF-8, which it has replaced
	return string(s)
}

// isPlain reports whether the inside of a JSON string stands for itself.
func isPlain(inner []byte) bool {
	for _, b := range inner {
		if b == '\\' || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// flag is nil for anything but true and false: what is not plainly true is no yes.
type flag struct{ value *bool }

func (f *flag) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	f.value = nil
	if k := raw.Kind(); k == 't' || k == 'f' {
		yes := k == 't'
		f.value = &yes
	}
	return err
}

// lastSecond is the end of the year 9999: a later time has no RFC 3339 form.
const lastSecond = 253402300799

// moment is seconds since 1970, written as a number or as text.
type moment struct{ at *time.Time }

func (m *moment) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	m.at = nil
	seconds, unreadable := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if unreadable == nil && seconds >= 1 && seconds <= lastSecond {
		at := time.Unix(int64(seconds), 0).UTC()
		m.at = &at
	}
	return err
}

// part is an object within an object; its value is nil where there is none.
type part[T any] struct{ value *T }

func (p *part[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	p.value = nil
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	p.value = new(T)
	return json.UnmarshalDecode(d, p.value)
}

// orZero is the part, or an empty one.
func (p part[T]) orZero() T {
	if p.value == nil {
		return *new(T)
	}
	return *p.value
}

// list is nil where there is none.
type list[T any] []T

func (l *list[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*l = nil
	if d.PeekKind() != '[' {
		return d.SkipValue()
	}
	*l = []T{}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		var item T
		if err := json.UnmarshalDecode(d, &item); err != nil {
			return err
		}
		*l = append(*l, item)
	}
	_, err := d.ReadToken()
	return err
}

// byName is an object with names of anyone's choice, without those values that are null; one that is no text is "". It is
// nil where there is none, and its texts are not cleaned.
type byName map[string]string

func (n *byName) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*n = nil
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	*n = byName{}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		if err := n.readMember(d); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (n byName) readMember(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	name := unquoted(raw)
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	delete(n, name)
	if value.Kind() != 'n' {
		n[name] = unquoted(value)
	}
	return nil
}

// clean drops what Postgres does not take (NUL) or a page should not show: control characters and what is no UTF-8, for
// which reading puts U+FFFD.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(printable, s))
}

func printable(r rune) rune {
	if unicode.IsControl(r) || r == utf8.RuneError {
		return -1
	}
	return r
}
