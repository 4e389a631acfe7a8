package sandbox

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// deadlineAfter is how long after its making an account with a deadline has.
const deadlineAfter = 14 * 24 * time.Hour

// account is a connected account, or one that may become one. It holds only what its persona does not say: a million of
// them fit into a few hundred megabytes. Guarded by the state's lock.
type account struct {
	ID        string      `json:"id"`
	Persona   persona     `json:"persona"`
	Type      accountType `json:"type"`
	Livemode  bool        `json:"livemode,omitempty"`
	Deleted   bool        `json:"deleted,omitempty"`
	Created   int64       `json:"created"`
	Overrides []override  `json:"overrides,omitempty"`
	// Platforms are the account ids of the platforms that it is connected to. Accounts share such lists: never changed
	// in place.
	Platforms []string `json:"platforms,omitempty"`

	// place is its index in world.order.
	place int
	// deadline is nextDeadline, so that nobody has to look for it in a million accounts.
	deadline int64
}

// override is a member of the account object that differs from the persona's; no Value means that it is not there.
type override struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value,omitempty"`
}

func (a *account) connectedTo(platformID string) bool {
	return slices.Contains(a.Platforms, platformID)
}

func (a *account) template() *objectTemplate {
	return accountTemplates()[accountKind{a.Persona, a.Type}]
}

func (a *account) country() country {
	countries := a.Persona.standing().countries
	return countries[hashOf(a.ID)/7%uint32(len(countries))]
}

// appendJSON appends the account object as the API gives it.
func (a *account) appendJSON(to []byte) []byte {
	t := a.template()
	to = append(to, '{')
	first := len(to)
	for _, attr := range t.attributes {
		to = a.appendAttribute(to, first, attr)
	}
	for _, o := range a.Overrides {
		if !t.has(o.Name) && o.Value != nil {
			to = appendName(to, first, o.Name)
			to = append(to, o.Value...)
		}
	}
	return append(to, '}')
}

func (a *account) appendAttribute(to []byte, first int, attr attribute) []byte {
	i := slices.IndexFunc(a.Overrides, func(o override) bool { return o.Name == attr.name })
	if i < 0 {
		return attr.write(appendName(to, first, attr.name), a)
	}
	if a.Overrides[i].Value == nil {
		return to
	}
	return append(appendName(to, first, attr.name), a.Overrides[i].Value...)
}

func appendName(to []byte, first int, name string) []byte {
	if len(to) > first {
		to = append(to, ',')
	}
	quoted, _ := json.Marshal(name) // a string always encodes
	to = append(to, quoted...)
	return append(to, ':')
}

func (t *objectTemplate) has(name string) bool {
	return slices.ContainsFunc(t.attributes, func(a attribute) bool { return a.name == name })
}

func (a *account) json() json.RawMessage {
	return a.appendJSON(make([]byte, 0, 3<<10))
}

func (a *account) appendSlot(to []byte, s slot) []byte {
	switch s {
	case slotID:
		return append(to, a.ID...)
	case slotSuffix:
		return append(to, strings.TrimPrefix(a.ID, "acct_")...)
	case slotName:
		place, trade := shopWords(a.ID)
		return append(append(append(to, place...), ' '), trade...)
	case slotSlug:
		place, trade := shopWords(a.ID)
		return append(append(append(to, strings.ToLower(place)...), '-'), strings.ToLower(trade)...)
	case slotCountry:
		return append(to, a.country().code...)
	case slotCurrency:
		return append(to, a.country().currency...)
	case slotTimezone:
		return append(to, a.country().timezone...)
	case slotCreated:
		return strconv.AppendInt(to, a.Created, 10)
	case slotDeadline:
		return strconv.AppendInt(to, a.Created+int64(deadlineAfter/time.Second), 10)
	default:
		panic(fmt.Sprintf("account template has an unknown slot %q", s))
	}
}

func (a *account) document() (document, error) {
	d, err := parseDocument(a.json())
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.ID, err)
	}
	return d, nil
}

// become is the account with its object changed to d: what differs from the persona is kept.
func (a *account) become(d document) (account, error) {
	plain := *a
	plain.Overrides = nil
	base, err := plain.document()
	if err != nil {
		return account{}, err
	}
	for _, name := range sortedNames(d) {
		if was, had := base[name]; had && reflect.DeepEqual(was, d[name]) {
			continue
		}
		value, err := encode(d[name])
		if err != nil {
			return account{}, fmt.Errorf("account %s, member %s: %w", a.ID, name, err)
		}
		plain.Overrides = append(plain.Overrides, override{Name: name, Value: value})
	}
	for _, name := range sortedNames(base) {
		if _, kept := d[name]; !kept {
			plain.Overrides = append(plain.Overrides, override{Name: name})
		}
	}
	return plain, nil
}
