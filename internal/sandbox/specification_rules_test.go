package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/spec"
)

var update = flag.Bool("update", false, "write parameters.json from Stripe's specification")

// TestParametersAreStripes holds parameters.json against the specification that it is made from.
func TestParametersAreStripes(t *testing.T) {
	t.Parallel()
	var s spec.Spec
	if err := json.Unmarshal(embedded.OpenAPISpec, &s); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(rulesOf(t, &s)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("parameters.json", b.Bytes(), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(b.String(), string(parametersJSON)); diff != "" {
		t.Errorf("parameters.json is not of the specification; go test -run %s -update (-want +got):\n%s", t.Name(), diff)
	}
}

var pathParameter = regexp.MustCompile(`\{[a-z_]+\}`)

func rulesOf(t *testing.T, s *spec.Spec) map[string]*rule {
	t.Helper()
	known := map[string]*spec.Operation{}
	for path, verbs := range s.Paths {
		for verb, operation := range verbs {
			known[strings.ToUpper(string(verb))+" "+pathParameter.ReplaceAllString(string(path), "{id}")] = operation
		}
	}
	rules := map[string]*rule{}
	for _, op := range operations() {
		if op.rules != nil {
			continue // not in the specification
		}
		operation := known[op.name()]
		if operation == nil {
			t.Fatalf("the specification has no %s", op.name())
		}
		rules[op.name()] = ruleOfOperation(operation)
	}
	return rules
}

func ruleOfOperation(operation *spec.Operation) *rule {
	all := &rule{Fields: map[string]*rule{}}
	for _, p := range operation.Parameters {
		if p.In == "query" {
			all.Fields[p.Name] = ruleOf(p.Schema)
			if p.Required {
				all.Required = append(all.Required, p.Name)
			}
		}
	}
	if operation.RequestBody != nil {
		for _, content := range operation.RequestBody.Content {
			body := ruleOf(content.Schema)
			maps.Copy(all.Fields, body.Fields)
			all.Required = append(all.Required, body.Required...)
		}
	}
	slices.Sort(all.Required)
	return all
}

func ruleOf(s *spec.Schema) *rule {
	r := &rule{}
	for _, one := range s.AnyOf {
		r.merge(ruleOf(one))
	}
	switch s.Type {
	case "object":
		r.Fields = map[string]*rule{}
		for name, child := range s.Properties {
			r.Fields[name] = ruleOf(child)
		}
		r.Required = slices.Sorted(slices.Values(s.Required))
		if s.AdditionalProperties != nil {
			r.Any = ruleOf(s.AdditionalProperties)
		}
	case "array":
		r.Items = ruleOf(s.Items)
	case "string", "boolean", "integer", "number":
		r.ofText(s)
	}
	return r
}

func (r *rule) ofText(s *spec.Schema) {
	for _, value := range s.Enum {
		if text := value.(string); text != "" {
			r.Enum = append(r.Enum, text)
		} else {
			r.Clears = true
		}
	}
	if len(s.Enum) == 1 && r.Clears { // nothing but the empty text
		return
	}
	r.Text, r.MaxLength = textKind(s.Type), s.MaxLength
}

// merge makes r the rule of what either allows.
func (r *rule) merge(other *rule) {
	if r.Text == "" || other.Text == integerText {
		r.Text = cmp.Or(other.Text, r.Text)
	}
	r.Clears = r.Clears || other.Clears
	r.Enum = append(r.Enum, other.Enum...)
	r.MaxLength = max(r.MaxLength, other.MaxLength)
	r.mergeFields(other)
	if other.Any != nil {
		r.Any = other.Any
	}
	if other.Items != nil {
		r.Items = other.Items
	}
}

// mergeFields takes all that either may have; required is what both require.
func (r *rule) mergeFields(other *rule) {
	switch {
	case other.Fields == nil:
	case r.Fields == nil:
		r.Fields, r.Required = other.Fields, other.Required
	default:
		maps.Copy(r.Fields, other.Fields)
		r.Required = slices.DeleteFunc(r.Required, func(name string) bool { return !slices.Contains(other.Required, name) })
	}
}
