package sandbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// accountShapeJSON is what an account object may be, as Stripe's specification of 2023-10-16 has it. A test holds it
// against the specification, and with -update writes it.
//
//go:embed account_shape.json
var accountShapeJSON []byte

// shape is what a value of an object may be.
type shape struct {
	Type     valueType         `json:"type,omitempty"`
	Nullable bool              `json:"nullable,omitempty"`
	Enum     []string          `json:"enum,omitempty"`
	Length   int               `json:"max_length,omitempty"`
	Fields   map[string]*shape `json:"fields,omitempty"`
	Required []string          `json:"required,omitempty"`
	// Any is the shape of members of whatever other name.
	Any   *shape `json:"any,omitempty"`
	Items *shape `json:"items,omitempty"`
	// Either are shapes of which one is enough.
	Either []*shape `json:"either,omitempty"`
}

type valueType string

const (
	textValue    valueType = "string"
	booleanValue valueType = "boolean"
	integerValue valueType = "integer"
	objectValue  valueType = "object"
	listValue    valueType = "array"
)

// accountShape takes more than the specification names: the display_name that old versions had at the top
// (docs.stripe.com/upgrades, 2019-02-19), and capabilities that came later.
var accountShape = sync.OnceValue(func() *shape {
	s := &shape{}
	if err := json.Unmarshal(accountShapeJSON, s); err != nil {
		panic(fmt.Sprintf("account_shape.json: %v", err))
	}
	s.Fields["display_name"] = &shape{Type: textValue, Nullable: true}
	capabilities := s.Fields["capabilities"]
	capabilities.Any = capabilities.Fields["card_payments"]
	return s
})

// member is the shape of the member called name, or nil where there can't be one.
func (s *shape) member(name string) *shape {
	if s == nil {
		return nil
	}
	if known := s.Fields[name]; known != nil {
		return known
	}
	return s.Any
}

// check says in words what is wrong with the value, which is called name.
func (s *shape) check(name string, value any) error {
	if value == nil {
		if s.Nullable {
			return nil
		}
		return fmt.Errorf("%s can't be null", name)
	}
	if s.Either != nil {
		return s.checkEither(name, value)
	}
	if !s.Type.is(value) {
		return fmt.Errorf("%s must be %s, not %s", name, s.Type.title(), excerpt(value))
	}
	switch v := value.(type) {
	case string:
		return s.checkText(name, v)
	case document:
		return s.checkMembers(name, v)
	case []any:
		return s.checkItems(name, v)
	}
	return nil
}

func (s *shape) checkEither(name string, value any) error {
	var first error
	for _, one := range s.Either {
		err := one.check(name, value)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *shape) checkText(name, text string) error {
	if s.Enum != nil && !slices.Contains(s.Enum, text) {
		return fmt.Errorf("%s must be %s, not %q", name, oneOf(s.Enum), text)
	}
	if s.Length > 0 && utf8.RuneCountInString(text) > s.Length {
		return fmt.Errorf("%s must be at most %d characters long", name, s.Length)
	}
	return nil
}

func (s *shape) checkMembers(name string, object document) error {
	for _, child := range sortedNames(object) {
		if err := s.checkMember(name, child, object[child]); err != nil {
			return err
		}
	}
	for _, child := range s.Required {
		if _, there := object[child]; !there {
			return fmt.Errorf("%s can't be taken away", dotted(name, child))
		}
	}
	return nil
}

// checkMember checks one member of the object that is called name.
func (s *shape) checkMember(name, child string, value any) error {
	known := s.member(child)
	if known == nil {
		return fmt.Errorf("%s is nothing that Stripe has there: it has %s", dotted(name, child),
			strings.Join(slices.Sorted(maps.Keys(s.Fields)), ", "))
	}
	return known.check(dotted(name, child), value)
}

func (s *shape) checkItems(name string, items []any) error {
	for i, item := range items {
		if err := s.Items.check(name+"["+strconv.Itoa(i)+"]", item); err != nil {
			return err
		}
	}
	return nil
}

func (t valueType) is(value any) bool {
	switch v := value.(type) {
	case string:
		return t == textValue
	case bool:
		return t == booleanValue
	case json.Number:
		return t == integerValue && isInteger(v.String())
	case int64:
		return t == integerValue
	case document:
		return t == objectValue
	case []any:
		return t == listValue
	default:
		return false
	}
}

func (t valueType) title() string {
	switch t {
	case booleanValue:
		return "true or false"
	case integerValue:
		return "a whole number"
	case objectValue:
		return "an object"
	case listValue:
		return "a list"
	default:
		return "a text"
	}
}

// dotted is the name of a member as a person writes it: a.b.
func dotted(name, child string) string {
	if name == "" {
		return child
	}
	return name + "." + child
}

func excerpt(value any) string {
	text, _ := encode(value) // what was read as JSON encodes
	return firstCharacters(string(text), 40)
}
