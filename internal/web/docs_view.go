package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// docsView is the contract as a page.
type docsView struct {
	Title, About string
	Groups       []docsGroup
	Headers      []docsField
	Schemas      []docsSchema
	Problems     []docsProblem
}

func (docsView) template() string { return "docs" }

type docsGroup struct {
	Name, About string
	Operations  []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, About, Scope string

	Parameters []docsField
	Request    *docsBody
	Answers    []docsAnswer
	Refusals   []string // problems' codes
}

type docsBody struct {
	Kind    docsKind
	Example string
}

type docsAnswer struct {
	Status, Words string
	Body          *docsBody
}

type docsSchema struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name, Place, Meaning string

	Kind     docsKind
	Required bool
	Rules    []string
}

type docsProblem struct {
	Code, Title, When string
	Status            int
}

func docsOf(text []byte) (docsView, error) {
	var c contract
	if err := json.Unmarshal(text, &c); err != nil {
		return docsView{}, fmt.Errorf("read the contract: %w", err)
	}
	v := docsView{Title: c.Info.Title + "’s API", About: c.Info.Description}
	for _, tag := range c.Tags {
		v.Groups = append(v.Groups, docsGroup{Name: tag.Name, About: tag.Description, Operations: c.operationsOf(tag.Name)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Components.Headers)) {
		h := c.Components.Headers[name]
		v.Headers = append(v.Headers, docsField{Name: name, Meaning: h.Description, Kind: kindOf(h.Schema)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Components.Schemas)) {
		v.Schemas = append(v.Schemas, docsSchema{name, fieldsOf(c.Components.Schemas[name])})
	}
	for code, example := range c.Components.Examples {
		v.Problems = append(v.Problems, docsProblem{code, example.Summary, example.Description, example.Value.Status})
	}
	slices.SortFunc(v.Problems, func(a, b docsProblem) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), strings.Compare(a.Code, b.Code))
	})
	return v, nil
}

func (c contract) operationsOf(tag string) []docsOperation {
	var found []docsOperation
	for path, methods := range c.Paths {
		for method, op := range methods {
			if slices.Contains(op.Tags, tag) {
				found = append(found, c.describe(strings.ToUpper(method), path, op))
			}
		}
	}
	slices.SortFunc(found, func(a, b docsOperation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return found
}

func (c contract) describe(method, path string, op operation) docsOperation {
	d := docsOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, About: op.Description, Scope: scopeOf(op)}
	for _, p := range op.Parameters {
		d.Parameters = append(d.Parameters, docsField{
			Name: p.Name, Place: p.In, Meaning: p.Description, Kind: kindOf(p.Schema), Required: p.Required, Rules: rulesOf(p.Schema),
		})
	}
	if op.RequestBody != nil {
		d.Request = bodyOf(op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		if name, ok := strings.CutPrefix(response.Ref, "#/components/responses/"); ok {
			for _, refused := range c.Components.Responses[name].Content {
				d.Refusals = append(d.Refusals, slices.Sorted(maps.Keys(refused.Examples))...)
			}
			continue
		}
		number, _ := strconv.Atoi(status)
		d.Answers = append(d.Answers, docsAnswer{status, http.StatusText(number), bodyOf(response.Content)})
	}
	return d
}

func scopeOf(op operation) string {
	for _, requirement := range op.Security {
		for _, scopes := range requirement {
			return strings.Join(scopes, " ")
		}
	}
	return ""
}

func bodyOf(contents map[string]content) *docsBody {
	for _, content := range contents {
		return &docsBody{Kind: kindOf(content.Schema), Example: exampleText(content.Example)}
	}
	return nil
}

// exampleText indents JSON; what is no JSON in the contract is a text there.
func exampleText(example json.RawMessage) string {
	var text string
	if json.Unmarshal(example, &text) == nil {
		return text
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, example, "", "  "); err != nil {
		return string(example)
	}
	return indented.String()
}

func fieldsOf(s schema) []docsField {
	var fields []docsField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		fields = append(fields, docsField{
			Name: name, Meaning: property.Description, Kind: kindOf(property),
			Required: slices.Contains(s.Required, name), Rules: rulesOf(property),
		})
	}
	return fields
}
