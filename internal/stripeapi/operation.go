package stripeapi

import (
	"slices"
	"strings"
)

// operations are the paths that are asked for, as Stripe's reference has them.
var operations = []string{
	"/oauth/deauthorize", "/oauth/token", "/v1/account", "/v1/account_links", "/v1/accounts", "/v1/accounts/{id}", "/v1/checkout/sessions",
	"/v1/events", "/v1/products", "/v1/webhook_endpoints", "/v1/webhook_endpoints/{id}",
}

// operation is what r asks for without of what: the method, and the path without an id. There are only so many.
func (r request) operation() string {
	path := r.path
	for _, of := range []string{"/v1/accounts/", "/v1/webhook_endpoints/"} {
		if strings.HasPrefix(path, of) {
			path = of + "{id}"
		}
	}
	if !slices.Contains(operations, path) {
		return "other"
	}
	return r.method + " " + path
}
