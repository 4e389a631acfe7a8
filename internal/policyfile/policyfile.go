// Package policyfile reads the platform's policy as people write it. It knows which codes and names there are, and does not
// judge.
//
// It may import account. Its one rule: it reads strictly, since a rule that is misspelt or left out would be no rule.
package policyfile

import (
	"fmt"
	"io"
	"regexp"

	"github.com/go-json-experiment/json"

	"github.com/connectd/connectd/internal/account"
)

// document is a whole policy: null and nothing are no rules.
type document struct {
	Countries            *[]string `json:"countries"`
	Currencies           *[]string `json:"currencies"`
	RequirePayouts       *bool     `json:"require_payouts"`
	RequiredCapabilities *[]string `json:"required_capabilities"`
	DenyWhenStale        *bool     `json:"deny_when_stale"`
}

// Read reads one JSON object that holds every rule and nothing else, and returns all that is wrong with it.
func Read(r io.Reader) (account.Policy, []error) {
	var d document
	if err := json.UnmarshalRead(r, &d, json.RejectUnknownMembers(true)); err != nil {
		return account.Policy{}, []error{err}
	}
	if wrong := d.missing(); len(wrong) > 0 {
		return account.Policy{}, wrong
	}
	p := account.Policy{
		Countries: *d.Countries, Currencies: *d.Currencies, RequirePayouts: *d.RequirePayouts,
		RequiredCapabilities: *d.RequiredCapabilities, DenyWhenStale: *d.DenyWhenStale,
	}
	return p, Check(p)
}

func (d document) missing() []error {
	var wrong []error
	for _, rule := range []struct {
		name  string
		there bool
	}{
		{"countries", d.Countries != nil},
		{"currencies", d.Currencies != nil},
		{"require_payouts", d.RequirePayouts != nil},
		{"required_capabilities", d.RequiredCapabilities != nil},
		{"deny_when_stale", d.DenyWhenStale != nil},
	} {
		if !rule.there {
			wrong = append(wrong, fmt.Errorf("%s is missing or null: a policy says every rule", rule.name))
		}
	}
	return wrong
}

// Stripe's names of capabilities (docs.stripe.com/api/accounts/object#account_object-capabilities). Which there are grows.
var capabilityName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// Check says what of a policy names nothing that there is, each as an account.Error that names the rule.
func Check(p account.Policy) []error {
	var wrong []error
	for _, country := range p.Countries {
		if fault := CountryFault(country); fault != "" {
			wrong = append(wrong, account.InvalidField("countries", "countries holds %q, %s", country, fault))
		}
	}
	for _, currency := range p.Currencies {
		if fault := CurrencyFault(currency); fault != "" {
			wrong = append(wrong, account.InvalidField("currencies", "currencies holds %q, %s", currency, fault))
		}
	}
	for _, capability := range p.RequiredCapabilities {
		if !capabilityName.MatchString(capability) {
			wrong = append(wrong, account.InvalidField("required_capabilities",
				"required_capabilities holds %q, which is no capability's name (example: card_payments)", capability))
		}
	}
	return wrong
}
