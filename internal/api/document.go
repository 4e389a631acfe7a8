package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
)

// keyScheme is the security scheme's name in the document.
const keyScheme = "apiKey"

// huma keeps these for the whole process; nothing else here uses it.
func init() {
	huma.NewError = fromHuma
	huma.DefaultArrayNullable = false // lists are [], never null
	huma.ValidateStrictCasing = true  // a field's name in other case is an unknown field
}

func newDocument(version string) huma.Config {
	config := huma.DefaultConfig("connectd", version)
	config.Info.Description = "Whether a platform's sellers can transact with their connected Stripe accounts and, if not, why, " +
		"who must act, and how. Errors are problems as RFC 9457 has them, with a stable code."
	config.Tags = []*huma.Tag{
		{Name: "Readiness", Description: "May this seller transact now?"},
		{Name: "Feed", Description: "What changed, and when"},
		{Name: "Accounts", Description: "The connected accounts as they are known"},
		{Name: "Events", Description: "What Stripe has told, and what became of it"},
		{Name: "Selling", Description: "Acting on sellers' accounts"},
		{Name: "Onboarding", Description: "How sellers connect"},
		{Name: "Operating", Description: "For whoever runs connectd"},
	}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{keyScheme: {
		Type: "http", Scheme: "bearer", Description: "A key of connectd's own, ck_test_… or ck_live_…, with the scopes that are named",
	}}
	json := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	config.Formats = map[string]huma.Format{"application/json": json, "json": json}
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil // they would put $schema into bodies
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	return config
}

// secured makes an operation one for callers whose key has the scope.
func secured(scope access.Scope, op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{keyScheme: {string(scope)}}}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	if op.Method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge)
		op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // the guard sees to both
	}
	return op
}

// scopeOf is the scope that secured gave the operation; ok is false for one that is open to all.
func scopeOf(op *huma.Operation) (scope access.Scope, ok bool) {
	for _, requirement := range op.Security {
		for _, scopes := range requirement {
			return access.Scope(scopes[0]), true
		}
	}
	return "", false
}

// serveDocument serves the finished document. It is rendered once: huma's own route does so when first asked, which two
// requests at once may be.
func serveDocument(router *mux.Router, document *huma.OpenAPI) {
	describePositions(document)
	for name, schema := range document.Components.Schemas.Map() {
		describeNulls(schema, document.Components.Schemas.TypeFromRef("#/components/schemas/"+name))
	}
	rendered, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Errorf("render the OpenAPI document: %w", err)) // it is the same at every start
	}
	router.HandleFunc("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(rendered) // an error here is the connection's
	}).Methods(http.MethodGet, http.MethodHead)
}

func describePositions(document *huma.OpenAPI) {
	for path, item := range document.Paths {
		if !underV1(path) {
			continue
		}
		for _, op := range operationsOf(item) {
			for _, response := range op.Responses {
				if response.Headers == nil {
					response.Headers = map[string]*huma.Param{}
				}
				response.Headers[positionHeader] = &huma.Param{
					Description: "How much of the feed the answer has seen", Schema: &huma.Schema{Type: huma.TypeInteger},
				}
			}
		}
	}
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	var found []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
		if op != nil {
			found = append(found, op)
		}
	}
	return found
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
