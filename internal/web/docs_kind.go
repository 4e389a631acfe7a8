package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// docsKind says what a value is, in words, or by the name of a schema.
type docsKind struct {
	Before, Words, Schema, After string

	Or []docsKind // what else it may be
}

func kindOf(s schema) docsKind {
	switch {
	case s.Ref != "":
		return docsKind{Schema: strings.TrimPrefix(s.Ref, "#/components/schemas/")}
	case len(s.AnyOf)+len(s.OneOf) > 0:
		return eitherOf(slices.Concat(s.AnyOf, s.OneOf))
	case s.Items != nil:
		kind := kindOf(*s.Items)
		kind.Before = "list of " + kind.Before
		return kind
	}
	kind := docsKind{Words: typeWords(s)}
	if len(s.Type) > 1 && slices.Contains(s.Type, "null") {
		kind.After = " or null"
	}
	return kind
}

func eitherOf(parts []schema) docsKind {
	kind := kindOf(parts[0])
	for _, part := range parts[1:] {
		kind.Or = append(kind.Or, kindOf(part))
	}
	return kind
}

func typeWords(s schema) string {
	if slices.Equal(s.Type, kinds{"null"}) {
		return "null"
	}
	named := slices.DeleteFunc(slices.Clone(s.Type), func(name string) bool { return name == "null" })
	switch {
	case s.Format == "date-time":
		return "time"
	case len(named) == 0:
		return "any JSON"
	}
	return named[0]
}

// rulesOf are what a value has to keep to.
func rulesOf(s schema) []string {
	var rules []string
	add := func(format string, values ...any) { rules = append(rules, fmt.Sprintf(format, values...)) }
	if s.Items != nil {
		rules = rulesOf(*s.Items)
	}
	if len(s.Enum) > 0 {
		rules = append(rules, "one of "+oneOf(s.Enum))
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		add("%s to %s", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		add("at least %s", *s.Minimum)
	case s.Maximum != nil:
		add("at most %s", *s.Maximum)
	}
	if s.MaxLength != nil {
		add("at most %s characters", *s.MaxLength)
	}
	if s.MaxItems != nil {
		add("at most %s", *s.MaxItems)
	}
	if s.PatternDescription != "" {
		rules = append(rules, s.PatternDescription)
	}
	if len(s.Default) > 0 {
		add("%s unless given", strings.Trim(string(s.Default), `"`))
	}
	return rules
}

func oneOf(values []any) string {
	var words []string
	for _, value := range values {
		if text, ok := value.(string); ok {
			words = append(words, text)
		} else {
			encoded, _ := json.Marshal(value) // it came from JSON
			words = append(words, string(encoded))
		}
	}
	return strings.Join(words, ", ")
}
