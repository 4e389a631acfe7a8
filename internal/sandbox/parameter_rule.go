package sandbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// parametersJSON are the parameters of every operation here, as Stripe's specification of 2023-10-16 has them. A test
// holds it against the specification, and with -update writes it.
//
//go:embed parameters.json
var parametersJSON []byte

// rule is what a parameter may be: a text, named children, or items; some may be more than one of these.
type rule struct {
	// Text is the kind of text that it takes; "" is none.
	Text textKind `json:"text,omitempty"`
	// Clears tells that an empty text is allowed: it unsets what there was.
	Clears bool `json:"clears,omitempty"`
	// Enum are the words allowed: alone, or beside numbers (a tier's up_to is a number or "inf").
	Enum []string `json:"enum,omitempty"`
	// MaxLength is of a text, in characters; 0 is no limit.
	MaxLength int `json:"max_length,omitempty"`

	Fields   map[string]*rule `json:"fields,omitempty"`
	Required []string         `json:"required,omitempty"`
	// Any is the rule of children of whatever name.
	Any *rule `json:"any,omitempty"`
	// Items is the rule of each item of a list.
	Items *rule `json:"items,omitempty"`
}

type textKind string

const (
	anyText     textKind = "string"
	booleanText textKind = "boolean"
	integerText textKind = "integer"
	numberText  textKind = "number"
)

// operationRules are by method and path, as in "POST /v1/accounts/{id}".
var operationRules = sync.OnceValue(func() map[string]*rule {
	rules := map[string]*rule{}
	if err := json.Unmarshal(parametersJSON, &rules); err != nil {
		panic(fmt.Sprintf("parameters.json: %v", err))
	}
	return rules
})

// check refuses, in Stripe's words, what the rule does not allow.
func (r *rule) check(name string, p *parameter) error {
	switch {
	case p.isText:
		return r.checkText(name, p.text)
	case r.Items != nil:
		return r.checkItems(name, p)
	case r.Fields != nil || r.Any != nil || r.Text == "":
		return r.checkFields(name, p)
	default:
		return badRequest("", name, "Invalid string: %s", name)
	}
}

func (r *rule) checkText(name, text string) error {
	switch {
	case text == "" && r.Clears:
		return nil
	case r.Text == "" && r.Items != nil:
		return badRequest("", name, "Invalid array: %s", name)
	case r.Text == "":
		return badRequest("", name, "Invalid object: %s", name)
	case text == "":
		return emptyParameter(name)
	case slices.Contains(r.Enum, text):
		return nil
	case r.Enum != nil && r.Text == anyText:
		return badRequest("", name, "Invalid %s: must be %s", name, oneOf(r.Enum))
	case r.MaxLength > 0 && utf8.RuneCountInString(text) > r.MaxLength:
		return badRequest("", name, "Invalid string: %s…; must be at most %d characters", firstCharacters(text, 10), r.MaxLength)
	}
	return r.Text.check(name, text)
}

func (k textKind) check(name, text string) error {
	switch k {
	case booleanText:
		if !isBoolean(text) {
			return badRequest("", name, "Invalid boolean: %s", text)
		}
	case integerText:
		if !isInteger(text) {
			return badRequest("parameter_invalid_integer", name, "Invalid integer: %s", text)
		}
	case numberText:
		if !decimalPattern.MatchString(text) {
			return badRequest("", name, "Invalid decimal: %s", text)
		}
	}
	return nil
}

var decimalPattern = regexp.MustCompile(`^-?\d{1,12}(\.\d{1,12})?$`)

func firstCharacters(text string, n int) string {
	characters := []rune(text)
	return string(characters[:min(n, len(characters))])
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

func (r *rule) checkItems(name string, p *parameter) error {
	items := p.list()
	if items == nil {
		return badRequest("", name, "Invalid array: %s", name)
	}
	for i, item := range items {
		if err := r.Items.check(nested(name, strconv.Itoa(i)), item); err != nil {
			return err
		}
	}
	return nil
}

func (r *rule) checkFields(name string, p *parameter) error {
	if p.items != nil {
		return badRequest("", name, "Invalid object: %s", name)
	}
	for _, child := range p.names() {
		if r.unsets(child, p) {
			continue
		}
		known := r.Fields[child]
		if known == nil {
			known = r.Any
		}
		if known == nil {
			return unknownParameter(nested(name, child))
		}
		if err := known.check(nested(name, child), p.fields[child]); err != nil {
			return err
		}
		if known == r.Fields[child] { // not a key of metadata
			if err := checkFormat(nested(name, child), child, p.fields[child]); err != nil {
				return err
			}
		}
	}
	for _, child := range r.Required {
		if p.field(child) == nil {
			return missingParameter(nested(name, child))
		}
	}
	return nil
}

// unsets tells whether the child is a key of metadata with an empty value, which takes the key away
// (docs.stripe.com/api/metadata); the specification does not say so.
func (r *rule) unsets(child string, p *parameter) bool {
	return r.Fields[child] == nil && r.Any != nil && r.Any.Text == anyText && p.fields[child].isText && p.value(child) == ""
}

// nested is the name of a child as Stripe quotes it: a[b].
func nested(name, child string) string {
	if name == "" {
		return child
	}
	return name + "[" + child + "]"
}

// oneOf lists the words as Stripe does: "one of a, b, or c".
func oneOf(words []string) string {
	switch n := len(words); n {
	case 1:
		return words[0]
	case 2:
		return "one of " + words[0] + " or " + words[1]
	default:
		return "one of " + strings.Join(words[:n-1], ", ") + ", or " + words[n-1]
	}
}
