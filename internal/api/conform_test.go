package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/connectd/connectd/internal/api"
)

// document is what the tests read of the OpenAPI document.
type document struct {
	OpenAPI    string
	Info       struct{ Title, Version string }
	Paths      map[string]map[string]operation
	Components struct {
		Schemas   map[string]schema
		Responses map[string]response
		Examples  map[string]struct{ Summary, Description string }
	}
	text []byte
}

type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Security                          []map[string][]string
	Parameters                        []parameter
	RequestBody                       *struct{ Content map[string]content }
	Responses                         map[string]response
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]content
	Headers map[string]json.RawMessage
}

type content struct {
	Schema   json.RawMessage
	Example  json.RawMessage
	Examples map[string]json.RawMessage
}

// schema is a JSON schema, as far as the tests make values by it.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Format, Pattern      string
	Description          string
	Enum                 []any
	Minimum, Maximum     *float64
	MinLength, MaxLength *int
	MaxItems             *int
	Properties           map[string]schema
	Required             []string
	Items                *schema
	AdditionalProperties any
	AnyOf                []schema
}

func readDocument(text []byte) (document, error) {
	d := document{text: text}
	return d, json.Unmarshal(text, &d)
}

// response follows a reference.
func (d document) response(op operation, status string) response {
	found := op.Responses[status]
	if name, ok := strings.CutPrefix(found.Ref, "#/components/responses/"); ok {
		return d.Components.Responses[name]
	}
	return found
}

// operation is that of a request, if there is one.
func (d document) operation(method, escapedPath string) (operation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	asked := strings.Split(escapedPath, "/")
	for template, methods := range d.Paths {
		if op, ok := methods[strings.ToLower(method)]; ok && fits(strings.Split(template, "/"), asked) {
			return op, true
		}
	}
	return operation{}, false
}

func fits(template, asked []string) bool {
	if len(template) != len(asked) {
		return false
	}
	for i, part := range template {
		if parameter := strings.HasPrefix(part, "{"); parameter && asked[i] == "" || !parameter && part != asked[i] {
			return false
		}
	}
	return true
}

// contract is the document, with a judge that is not the server's own.
var contract = sync.OnceValues(func() (judge, error) {
	return newJudge(api.Register(mux.NewRouter(), api.Config{}).Contract)
})

// judge holds JSON against the document's schemas. It is safe for concurrent use.
type judge struct {
	document
	mu       *sync.Mutex
	compiler *jsonschema.Compiler
}

func newJudge(text []byte) (judge, error) {
	d, err := readDocument(text)
	if err != nil {
		return judge{}, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return judge{}, err
	}
	closeSchemas(whole)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	return judge{d, &sync.Mutex{}, compiler}, compiler.AddResource("contract.json", whole)
}

// closeSchemas takes a field that is not described for a mistake: clients are to pass over one, the server is not to have it.
func closeSchemas(value any) {
	switch v := value.(type) {
	case map[string]any:
		_, properties := v["properties"]
		if _, decided := v["additionalProperties"]; properties && !decided && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, part := range v {
			closeSchemas(part)
		}
	case []any:
		for _, part := range v {
			closeSchemas(part)
		}
	}
}

// fault is what is wrong with the JSON by the schema at the pointer, nil where nothing is.
func (j judge) fault(pointer string, text []byte) error {
	j.mu.Lock()
	compiled, err := j.compiler.Compile("contract.json#" + pointer)
	j.mu.Unlock()
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

func pointer(parts ...string) string {
	var p strings.Builder
	for _, part := range parts {
		p.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return p.String()
}

// conform holds an answer against the contract: each test's answers are.
func conform(t *testing.T, req *http.Request, a answer) {
	t.Helper()
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	op, known := c.operation(req.Method, req.URL.EscapedPath())
	if !known || req.Method == http.MethodHead {
		return
	}
	status := strconv.Itoa(a.status)
	described, ok := op.Responses[status]
	if !ok {
		t.Errorf("%s: the contract has no %s: %s", op.OperationID, status, a.body)
		return
	}
	for kind, content := range c.response(op, status).Content {
		var p struct{ Code string }
		if kind == "application/problem+json" {
			unmarshal(t, a.body, &p)
			if _, listed := content.Examples[p.Code]; !listed {
				t.Errorf("%s %s: the contract does not say that it may be %s", op.OperationID, status, p.Code)
			}
		}
		if got := a.header.Get("Content-Type"); got != kind {
			t.Errorf("%s %s: Content-Type %q, and %q in the contract", op.OperationID, status, got, kind)
		}
		at := pointer("paths", c.pathOf(op), strings.ToLower(req.Method), "responses", status, "content", kind, "schema")
		if name, ok := strings.CutPrefix(described.Ref, "#/components/responses/"); ok {
			at = pointer("components", "responses", name, "content", kind, "schema")
		}
		if err := c.fault(at, a.body); err != nil && kind != "text/event-stream" {
			t.Errorf("%s %s is not as the contract has it: %v\n%s", op.OperationID, status, err, a.body)
		}
	}
}

func (d document) pathOf(op operation) string {
	for path, methods := range d.Paths {
		for _, other := range methods {
			if other.OperationID == op.OperationID {
				return path
			}
		}
	}
	return ""
}

func unmarshal(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func documentOf(t *testing.T) document {
	t.Helper()
	c, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	return c.document
}
