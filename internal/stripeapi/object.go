package stripeapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// object reads a JSON object of Stripe's without trusting it: what is missing, null or of another type than documented is
// not there. Keys match exactly, unlike those of a Go struct.
type object map[string]json.RawMessage

func (o object) object(key string) object {
	var inner object
	if json.Unmarshal(o[key], &inner) != nil {
		return nil
	}
	return inner
}

func (o object) text(key string) string {
	return text(o[key])
}

// flag is nil for anything but true and false: what is not plainly true is no yes.
func (o object) flag(key string) *bool {
	var b *bool
	if json.Unmarshal(o[key], &b) != nil {
		return nil
	}
	return b
}

// list returns the items of a list, or none.
func (o object) list(key string) []json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal(o[key], &items) != nil {
		return nil
	}
	return items
}

// texts returns those items of a list that are text.
func (o object) texts(key string) []string {
	var texts []string
	for _, item := range o.list(key) {
		if t := text(item); t != "" {
			texts = append(texts, t)
		}
	}
	return texts
}

// lastSecond is the end of the year 9999: a later time has no RFC 3339 form.
const lastSecond = 253402300799

// unix reads seconds since 1970, written as a number or as text.
func (o object) unix(key string) *time.Time {
	digits := strings.Trim(string(o[key]), `"`)
	seconds, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(seconds >= 1 && seconds <= lastSecond) {
		return nil
	}
	at := time.Unix(int64(seconds), 0).UTC()
	return &at
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return clean(s)
}

// clean drops what Postgres does not take (NUL) or a page should not show: control characters and what is no UTF-8, for
// which encoding/json puts U+FFFD.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(printable, s))
}

func printable(r rune) rune {
	if unicode.IsControl(r) || r == utf8.RuneError {
		return -1
	}
	return r
}
