package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// permissions are what Stripe calls those for each resource, to read it and to write it: rak_product_read, say. They are
// known from its refusals; prices are plans there, and an account is read by a permission for its details.
var permissions = map[string]struct{ read, write string }{
	"account_links":     {"account_link_read", "account_link_write"},
	"accounts":          {"accounts_kyc_basic_read", "connected_account_write"},
	"balance":           {"balance_read", "balance_write"},
	"checkout":          {"checkout_session_read", "checkout_session_write"},
	"events":            {"event_read", "event_write"},
	"payment_intents":   {"payment_intent_read", "payment_intent_write"},
	"payment_methods":   {"payment_method_read", "payment_method_write"},
	"payment_pages":     {"checkout_session_read", "checkout_session_write"},
	"prices":            {"plan_read", "plan_write"},
	"products":          {"product_read", "product_write"},
	"webhook_endpoints": {"webhook_read", "webhook_write"},
}

// resourceOf is the first part of the path behind /v1, in the plural.
func resourceOf(path string) string {
	resource, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	if resource == "account" {
		return "accounts"
	}
	return resource
}

// permit refuses a restricted key that lacks the permission for the resource. Stripe gives such a refusal no code
// (github.com/stripe/stripe-node/issues/2246).
func (tx *transaction) permit(req *apiRequest) error {
	restricted := tx.keys[req.key]
	resource := resourceOf(req.path)
	if restricted == nil || !slices.Contains(restricted.Without, resource) {
		return nil
	}
	lacks := permissions[resource].write
	if req.method == http.MethodGet {
		lacks = permissions[resource].read
	}
	return &apiError{
		status: http.StatusForbidden, kind: invalidRequest,
		message: fmt.Sprintf("The provided key '%s' does not have the required permissions for this endpoint on account "+
			"'%s'. Having the 'rak_%s' permission would allow this request to continue.",
			masked(req.key), req.acting.ID, lacks),
	}
}

func refuseUnknownResources(names []string) error {
	for _, name := range names {
		if _, known := permissions[name]; !known {
			return refuse(http.StatusBadRequest, "A key can't lack %q: there is %s.", name,
				strings.Join(slices.Sorted(maps.Keys(permissions)), ", "))
		}
	}
	return nil
}
