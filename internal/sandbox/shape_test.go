package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/spec"
)

// TestAccountShapeIsStripes holds account_shape.json against the specification that it is made from.
func TestAccountShapeIsStripes(t *testing.T) {
	t.Parallel()
	var s spec.Spec
	if err := json.Unmarshal(embedded.OpenAPISpec, &s); err != nil {
		t.Fatal(err)
	}
	account := shapes{s.Components.Schemas}.of(s.Components.Schemas["account"])
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(account); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("account_shape.json", b.Bytes(), 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(b.String(), string(accountShapeJSON)); diff != "" {
		t.Errorf("account_shape.json is not of the specification; go test -run %s -update (-want +got):\n%s", t.Name(), diff)
	}
}

func TestEveryPersonasAccountHasTheShape(t *testing.T) {
	t.Parallel()
	for kind := range accountTemplates() {
		a := account{ID: "acct_1", Persona: kind.persona, Type: kind.kind}
		d, err := a.document()
		if err != nil {
			t.Fatal(err)
		}
		if err := accountShape().check("", d); err != nil {
			t.Errorf("%s, %s: %v", kind.persona, kind.kind, err)
		}
	}
}

// shapes are made from the specification's schemas.
type shapes struct {
	schemas map[string]*spec.Schema
}

func (all shapes) of(s *spec.Schema) *shape {
	if s.Ref != "" {
		return all.of(all.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")])
	}
	if s.AnyOf != nil {
		return all.either(s)
	}
	r := &shape{
		Type: valueType(s.Type), Nullable: s.Nullable, Length: s.MaxLength,
		Required: slices.Sorted(slices.Values(s.Required)),
	}
	for _, word := range s.Enum {
		r.Enum = append(r.Enum, word.(string))
	}
	for name, child := range s.Properties {
		if r.Fields == nil {
			r.Fields = map[string]*shape{}
		}
		r.Fields[name] = all.of(child)
	}
	if s.AdditionalProperties != nil {
		r.Any = all.of(s.AdditionalProperties)
	}
	if s.Items != nil {
		r.Items = all.of(s.Items)
	}
	return r
}

// either takes the id alone of an object that can be expanded: nothing is expanded inside an account.
func (all shapes) either(s *spec.Schema) *shape {
	options := s.AnyOf
	if i := slices.IndexFunc(options, func(o *spec.Schema) bool { return o.Type == "string" }); i >= 0 {
		options = options[i : i+1]
	}
	var made []*shape
	for _, option := range options {
		made = append(made, all.of(option))
	}
	if len(made) > 1 {
		return &shape{Either: made, Nullable: s.Nullable}
	}
	made[0].Nullable = cmp.Or(made[0].Nullable, s.Nullable)
	return made[0]
}
