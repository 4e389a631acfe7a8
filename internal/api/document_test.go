package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type document struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Paths   map[string]map[string]operation
}

type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Security                          []map[string][]string
	Responses                         map[string]struct {
		Content map[string]json.RawMessage
		Headers map[string]json.RawMessage
	}
}

func (s server) document() document {
	s.t.Helper()
	got := s.callAs("", http.MethodGet, "/openapi.json", "")
	var d document
	if err := json.Unmarshal(got.body, &d); err != nil || got.status != http.StatusOK {
		s.t.Fatalf("%d: %v", got.status, err)
	}
	return d
}

func TestTheDocumentListsTheRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	d := s.document()
	if d.OpenAPI != "3.1.0" || d.Info.Version != "1.2.3" {
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
		"delete /v1/sellers/{seller_id}",
		"get /healthz",
		"get /readyz",
		"get /v1/accounts",
		"get /v1/accounts/{id}",
		"get /v1/accounts/{id}/changes",
		"get /v1/changes", "get /v1/changes/stream",
		"get /v1/events",
		"get /v1/events/{id}",
		"get /v1/readiness",
		"get /v1/scans", "get /v1/scans/{id}", "get /v1/sellers/{seller_id}/readiness",
		"post /api/verifyStripe",
		"post /v1/accounts/{id}/reassign",
		"post /v1/accounts/{id}/recheck",
		"post /v1/accounts/{id}/unlink",
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
	s := newServer(t)
	for path, methods := range s.document().Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || op.Summary == "" || op.Description == "" || len(op.Tags) != 1 {
				t.Errorf("%s is not described: %+v", name, op)
			}
			for status, response := range op.Responses {
				if _, ok := response.Headers["Connectd-Position"]; ok != strings.HasPrefix(path, "/v1/") {
					t.Errorf("%s %s: Connectd-Position is described: %v", name, status, ok)
				}
				if _, ok := response.Content["application/problem+json"]; ok != (status >= "400") {
					t.Errorf("%s %s: %v", name, status, response.Content)
				}
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
