package sandbox

import (
	"fmt"
	"net/url"
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
