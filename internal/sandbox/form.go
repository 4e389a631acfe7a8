package sandbox

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFormDepth is how deep keys may nest; Stripe's own parameters need seven.
const maxFormDepth = 12

// parameter is a node of a decoded form: a text, or named children, or items. The nil parameter is one that was not
// given: its methods answer nothing.
type parameter struct {
	text   string
	isText bool
	fields map[string]*parameter
	items  []*parameter
}

// decodeForm reads application/x-www-form-urlencoded text with nested keys, as Stripe takes it:
// a[b]=1, a[]=1&a[]=2, a[0][b]=1 (docs.stripe.com/api, the curl examples). Where a key comes twice the last one counts.
func decodeForm(raw string) (*parameter, error) {
	root := &parameter{}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		if err := root.addPair(pair); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func (p *parameter) addPair(pair string) error {
	rawKey, rawValue, _ := strings.Cut(pair, "=")
	key, err := unescape(rawKey)
	if err != nil {
		return err
	}
	value, err := unescape(rawValue)
	if err != nil {
		return err
	}
	path, err := splitKey(key)
	if err != nil {
		return err
	}
	return p.put(path, key, value)
}

func unescape(raw string) (string, error) {
	text, err := url.QueryUnescape(raw)
	if err != nil {
		return "", badRequest("", "", "Invalid request: a parameter is not URL-encoded")
	}
	if !utf8.ValidString(text) {
		return "", badRequest("", "", "Invalid request: a parameter is not UTF-8")
	}
	return text, nil
}

// splitKey cuts a[b][] into a, b and "".
func splitKey(key string) ([]string, error) {
	name, rest, nested := strings.Cut(key, "[")
	if name == "" {
		return nil, badRequest("", key, "Invalid parameter name: %s", key)
	}
	path := []string{name}
	for nested {
		var inner string
		var closed bool
		inner, rest, closed = strings.Cut(rest, "]")
		if !closed || strings.Contains(inner, "[") || len(path) == maxFormDepth {
			return nil, badRequest("", key, "Invalid parameter name: %s", key)
		}
		path = append(path, inner)
		nested = strings.HasPrefix(rest, "[")
		if !nested && rest != "" {
			return nil, badRequest("", key, "Invalid parameter name: %s", key)
		}
		rest = strings.TrimPrefix(rest, "[")
	}
	return path, nil
}

func (p *parameter) put(path []string, key, value string) error {
	if len(path) == 0 {
		if p.fields != nil || p.items != nil {
			return badRequest("", key, "Invalid parameter: %s is given as a text and as something nested", key)
		}
		p.text, p.isText = value, true
		return nil
	}
	if p.clashes(path[0]) {
		return badRequest("", key, "Invalid parameter: %s is given in two ways", key)
	}
	if path[0] == "" {
		return p.nextItem(path[1:]).put(path[1:], key, value)
	}
	if p.fields == nil {
		p.fields = map[string]*parameter{}
	}
	child := p.fields[path[0]]
	if child == nil {
		child = &parameter{}
		p.fields[path[0]] = child
	}
	return child.put(path[1:], key, value)
}

// clashes tells whether p is something already that has no child of that name; "" is the name of an item.
func (p *parameter) clashes(name string) bool {
	if name == "" {
		return p.isText || p.fields != nil
	}
	return p.isText || p.items != nil
}

// nextItem is the item that a[]… goes to: a[][b]=1&a[][c]=2 is one item, a[][b]=1&a[][b]=2 are two.
func (p *parameter) nextItem(rest []string) *parameter {
	if len(p.items) > 0 && len(rest) > 0 {
		last := p.items[len(p.items)-1]
		if last.fields != nil && last.fields[rest[0]] == nil {
			return last
		}
	}
	item := &parameter{}
	p.items = append(p.items, item)
	return item
}

// field is the child called name, or nil.
func (p *parameter) field(name string) *parameter {
	if p == nil {
		return nil
	}
	return p.fields[name]
}

// value is the text of the child called name, or "".
func (p *parameter) value(name string) string {
	if child := p.field(name); child != nil {
		return child.text
	}
	return ""
}

// names are the children's, in order.
func (p *parameter) names() []string {
	if p == nil {
		return nil
	}
	names := make([]string, 0, len(p.fields))
	for name := range p.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// list are the items of a list, given as a[] or as a[0]; of no list it is nil.
func (p *parameter) list() []*parameter {
	if p == nil || p.items != nil {
		return p.itemsOrNil()
	}
	type indexed struct {
		i    int
		item *parameter
	}
	var found []indexed
	for name, child := range p.fields {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 {
			return nil
		}
		found = append(found, indexed{i, child})
	}
	slices.SortFunc(found, func(a, b indexed) int { return cmp.Compare(a.i, b.i) })
	items := make([]*parameter, len(found))
	for i, f := range found {
		items[i] = f.item
	}
	return items
}

func (p *parameter) itemsOrNil() []*parameter {
	if p == nil {
		return nil
	}
	return p.items
}

// texts are the texts of the list called name.
func (p *parameter) texts(name string) ([]string, error) {
	child := p.field(name)
	if child == nil {
		return nil, nil
	}
	if child.isText {
		return nil, badRequest("", name, "Invalid array: %s", name)
	}
	var texts []string
	for _, item := range child.list() {
		if !item.isText {
			return nil, badRequest("", name, "Invalid string in %s", name)
		}
		texts = append(texts, item.text)
	}
	return texts, nil
}

// boolean is the child called name as a truth value, false where it was not given.
func (p *parameter) boolean(name string) (bool, error) {
	if text := p.value(name); p.field(name) != nil && !isBoolean(text) {
		return false, badRequest("parameter_invalid_boolean", name, "Invalid boolean: %s", text)
	}
	return p.isTrue(name), nil
}

func (p *parameter) isTrue(name string) bool {
	return strings.EqualFold(p.value(name), "true")
}

// isBoolean takes True and False too, which Stripe's SDK for Python sends.
func isBoolean(text string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

// integer is the child called name as a number, or otherwise where it was not given.
func (p *parameter) integer(name string, otherwise int) (int, error) {
	if p.field(name) == nil {
		return otherwise, nil
	}
	n, err := strconv.Atoi(p.value(name))
	if err != nil {
		return 0, badRequest("parameter_invalid_integer", name, "Invalid integer: %s", p.value(name))
	}
	return n, nil
}

// fingerprint is a text that two forms share exactly where they say the same.
func (p *parameter) fingerprint() string {
	if p.isText {
		return strconv.Quote(p.text)
	}
	var b strings.Builder
	for _, name := range p.names() {
		fmt.Fprintf(&b, "%q{%s}", name, p.fields[name].fingerprint())
	}
	for _, item := range p.items {
		fmt.Fprintf(&b, "[%s]", item.fingerprint())
	}
	return b.String()
}
