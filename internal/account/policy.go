package account

import (
	"slices"
	"strings"
)

// Policy is the platform's own rules. An empty list of countries or currencies means all.
type Policy struct {
	// Countries are ISO 3166-1 alpha-2 codes, upper case.
	Countries []string `json:"countries"`
	// Currencies are ISO 4217 codes, lower case as Stripe writes them.
	Currencies []string `json:"currencies"`
	// RequirePayouts makes payouts a condition of transacting.
	RequirePayouts bool `json:"require_payouts"`
	// RequiredCapabilities block where an account names one as other than active; one that it does not list blocks nothing.
	RequiredCapabilities []string `json:"required_capabilities"`
	// DenyWhenStale refuses a seller whose account was not checked for too long. It is applied when a verdict is read, by each
	// process within a minute of its change.
	DenyWhenStale bool `json:"deny_when_stale"`
}

// DefaultPolicy is the policy of an empty database: every country and currency, payouts and card payments required.
func DefaultPolicy() Policy {
	return Policy{
		Countries:            []string{},
		Currencies:           []string{},
		RequirePayouts:       true,
		RequiredCapabilities: []string{"card_payments"},
	}
}

// supportsCountry is true for a missing country: what Stripe has not said is no ground to turn a seller away.
func (p Policy) supportsCountry(country string) bool {
	return country == "" || len(p.Countries) == 0 || containsFold(p.Countries, country)
}

func (p Policy) supportsCurrency(currency string) bool {
	return currency == "" || len(p.Currencies) == 0 || containsFold(p.Currencies, currency)
}

// containsFold ignores case: people write US and us, USD and usd.
func containsFold(codes []string, code string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { return strings.EqualFold(c, code) })
}

// inactiveCapabilities are those that the policy requires and the account names as other than active, by the name that
// the account uses.
func (p Policy) inactiveCapabilities(capabilities map[string]string) []string {
	var inactive []string
	for _, required := range p.RequiredCapabilities {
		if name, blocks := blocking(required, capabilities); blocks {
			inactive = append(inactive, name)
		}
	}
	return inactive
}

// Blocking are the reasons of a verdict by this policy that keep the seller from transacting; the others say what threatens that,
// or what else is off.
func (p Policy) Blocking(reasons []Reason) []Reason {
	var blocking []Reason
	for _, r := range reasons {
		switch r.Code {
		case CodePayoutsDisabled:
			if p.RequirePayouts {
				blocking = append(blocking, r)
			}
		case CodeRequirementPastDue, CodeRequirementDue, CodeInReview: // charges are off besides, where Stripe makes a no of it
		default:
			blocking = append(blocking, r)
		}
	}
	return blocking
}

// Lists reports whether an account's capabilities name this one, under any of its names.
func Lists(capabilities map[string]string, capability string) bool {
	return slices.ContainsFunc(aliases(capability), func(name string) bool {
		_, listed := capabilities[name]
		return listed
	})
}

// blocking finds the first name that the account lists for a capability, unless one of its names is active.
func blocking(required string, capabilities map[string]string) (name string, blocks bool) {
	for _, alias := range aliases(required) {
		switch status, listed := capabilities[alias]; {
		case !listed:
		case status == "active":
			return "", false
		case !blocks:
			name, blocks = alias, true
		}
	}
	return name, blocks
}

// aliases are the names under which an account may list a capability: accounts from before card_payments have
// legacy_payments (docs.stripe.com/connect/account-capabilities).
func aliases(capability string) []string {
	if capability == "card_payments" {
		return []string{capability, "legacy_payments"}
	}
	return []string{capability}
}
