package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// document is a JSON object whose members are not known beforehand: a merge patch may put anything into an account.
// Numbers in it are json.Number or int64, objects are documents. A document that others may hold is never changed.
type document map[string]any

func parseDocument(data []byte) (document, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return nil, fmt.Errorf("parse JSON object: %w", err)
	}
	if members == nil {
		return nil, fmt.Errorf("parse JSON object: it is null")
	}
	return document(members).normalized(), nil
}

// normalized gives nested objects the type document.
func (d document) normalized() document {
	for name, value := range d {
		d[name] = normalizedValue(value)
	}
	return d
}

func normalizedValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return document(v).normalized()
	case []any:
		for i := range v {
			v[i] = normalizedValue(v[i])
		}
	}
	return value
}

// child is the nested object called name, or nil.
func (d document) child(name string) document {
	c, _ := d[name].(document)
	return c
}

// merged is d with the patch applied to it: JSON Merge Patch (RFC 7396), but that null clears what may be null and
// removes only the rest, so that a patched object keeps its shape.
func (d document) merged(patch document, as *shape) document {
	result := maps.Clone(d)
	if result == nil {
		result = document{}
	}
	for name, value := range patch {
		switch v := value.(type) {
		case nil:
			result.clear(name, as.member(name))
		case document:
			result[name] = result.child(name).merged(v, as.member(name))
		default:
			result[name] = v
		}
	}
	return result
}

func (d document) clear(name string, as *shape) {
	if as != nil && as.Nullable {
		d[name] = nil
		return
	}
	delete(d, name)
}

// previousAttributes is what before held where after differs, member by member; a list is given whole. A member that
// before did not have is null, as Stripe gives it (docs.stripe.com/api/events/object).
func previousAttributes(before, after document) document {
	previous := document{}
	for name, was := range before {
		is, still := after[name]
		if still && reflect.DeepEqual(was, is) {
			continue
		}
		previous[name] = previousValue(was, is)
	}
	for name := range after {
		if _, had := before[name]; !had {
			previous[name] = nil
		}
	}
	return previous
}

func previousValue(was, is any) any {
	wasObject, ok := was.(document)
	isObject, same := is.(document)
	if !ok || !same {
		return was
	}
	return previousAttributes(wasObject, isObject)
}

// difference is previousAttributes of two objects that encode as JSON objects.
func difference(before, after any) (document, error) {
	was, err := documentOf(before)
	if err != nil {
		return nil, err
	}
	is, err := documentOf(after)
	if err != nil {
		return nil, err
	}
	return previousAttributes(was, is), nil
}

func documentOf(object any) (document, error) {
	text, err := encode(object)
	if err != nil {
		return nil, err
	}
	return parseDocument(text)
}

// encode is JSON as Stripe writes it: no escapes for HTML.
func encode(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func sortedNames(d document) []string {
	return slices.Sorted(maps.Keys(d))
}
