package web

import (
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// todoView is what one party has to do about an account.
type todoView struct {
	Who    string
	Items  []todoItem
	Advice string // how; ""
}

// todoItem is one thing to do, with its code: Stripe's name of a requirement, else connectd's of the reason.
type todoItem struct {
	Words, Code string
	HelpURL     string // where the code is explained, "" for Stripe's own
	Late        bool   // past due, since the deadline where there is one
	Deadline    *time.Time
	Error       string // Stripe's own, where what was given did not do; ""
}

// newTodos group an account's reasons by who must act, in the order of the worst.
func newTodos(reasons []client.Reason) []todoView {
	var todos []todoView
	for _, r := range withoutConsequences(reasons) {
		who := whoActs(account.Who(r.Who))
		i := slices.IndexFunc(todos, func(t todoView) bool { return t.Who == who })
		if i < 0 {
			i = len(todos)
			todos = append(todos, todoView{Who: who, Advice: advice(r)})
		}
		todos[i].Items = append(todos[i].Items, newTodoItem(r))
	}
	return todos
}

// withoutConsequences leaves out what is off for whoever has something to do that keeps it off: it comes on again by itself.
func withoutConsequences(reasons []client.Reason) []client.Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r client.Reason) bool {
		return isConsequence(r) && slices.ContainsFunc(reasons, func(cause client.Reason) bool {
			return cause.Who == r.Who && !isConsequence(cause)
		})
	})
}

// isConsequence reports whether the reason says what is off, and not what to do about it.
func isConsequence(r client.Reason) bool {
	return slices.Contains([]account.Code{
		account.CodeChargesDisabled, account.CodePayoutsDisabled, account.CodeCapabilityInactive,
	}, account.Code(r.Code))
}

func newTodoItem(r client.Reason) todoItem {
	if r.Requirement == "" {
		return todoItem{Words: r.Message, Code: r.Code, HelpURL: helpURL("reason", r.Code)}
	}
	return todoItem{
		Words: requirementWords(r.Requirement), Code: r.Requirement,
		Late: r.Code == string(account.CodeRequirementPastDue), Deadline: r.Deadline, Error: r.Error,
	}
}

func whoActs(who account.Who) string {
	switch who {
	case account.Seller:
		return "The seller must act"
	case account.Platform:
		return "The platform must act"
	case account.Stripe:
		return "Stripe must act"
	}
	return string(who)
}

// advice says how what a reason asks for is done.
func advice(r client.Reason) string {
	switch account.Code(r.Code) {
	case account.CodeNotChecked, account.CodeStale:
		return "Press Re-check now. connectd goes on trying by itself, too."
	case account.CodeDisconnected:
		return "Send the seller a new onboarding link: there this account, or another, can be connected."
	case account.CodeCountryUnsupported, account.CodeCurrencyUnsupported:
		return "Send the seller a new onboarding link, to unlink this account and connect another. Or change the policy."
	case account.CodeRejected:
		return rejectedAdvice(account.Who(r.Who))
	}
	if isConsequence(r) {
		return consequenceAdvice(account.Who(r.Who))
	}
	switch account.Who(r.Who) {
	case account.Seller:
		return "The seller does this in the Stripe Dashboard, signed in to this account. connectd hears of it at once."
	case account.Platform:
		return "It is done in the platform’s own Stripe Dashboard, on this account’s page."
	case account.Stripe:
		return "Nothing to do but wait; reviews typically take one or two days. connectd hears of the outcome at once."
	}
	return ""
}

// rejectedAdvice: nothing that is given to Stripe undoes a rejection.
func rejectedAdvice(who account.Who) string {
	another := "Or send the seller a new onboarding link, to unlink this account and connect another."
	if who == account.Platform {
		return "The platform itself rejected the account: see its page in the platform’s Stripe Dashboard, or ask Stripe’s support, " +
			"where this was a mistake. " + another
	}
	return "No form at Stripe undoes this. The seller can ask Stripe’s support to look at it again. " + another
}

// consequenceAdvice is for what is off while nothing is named that keeps it off.
func consequenceAdvice(who account.Who) string {
	switch who {
	case account.Seller:
		return "Stripe does not say what is missing. The seller can see it in the Stripe Dashboard, signed in to this account; " +
			"where nothing is asked for there, ask Stripe’s support."
	case account.Platform:
		return "The platform has paused the account: resume it in the platform’s own Stripe Dashboard, on this account’s page."
	}
	return "Stripe does not say what it waits for. Where this lasts, look at the account in Stripe’s Dashboard, or ask Stripe’s support."
}
