package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

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

// contractVersion is the API's, whatever connectd's own is: the same document describes each release that speaks it.
const contractVersion = "1"

func newDocument() huma.Config {
	config := huma.DefaultConfig("connectd", contractVersion)
	config.Info.Description = "Whether a platform's sellers can transact with their connected Stripe accounts and, if not, why, " +
		"who must act, and how. Errors are problems (RFC 9457) with a stable type and code; new fields, codes and reasons may be " +
		"added, and clients are to pass over those that they don't know. Times are RFC 3339, in UTC; ids are the platform's and Stripe's own. " +
		"A request is judged in the order 401, 403, 429, 413, 400 or 422, 404 or 409."
	config.Tags = []*huma.Tag{
		{Name: "Readiness", Description: "May this seller transact now?"},
		{Name: "Feed", Description: "What changed, and when"},
		{Name: "Accounts", Description: "The connected accounts as they are known"},
		{Name: "Events", Description: "What Stripe has told, and what became of it"},
		{Name: "Event endpoints", Description: "Where connectd sends its own events, and what was sent there"},
		{Name: "Selling", Description: "Acting on sellers' accounts"},
		{Name: "Onboarding", Description: "How sellers connect"},
		{Name: "Scans", Description: "The health scan: each account is looked at again, whatever webhooks said"},
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
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable)
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
