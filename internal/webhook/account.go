package webhook

import (
	"fmt"
	"slices"

	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// versions are the API versions whose accounts are read in full (docs.stripe.com/upgrades#api-versions), each with the parts
// that they may lack: future_requirements came in 2021. An event has the version of its endpoint, or of the platform; one of
// any other is applied with what it has, and Stripe is asked for the rest.
var versions = map[string][]string{
	"2020-08-27": {"future_requirements"},
	"2022-08-01": nil,
	"2022-11-15": nil,
	"2023-08-16": nil,
	"2023-10-16": nil,
}

// keptOfAccount is what verdicts are made of, and nothing else. Persons, addresses, bank accounts and e-mail addresses are
// none of connectd's business.
var keptOfAccount = slices.Concat(
	[]string{
		"id", "object", "type", "country", "default_currency", "charges_enabled", "payouts_enabled", "details_submitted",
		"capabilities.*", "settings.dashboard.display_name", "display_name", "business_profile.name",
	},
	within("requirements", keptOfRequirements), within("future_requirements", keptOfRequirements),
	within("verification", []string{"fields_needed[]", "disabled_reason", "due_by"}),
)

var keptOfRequirements = []string{
	"currently_due[]", "past_due[]", "eventually_due[]", "pending_verification[]", "disabled_reason", "current_deadline",
	"errors[].requirement", "errors[].code", "errors[].reason",
}

func within(part string, paths []string) []string {
	inner := make([]string, len(paths))
	for i, path := range paths {
		inner[i] = part + "." + path
	}
	return inner
}

func accountUpdated(e event) registry.Observation {
	if e.Data.Object == nil {
		return registry.Unreadable(e.kept(), "the event has no account object")
	}
	a, err := stripeapi.DecodeEventAccount(e.Data.Object)
	switch {
	case err != nil:
		return registry.Unreadable(e.kept(), fmt.Sprintf("the account could not be read: %v", err))
	case a.ID != "" && a.ID != e.Account.id():
		return registry.Unreadable(e.kept(), fmt.Sprintf("the event is of account %s and its object of %s", e.Account, a.ID))
	}
	report := registry.Reported(e.kept(), a.Facts)
	if !isWhole(string(e.Version), a.Missing) {
		return report.Partial()
	}
	return report
}

func isWhole(version string, missing []string) bool {
	mayLack, isTested := versions[version]
	return isTested && !slices.ContainsFunc(missing, func(part string) bool { return !slices.Contains(mayLack, part) })
}
