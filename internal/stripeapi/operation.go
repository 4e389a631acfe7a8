package stripeapi

import (
	"errors"
	"net/http"
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

// countedAs is an error's kind as it is counted, where KeyWrong wakes somebody: refused is also what invalid_client says of a
// disconnection (done already, or another's client id), and a 403 of what connectd can do without (a permission that a restricted key
// may lack). The key itself is refused in accounts too.
func countedAs(r request, err error) Kind {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Kind != KeyWrong:
		return KindOf(err)
	case r.path == "/oauth/deauthorize" && e.Code == "invalid_client",
		e.HTTPStatus == http.StatusForbidden && !readsAccounts(r.path):
		return Refused
	}
	return KeyWrong
}

func readsAccounts(path string) bool {
	return path == "/v1/account" || path == "/v1/accounts" || strings.HasPrefix(path, "/v1/accounts/")
}
