package web

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/policyfile"
)

// policyForm is a policy that is being written.
type policyForm struct {
	Countries, Currencies, RequiredCapabilities string
	RequirePayouts, DenyWhenStale               bool
	Faults                                      map[string][]string // by field
}

func formOf(p account.Policy) policyForm {
	return policyForm{
		Countries: strings.Join(p.Countries, ", "), Currencies: strings.Join(p.Currencies, ", "),
		RequiredCapabilities: strings.Join(p.RequiredCapabilities, ", "), RequirePayouts: p.RequirePayouts, DenyWhenStale: p.DenyWhenStale,
	}
}

func readPolicyForm(sent url.Values) policyForm {
	return policyForm{
		Countries: sent.Get("countries"), Currencies: sent.Get("currencies"), RequiredCapabilities: sent.Get("required_capabilities"),
		RequirePayouts: sent.Get("require_payouts") == "true", DenyWhenStale: sent.Get("deny_when_stale") == "true",
	}
}

func (f *policyForm) fault(wrong []error) {
	f.Faults = map[string][]string{}
	for _, err := range wrong {
		if e, ok := errors.AsType[*account.Error](err); ok {
			f.Faults[e.Field] = append(f.Faults[e.Field], e.Message)
		}
	}
}

// listField is a field that holds codes.
type listField struct {
	Name, Words, Value, Example string
	Faults                      []string
}

// Lists are the form's fields that hold codes.
func (f policyForm) Lists() []listField {
	return []listField{
		{"countries", "Countries: two letters each, by commas or spaces. Empty: all", f.Countries, "IE, US", f.Faults["countries"]},
		{"currencies", "Currencies: three letters each. Empty: all", f.Currencies, "eur, usd", f.Faults["currencies"]},
		{
			"required_capabilities", "Capabilities that have to be active where an account lists them, by Stripe’s names",
			f.RequiredCapabilities, "card_payments", f.Faults["required_capabilities"],
		},
	}
}

// fields are what a form sends that holds the same.
func (f policyForm) fields() []hiddenField {
	fields := []hiddenField{
		{"countries", f.Countries}, {"currencies", f.Currencies}, {"required_capabilities", f.RequiredCapabilities},
	}
	if f.RequirePayouts {
		fields = append(fields, hiddenField{"require_payouts", "true"})
	}
	if f.DenyWhenStale {
		fields = append(fields, hiddenField{"deny_when_stale", "true"})
	}
	return slices.DeleteFunc(fields, func(field hiddenField) bool { return field.Value == "" })
}

// upper, lower and asItIs are how codes are written.
var upper, lower = strings.ToUpper, strings.ToLower

func asItIs(code string) string { return code }

// codesIn are the codes of a text, by commas or spaces, each once, in their order.
func codesIn(text string, write func(string) string) []string {
	codes := []string{}
	for _, code := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		if code = write(code); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// policy is what the form says, and all that is wrong with it.
func (f policyForm) policy() (account.Policy, []error) {
	p := account.Policy{
		Countries: codesIn(f.Countries, upper), Currencies: codesIn(f.Currencies, lower), RequirePayouts: f.RequirePayouts,
		RequiredCapabilities: codesIn(f.RequiredCapabilities, asItIs), DenyWhenStale: f.DenyWhenStale,
	}
	return p, policyfile.Check(p)
}
