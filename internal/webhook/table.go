package webhook

import (
	"maps"
	"slices"

	"github.com/connectd/connectd/internal/registry"
)

// row is what is done for some types of events.
type row struct {
	types   []string
	does    string   // in words
	keeps   []string // the allow-list of data.object; what is not on it is dropped before anything is stored
	needs   bool     // the object: without it nothing can be done
	observe func(event) registry.Observation

	stateless bool // no retrieval of the account tells what it tells
}

// table is all that is done: every other type is stored as ignored. docs/webhooks.md shows it.
var table = []row{
	{
		types: []string{"account.updated"},
		does:  "What Stripe says of the account applies, in the order of Stripe's clock.",
		keeps: keptOfAccount, needs: true, observe: accountUpdated,
	},
	{
		// Of a deauthorization data.object is the application, so that only the event's account names the account
		// (docs.stripe.com/connect/webhooks).
		types:   []string{"account.application.deauthorized"},
		does:    "The account is disconnected, until it is connected anew.",
		observe: func(e event) registry.Observation { return registry.Deauthorized(e.kept()) },
	},
	{
		types: []string{
			"account.application.authorized", "capability.updated",
			"account.external_account.created", "account.external_account.deleted", "account.external_account.updated",
			"person.created", "person.deleted", "person.updated",
		},
		does:    "The account may have changed: it becomes due, and Stripe is asked at once.",
		observe: func(e event) registry.Observation { return registry.Hinted(e.kept()) },
	},
	{
		types: []string{"payout.failed"},
		does:  "The account becomes due, and `seller.payout.failed` is told, once an event.",
		keeps: keptOfPayout, observe: payoutFailed, stateless: true,
	},
	{
		types: []string{"checkout.session.async_payment_succeeded", "checkout.session.completed"},
		does:  "Where `payment_status` is `paid`, `checkout.paid` is told, once a session; else the event is ignored.",
		keeps: keptOfCheckout, needs: true, observe: checkoutSucceeded, stateless: true,
	},
}

// action is a row as events look it up, by their type.
type action struct {
	keep        keep
	needsObject bool
	observe     func(event) registry.Observation
}

var actions = byType(table)

func byType(rows []row) map[string]action {
	found := map[string]action{}
	for _, r := range rows {
		a := action{keep: keeping(r.keeps...), needsObject: r.needs, observe: r.observe}
		for _, t := range r.types {
			found[t] = a
		}
	}
	return found
}

// Types are the event types for which something is done, in the order of the alphabet: those that an endpoint has to ask for.
func Types() []string { return slices.Sorted(maps.Keys(actions)) }

// Does says in words what is done for the type, and whether anything is.
func Does(eventType string) (words string, done bool) {
	for _, r := range table {
		if slices.Contains(r.types, eventType) {
			return r.does, true
		}
	}
	return "", false
}
