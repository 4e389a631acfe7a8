package webhook

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// keep is an allow-list as a tree: what is kept of a JSON object by its name, "*" for any name, "[]" for each item of a
// list. One without names keeps a text, a number, true, false or null.
type keep map[string]keep

// keeping makes the tree of paths like requirements.errors[].code and capabilities.*.
func keeping(paths ...string) keep {
	root := keep{}
	for _, path := range paths {
		at := root
		for _, name := range strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".") {
			if at[name] == nil {
				at[name] = keep{}
			}
			at = at[name]
		}
	}
	return root
}

// of is what the list keeps of an object, nil where that is none.
func (k keep) of(object jsontext.Value) jsontext.Value {
	if object.Kind() != '{' {
		return nil
	}
	out := bytes.NewBuffer(make([]byte, 0, 1024)) // most of what is kept of an account
	e := jsontext.NewEncoder(out, lenient)
	if err := k.copy(e, jsontext.NewDecoder(bytes.NewBuffer(object), lenient)); err != nil {
		return nil
	}
	return out.Bytes()
}

// copy copies one value. What is of another form than the list expects is emptied: it was there, and is not documented.
func (k keep) copy(e *jsontext.Encoder, d *jsontext.Decoder) error {
	item, isList := k["[]"]
	switch kind := d.PeekKind(); {
	case kind == '[' && isList:
		return item.copyList(e, d)
	case kind == '{' && len(k) > 0 && !isList:
		return k.copyObject(e, d)
	case kind == '[':
		return replace(e, d, "[]")
	case kind == '{':
		return replace(e, d, "{}")
	case kind != 'n' && len(k) > 0:
		return replace(e, d, `""`)
	}
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	return e.WriteValue(value)
}

func replace(e *jsontext.Encoder, d *jsontext.Decoder, by string) error {
	if err := d.SkipValue(); err != nil {
		return err
	}
	return e.WriteValue(jsontext.Value(by))
}

func (k keep) copyObject(e *jsontext.Encoder, d *jsontext.Decoder) error {
	if err := pass(e, d); err != nil {
		return err
	}
	var plain []byte
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		plain, _ = jsontext.AppendUnquote(plain[:0], name) // its error is broken UTF-8, which no name on a list has
		inner, kept := k.named(plain)
		if !kept {
			err = d.SkipValue()
		} else if err = e.WriteValue(name); err == nil {
			err = inner.copy(e, d)
		}
		if err != nil {
			return err
		}
	}
	return pass(e, d)
}

func (k keep) named(name []byte) (inner keep, kept bool) {
	if inner, kept = k["*"]; kept {
		return inner, true
	}
	inner, kept = k[string(name)]
	return inner, kept
}

func (k keep) copyList(e *jsontext.Encoder, d *jsontext.Decoder) error {
	if err := pass(e, d); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := k.copy(e, d); err != nil {
			return err
		}
	}
	return pass(e, d)
}

// pass copies a bracket.
func pass(e *jsontext.Encoder, d *jsontext.Decoder) error {
	bracket, err := d.ReadToken()
	if err != nil {
		return err
	}
	return e.WriteToken(bracket)
}
