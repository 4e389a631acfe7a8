package sandbox

import (
	"fmt"
	"regexp"
)

// objectTemplate is an account object ready to be written out: the text that all accounts of its kind share, cut at the places
// where they differ. Writing one out copies bytes and encodes nothing, which is what makes a retrieve take microseconds
// and an account take a few words of memory.
type objectTemplate struct {
	attributes []attribute
}

type attribute struct {
	name     string
	segments []segment
}

// segment is a stretch of text and the slot that follows it.
type segment struct {
	text string
	slot slot
}

// slot is a place in a template that each account fills in its own way.
type slot string

const (
	slotNone     slot = ""
	slotID       slot = "id"
	slotSuffix   slot = "suffix"
	slotName     slot = "name"
	slotSlug     slot = "slug"
	slotCountry  slot = "country"
	slotCurrency slot = "currency"
	slotTimezone slot = "timezone"
	slotCreated  slot = "created"
	slotDeadline slot = "deadline"
)

// in is how a document marks a slot inside a text.
func (s slot) in() string { return "{" + string(s) + "}" }

// number is how a document marks a slot that is a number.
func (s slot) number() string { return "{#" + string(s) + "}" }

var slotMark = regexp.MustCompile(`"\{#([a-z]+)\}"|\{([a-z]+)\}`)

func compileTemplate(d document) (*objectTemplate, error) {
	t := &objectTemplate{}
	for _, name := range sortedNames(d) {
		text, err := encode(d[name])
		if err != nil {
			return nil, fmt.Errorf("template member %s: %w", name, err)
		}
		t.attributes = append(t.attributes, attribute{name: name, segments: cutAtSlots(string(text))})
	}
	return t, nil
}

func cutAtSlots(text string) []segment {
	var segments []segment
	from := 0
	for _, m := range slotMark.FindAllStringSubmatchIndex(text, -1) {
		first, last := m[2], m[3]
		if first < 0 {
			first, last = m[4], m[5]
		}
		segments = append(segments, segment{text: text[from:m[0]], slot: slot(text[first:last])})
		from = m[1]
	}
	return append(segments, segment{text: text[from:]})
}

func (a attribute) write(to []byte, acct *account) []byte {
	for _, s := range a.segments {
		to = append(to, s.text...)
		if s.slot != slotNone {
			to = acct.appendSlot(to, s.slot)
		}
	}
	return to
}
