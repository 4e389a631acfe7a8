package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"
)

// renderContract finishes the document that huma began, and renders it. It is done once: huma's own route does so when first
// asked, which two requests at once may be.
func renderContract(document *huma.OpenAPI) []byte {
	schemas := document.Components.Schemas
	for name, schema := range schemas.Map() {
		describeNulls(schema, schemas.TypeFromRef("#/components/schemas/"+name))
	}
	openAnswers(document)
	describeHeaders(document)
	describeProblems(document)
	addExamples(document)
	rendered, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Errorf("render the OpenAPI document: %w", err)) // it is the same at every start
	}
	var readable bytes.Buffer
	_ = json.Indent(&readable, rendered, "", "  ") // what was just marshaled is JSON
	readable.WriteByte('\n')
	return readable.Bytes()
}

func serveContract(router *mux.Router, contract []byte) {
	router.HandleFunc("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(contract) // an error here is the connection's
	}).Methods(http.MethodGet, http.MethodHead)
}

// operations calls f with each operation of the document.
func operations(document *huma.OpenAPI, f func(path string, op *huma.Operation)) {
	for path, item := range document.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op != nil {
				f(path, op)
			}
		}
	}
}

// describeNulls says of which fields null is a value, where huma does not: references to other schemas, and enums.
func describeNulls(schema *huma.Schema, t reflect.Type) {
	for _, field := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := schema.Properties[name]
		if field.Type.Kind() != reflect.Pointer || property == nil || strings.Contains(options, "omitempty") {
			continue
		}
		if property.Ref != "" {
			schema.Properties[name] = &huma.Schema{
				Description: property.Description, AnyOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}},
			}
		} else if len(property.Enum) > 0 {
			property.Enum = append(property.Enum, nil)
		}
	}
}

// openAnswers lets answers have more fields than are described: clients made from the document then take an answer of a
// later release. What is sent to connectd stays closed.
func openAnswers(document *huma.OpenAPI) {
	schemas := document.Components.Schemas
	sent := map[*huma.Schema]bool{}
	var mark func(*huma.Schema)
	mark = func(schema *huma.Schema) {
		if schema == nil || sent[schema] {
			return
		}
		sent[schema] = true
		mark(schemas.SchemaFromRef(schema.Ref))
		mark(schema.Items)
		for _, part := range schema.AnyOf {
			mark(part)
		}
		for _, property := range schema.Properties {
			mark(property)
		}
	}
	operations(document, func(_ string, op *huma.Operation) {
		if op.RequestBody != nil {
			mark(op.RequestBody.Content["application/json"].Schema)
		}
	})
	for _, schema := range schemas.Map() {
		if !sent[schema] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil
		}
	}
}

var headers = map[string]*huma.Header{
	positionHeader: {
		Description: "How much of the feed the answer has seen, as a position; under /v1 alone",
		Schema:      &huma.Schema{Type: huma.TypeInteger, Format: "int64"},
	},
	policyHeader: {
		Description: "What a key may ask of this process: q requests in w seconds (draft-ietf-httpapi-ratelimit-headers-10); where CONNECTD_API_RATE is set",
		Schema:      &huma.Schema{Type: huma.TypeString, Examples: []any{`"key";q=100;w=1`}},
	},
	limitHeader: {
		Description: "What is left of it: r requests, and seconds (t) until there is more; where CONNECTD_API_RATE is set",
		Schema:      &huma.Schema{Type: huma.TypeString, Examples: []any{`"key";r=99;t=1`}},
	},
	"Retry-After": {
		Description: "Seconds to wait before asking again; of 503, unavailable has it",
		Schema:      &huma.Schema{Type: huma.TypeInteger, Examples: []any{1}},
	},
	"WWW-Authenticate": {
		Description: "Bearer, and the scope that the key lacks",
		Schema:      &huma.Schema{Type: huma.TypeString, Examples: []any{`Bearer error="insufficient_scope", scope="accounts:read"`}},
	},
}

// describeHeaders says what answers that are no problems have in their headers.
func describeHeaders(document *huma.OpenAPI) {
	document.Components.Headers = headers
	operations(document, func(path string, op *huma.Operation) {
		for _, response := range op.Responses {
			if response.Headers == nil {
				response.Headers = map[string]*huma.Param{}
			}
			delete(response.Headers, "Content-Type") // OpenAPI leaves that to the content
			if underV1(path) {
				response.Headers[positionHeader] = headerRef(positionHeader)
			}
			if _, keyed := scopeOf(op); keyed {
				response.Headers[policyHeader], response.Headers[limitHeader] = headerRef(policyHeader), headerRef(limitHeader)
			}
		}
	})
}

func headerRef(name string) *huma.Param { return &huma.Param{Ref: "#/components/headers/" + name} }
