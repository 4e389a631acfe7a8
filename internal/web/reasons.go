package web

import "github.com/connectd/connectd/internal/account"

// reason is a reason's code in words that hold for any seller.
type reason struct {
	code    account.Code
	cause   string // in the middle of a sentence
	meaning string // what it means, and what is done about it
}

// reasons are those that there are, in the order in which the glossary explains them.
var reasons = []reason{
	{
		account.CodeNotConnected, "the seller is no longer connected", // who was never connected has lost nothing
		"No account was ever connected. The seller connects one by an onboarding link.",
	},
	{
		account.CodeDisconnected, "the seller is no longer connected", // also where the account was given to another seller
		"The account was disconnected. The seller can connect it again, or another, by a new link.",
	},
	{
		account.CodeNotChecked, "the account’s details have not been read from Stripe yet",
		"The account is connected, and its details have not been read from Stripe yet. connectd tries again by itself; Re-check now asks at once.",
	},
	{
		account.CodeRejected, "the account was rejected",
		"The account was rejected, by Stripe or by the platform; Stripe’s own reason is in brackets.",
	},
	{
		account.CodeCountryUnsupported, "the policy does not support the account’s country",
		"The account’s country is not in the policy. The seller connects another account, or the platform changes its policy.",
	},
	{
		account.CodeCurrencyUnsupported, "the policy does not support the account’s currency",
		"The account’s currency is not in the policy. The seller connects another account, or the platform changes its policy.",
	},
	{
		account.CodeDetailsMissing, "the seller has not given Stripe the account’s details yet",
		"The seller has not finished Stripe’s form.",
	},
	{
		account.CodeChargesDisabled, "Stripe has switched charges off",
		"Stripe has switched charges off: the account takes no payments. What keeps them off is listed beside, where Stripe says it.",
	},
	{
		account.CodePayoutsDisabled, "Stripe has switched payouts off",
		"Stripe has switched payouts off: money stays in the seller’s Stripe balance.",
	},
	{
		account.CodeCapabilityInactive, "a capability that the policy requires is not active",
		"A capability that the policy requires is not active. A pending one waits for Stripe, an inactive one for the seller.",
	},
	{
		account.CodeRequirementPastDue, "something that Stripe needs is past due",
		"Stripe needed something by a day that has gone by. That is the commonest cause of charges or payouts being off.",
	},
	{
		account.CodeRequirementDue, "something that Stripe needs is due",
		"Stripe needs something, and may switch charges or payouts off once its deadline has gone by.",
	},
	{
		account.CodeInReview, "Stripe is reviewing the account",
		"Stripe is looking at the account. It says so by itself when it is done, typically after one or two days.",
	},
	{
		account.CodeStale, "the last check of the account is too long ago",
		"connectd has not been able to check the account for longer than is allowed, so that what is shown may be old. Re-check now asks at once.",
	},
	{
		account.CodeNotConfirmed, "Stripe has not confirmed it in time",
		"Your product asked for an answer fresher than Stripe gave in time, so it got a no to be safe.",
	},
}

// causeOf says a code as the cause of something. One that is not known is shown as it is.
func causeOf(code account.Code) string {
	for _, r := range reasons {
		if r.code == code {
			return r.cause
		}
	}
	return string(code)
}

func reasonTerms() topic {
	t := topic{Name: "reason", Title: "Reasons", Lead: "Why a seller can’t transact, or what threatens that. An account’s page lists them under What to do, by who must act."}
	for _, r := range reasons {
		t.Terms = append(t.Terms, term{string(r.code), string(r.code), r.meaning})
	}
	return t
}
