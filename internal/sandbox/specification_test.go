package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
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

// TestAnswersOfSellingAreAsStripesSpecificationSays does it on the platform and on an account.
func TestAnswersOfSellingAreAsStripesSpecificationSays(t *testing.T) {
	t.Parallel()
	stripes := readSpecification(t)
	s := start(t)
	for _, account := range []string{"", s.account("complete")} {
		ask := func(method, path, url, form string) string {
			req := s.request(method, url, form)
			req.Header.Set("Authorization", "Bearer "+s.Platform().Key)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if account != "" {
				req.Header.Set("Stripe-Account", account)
			}
			a := s.do(req)
			stripes.check(t, path, strings.ToLower(method), a)
			var made struct{ ID string }
			a.into(t, &made)
			return made.ID
		}
		post := func(path, url, form string) string { return ask(http.MethodPost, path, url, form) }
		get := func(path, url string) { ask(http.MethodGet, path, url, "") }

		product := post("/v1/products", "/v1/products", "name=Tea&images[]=https://a.example/a.png&features[0][name]=Hot&metadata[a]=b"+
			"&package_dimensions[height]=1&package_dimensions[length]=2&package_dimensions[weight]=3&package_dimensions[width]=4"+
			"&default_price_data[currency]=usd&default_price_data[unit_amount]=100")
		post("/v1/products/{id}", "/v1/products/"+product, "description=Green&shippable=true")
		get("/v1/products", "/v1/products?active=true")
		get("/v1/products/{id}", "/v1/products/"+product+"?expand[]=default_price")
		price := post("/v1/prices", "/v1/prices", "currency=usd&product="+product+"&unit_amount_decimal=12.5&lookup_key=k"+account)
		monthly := post("/v1/prices", "/v1/prices", "currency=usd&product_data[name]=Box&unit_amount=900&recurring[interval]=month")
		post("/v1/prices", "/v1/prices", "currency=usd&product="+product+"&custom_unit_amount[enabled]=true&custom_unit_amount[preset]=500")
		post("/v1/prices/{price}", "/v1/prices/"+monthly, "nickname=Monthly")
		get("/v1/prices", "/v1/prices?expand[]=data.product")
		get("/v1/prices/{price}", "/v1/prices/"+price)

		const paid = "mode=payment&success_url=https://a.example&cancel_url=https://a.example&client_reference_id=7&metadata[a]=b"
		session := post("/v1/checkout/sessions", "/v1/checkout/sessions",
			paid+"&line_items[0][price]="+price+"&line_items[0][quantity]=2&expand[]=line_items")
		get("/v1/checkout/sessions", "/v1/checkout/sessions")
		get("/v1/checkout/sessions/{session}/line_items", "/v1/checkout/sessions/"+session+"/line_items")
		method := post("/v1/payment_methods", "/v1/payment_methods", "type=card&card[token]=tok_mastercard&billing_details[email]=a@b.example")
		get("/v1/payment_methods/{payment_method}", "/v1/payment_methods/"+method)
		s.control("/sandbox/checkout", `{"account":"`+account+`","session":"`+session+`"}`)
		get("/v1/checkout/sessions/{session}", "/v1/checkout/sessions/"+session+"?expand[]=payment_intent")
		get("/v1/payment_intents", "/v1/payment_intents")
		other := post("/v1/checkout/sessions", "/v1/checkout/sessions",
			paid+"&line_items[0][quantity]=1&line_items[0][price_data][currency]=jpy&line_items[0][price_data][unit_amount]=100"+
				"&line_items[0][price_data][product_data][name]=Cup")
		post("/v1/checkout/sessions/{session}/expire", "/v1/checkout/sessions/"+other+"/expire", "")
		get("/v1/events", "/v1/events?limit=100")
		ask(http.MethodDelete, "/v1/products/{id}", "/v1/products/"+post("/v1/products", "/v1/products", "name=Gone"), "")
	}
	var seller struct{ ID string }
	s.api(http.MethodPost, "/v1/accounts", "type=express").into(t, &seller)
	stripes.check(t, "/v1/accounts/{account}/login_links", "post", s.api(http.MethodPost, "/v1/accounts/"+seller.ID+"/login_links", ""))
	stripes.check(t, "/v1/account_links", "post", s.api(http.MethodPost, "/v1/account_links", "account="+seller.ID+
		"&type=account_onboarding&refresh_url=https://a.example&return_url=https://a.example"))
}
