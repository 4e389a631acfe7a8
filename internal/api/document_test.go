package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDocumentListsTheRoutes(t *testing.T) {
	t.Parallel()
	d := documentOf(t)
	if d.OpenAPI != "3.1.0" || d.Info.Version != "1" {
		t.Errorf("OpenAPI %s, version %s", d.OpenAPI, d.Info.Version)
	}
	var found []string
	for path, methods := range d.Paths {
		for method := range methods {
			found = append(found, method+" "+path)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{
		"delete /v1/event-endpoints/{id}",
		"delete /v1/sellers/{seller_id}",
		"get /healthz",
		"get /readyz",
		"get /v1/accounts",
		"get /v1/accounts/{id}",
		"get /v1/accounts/{id}/changes",
		"get /v1/changes", "get /v1/changes/stream",
		"get /v1/event-endpoints", "get /v1/event-endpoints/{id}", "get /v1/event-endpoints/{id}/deliveries",
		"get /v1/events",
		"get /v1/events/{id}",
		"get /v1/readiness",
		"get /v1/scans", "get /v1/scans/{id}", "get /v1/sellers/{seller_id}/readiness",
		"post /api/verifyStripe",
		"post /v1/accounts/{id}/reassign",
		"post /v1/accounts/{id}/recheck",
		"post /v1/accounts/{id}/unlink",
		"post /v1/deliveries/{id}/redeliver",
		"post /v1/event-endpoints",
		"post /v1/event-endpoints/{id}/enable", "post /v1/event-endpoints/{id}/rotate", "post /v1/event-endpoints/{id}/test",
		"post /v1/events/{id}/replay",
		"post /v1/oauth-states",
		"post /v1/onboarding-links",
		"post /v1/readiness", "post /v1/scans", "post /v1/scans/{id}/resume",
		"post /v1/sellers/{seller_id}/checkout-sessions", "post /v1/sellers/{seller_id}/products",
	}, found); diff != "" {
		t.Error(diff)
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	d := documentOf(t)
	for path, methods := range d.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || op.Summary == "" || op.Description == "" || len(op.Tags) != 1 {
				t.Errorf("%s is not described: %+v", name, op)
			}
			for status := range op.Responses {
				response := d.response(op, status)
				if _, ok := response.Headers["Connectd-Position"]; ok != (strings.HasPrefix(path, "/v1/") || status >= "400") {
					t.Errorf("%s %s: Connectd-Position is described: %v", name, status, ok)
				}
				if _, ok := response.Content["application/problem+json"]; ok != (status >= "400") {
					t.Errorf("%s %s: %v", name, status, response.Content)
				}
				for kind, content := range response.Content {
					if content.Example == nil && content.Examples == nil {
						t.Errorf("%s %s: there is no example of %s", name, status, kind)
					}
				}
			}
			if op.RequestBody != nil && op.RequestBody.Content["application/json"].Example == nil {
				t.Errorf("%s: there is no example of a request", name)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s: %s is not described", name, p.Name)
				}
			}
		}
	}
	for name, schema := range d.Components.Schemas {
		for field, property := range schema.Properties {
			if property.Description == "" {
				t.Errorf("%s.%s is not described", name, field)
			}
		}
	}
}

func TestTheDocumentSaysWhatMayBeNull(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.callAs("", http.MethodGet, "/openapi.json", "")
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type  any
					AnyOf []struct{ Type string }
					Enum  []*string
				}
			}
		}
	}
	if err := json.Unmarshal(got.body, &d); err != nil {
		t.Fatal(err)
	}
	account, readiness := d.Components.Schemas["Account"].Properties, d.Components.Schemas["Readiness"].Properties
	for name, property := range map[string]any{
		"a string": account["country"].Type, "a boolean": account["charges_enabled"].Type, "a time": readiness["as_of"].Type,
	} {
		if kinds, _ := property.([]any); !slices.Contains(kinds, any("null")) {
			t.Errorf("%s can't be null: %v", name, property)
		}
	}
	if either := account["requirements"].AnyOf; len(either) != 2 || either[1].Type != "null" {
		t.Errorf("requirements %+v", either)
	}
	if !slices.Contains(account["disconnect_reason"].Enum, nil) {
		t.Errorf("disconnect_reason %v", account["disconnect_reason"].Enum)
	}
	if readiness["reasons"].Type != "array" {
		t.Errorf("reasons may be null: %v", readiness["reasons"].Type)
	}
}
