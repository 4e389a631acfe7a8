package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/lestrrat-go/jsval"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/spec"

	"github.com/connectd/connectd/internal/sandbox"
)

// specification is Stripe's own, of API 2023-10-16: it says what every answer must look like.
type specification struct {
	operations map[spec.Path]map[spec.HTTPVerb]*spec.Operation
	components *spec.ComponentsForValidation
	validators map[string]*jsval.JSVal
}

func readSpecification(t *testing.T) *specification {
	t.Helper()
	var s spec.Spec
	if err := json.Unmarshal(embedded.OpenAPISpec, &s); err != nil {
		t.Fatalf("read Stripe's specification: %v", err)
	}
	return &specification{s.Paths, spec.GetComponentsForValidation(&s.Components), map[string]*jsval.JSVal{}}
}

// check validates the answer against what the specification says of the operation.
func (s *specification) check(t *testing.T, path, method string, a answer) {
	t.Helper()
	operation := s.operations[spec.Path(path)][spec.HTTPVerb(method)]
	if operation == nil || a.status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	validator := s.validators[method+path]
	if validator == nil {
		var err error
		schema := operation.Responses["200"].Content["application/json"].Schema
		if validator, err = spec.GetValidatorForOpenAPI3Schema(schema, s.components); err != nil {
			t.Fatalf("%s %s: make validator: %v", method, path, err)
		}
		s.validators[method+path] = validator
	}
	var object map[string]any
	a.into(t, &object)
	if err := validator.Validate(object); err != nil {
		t.Errorf("%s %s: %v\n%s", method, path, err, a.body)
	}
}

func TestAnswersAreAsStripesSpecificationSays(t *testing.T) {
	t.Parallel()
	stripes := readSpecification(t)
	s := start(t)
	for _, persona := range sandbox.Personas() {
		id := s.account(persona)
		s.control("/sandbox/accounts/"+id, `{"metadata":{"k":"v"}}`)
		stripes.check(t, "/v1/accounts/{account}", "get", s.api(http.MethodGet, "/v1/accounts/"+id, ""))
		stripes.check(t, "/v1/accounts/{account}", "post", s.api(http.MethodPost, "/v1/accounts/"+id, "metadata[a]=b"))
		stripes.check(t, "/v1/accounts/{account}/reject", "post", s.api(http.MethodPost, "/v1/accounts/"+id+"/reject", "reason=other"))
		stripes.check(t, "/v1/accounts/{account}", "delete", s.api(http.MethodDelete, "/v1/accounts/"+id, ""))
	}
	s.account("complete")
	s.control("/sandbox/events", `{"type":"balance.available","id":"evt_1","data":{"object":"balance"}}`)
	made := s.api(http.MethodPost, "/v1/webhook_endpoints", "url=https://a.example&enabled_events[]=*&connect=true")
	var endpoint struct{ ID string }
	made.into(t, &endpoint)
	stripes.check(t, "/v1/webhook_endpoints", "post", made)
	for path, url := range map[string]string{
		"/v1/account": "/v1/account", "/v1/accounts": "/v1/accounts", "/v1/balance": "/v1/balance",
		"/v1/events": "/v1/events", "/v1/events/{id}": "/v1/events/evt_1",
		"/v1/webhook_endpoints":                    "/v1/webhook_endpoints",
		"/v1/webhook_endpoints/{webhook_endpoint}": "/v1/webhook_endpoints/" + endpoint.ID,
	} {
		stripes.check(t, path, "get", s.api(http.MethodGet, url, ""))
	}
	stripes.check(t, "/v1/accounts", "post", s.api(http.MethodPost, "/v1/accounts",
		"type=custom&capabilities[transfers][requested]=true&external_account=btok_us&company[name]=A&tos_acceptance[date]=1"))
	stripes.check(t, "/v1/webhook_endpoints/{webhook_endpoint}", "delete",
		s.api(http.MethodDelete, "/v1/webhook_endpoints/"+endpoint.ID, ""))
}
