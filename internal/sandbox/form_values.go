package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

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
