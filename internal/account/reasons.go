package account

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// reasons lists why the seller can't transact and what threatens it, worst first; each "no" has at least one.
func (j judgement) reasons(v Verdict) []Reason {
	if !j.facts.Connected {
		return []Reason{{
			Code: CodeDisconnected, Who: Seller,
			Message: "The Stripe account was disconnected. It can be connected again.",
		}}
	}
	if !j.facts.Checked() {
		return append(slices.Concat(j.rejectedReasons(), j.supportReasons()), Reason{
			Code: CodeNotChecked, Who: Platform,
			Message: "The account is connected; its details have not been read from Stripe yet.",
		})
	}
	// slices.Concat of nothing is nil.
	return append([]Reason{}, slices.Concat(
		j.rejectedReasons(), j.supportReasons(), j.detailsReasons(), j.switchReasons(v), j.capabilityReasons(),
		j.requirementReasons(CodeRequirementPastDue, j.now.PastDue, j.now),
		j.reviewReasons(v),
		j.requirementReasons(CodeRequirementDue, without(j.now.CurrentlyDue, j.now.PastDue), j.now),
		j.futureReasons(),
	)...)
}

func (j judgement) rejectedReasons() []Reason {
	if !j.rejected() {
		return nil
	}
	who := Seller
	if strings.HasPrefix(j.now.DisabledReason, "rejected.platform_") {
		who = Platform
	}
	return []Reason{{
		Code: CodeRejected, Who: who,
		Message: fmt.Sprintf("The account was rejected (%s).", j.now.DisabledReason),
	}}
}

func (j judgement) supportReasons() []Reason {
	var reasons []Reason
	if !j.policy.supportsCountry(j.facts.Country) {
		reasons = append(reasons, Reason{
			Code: CodeCountryUnsupported, Who: Seller,
			Message: fmt.Sprintf("Accounts of country %s are not supported here; another account can be connected.", j.facts.Country),
		})
	}
	if !j.policy.supportsCurrency(j.facts.DefaultCurrency) {
		reasons = append(reasons, Reason{
			Code: CodeCurrencyUnsupported, Who: Seller,
			Message: fmt.Sprintf("Accounts with currency %s are not supported here; another account can be connected.",
				strings.ToUpper(j.facts.DefaultCurrency)),
		})
	}
	return reasons
}

func (j judgement) detailsReasons() []Reason {
	if yes(j.facts.DetailsSubmitted) {
		return nil
	}
	return []Reason{{
		Code: CodeDetailsMissing, Who: Seller,
		Message: "The account's details have not been submitted to Stripe yet.",
	}}
}

func (j judgement) switchReasons(v Verdict) []Reason {
	var reasons []Reason
	if !yes(j.facts.ChargesEnabled) {
		reasons = append(reasons, Reason{Code: CodeChargesDisabled, Who: j.whoActs(), Message: "Charges are off" + j.because()})
	}
	if !v.CanReceivePayouts {
		reasons = append(reasons, Reason{Code: CodePayoutsDisabled, Who: j.whoActs(), Message: "Payouts are off" + j.because()})
	}
	return reasons
}

func (j judgement) capabilityReasons() []Reason {
	var reasons []Reason
	for _, name := range j.inactive() {
		reasons = append(reasons, Reason{
			Code: CodeCapabilityInactive, Who: j.whoActivates(name),
			Message: fmt.Sprintf("The capability %s is %s.", name, j.facts.Capabilities[name]),
		})
	}
	return reasons
}

func (j judgement) reviewReasons(v Verdict) []Reason {
	if v.CanTransact || !j.reviewed() {
		return nil
	}
	return []Reason{{Code: CodeInReview, Who: Stripe, Message: "Stripe is reviewing the account."}}
}

func (j judgement) requirementReasons(code Code, names []string, of Requirements) []Reason {
	words := map[Code]string{CodeRequirementPastDue: "past due", CodeRequirementDue: "due"}
	var reasons []Reason
	for _, name := range names {
		reasons = append(reasons, Reason{
			Code: code, Who: Seller, Requirement: name, Error: of.errorOf(name), Deadline: of.CurrentDeadline,
			Message: fmt.Sprintf("Stripe needs %s: it is %s.", name, words[code]),
		})
	}
	return reasons
}

// futureReasons name what will become due, unless it is due already.
func (j judgement) futureReasons() []Reason {
	if !j.dueLater() {
		return nil
	}
	names := without(slices.Concat(j.future.PastDue, j.future.CurrentlyDue), slices.Concat(j.now.PastDue, j.now.CurrentlyDue))
	return j.requirementReasons(CodeRequirementDue, names, j.future)
}

// whoActs tells who must act for what is off to come on again (docs.stripe.com/api/accounts/object, disabled_reason).
func (j judgement) whoActs() Who {
	switch reason := j.now.DisabledReason; {
	case reason == "platform_paused", strings.HasPrefix(reason, "rejected.platform_"):
		return Platform
	case j.due(), j.rejected(), !yes(j.facts.DetailsSubmitted):
		return Seller
	case reason == "action_required.requested_capabilities", reason == "fields_needed", reason == "requirements.past_due":
		return Seller
	}
	return Stripe
}

// whoActivates tells who must act for a capability: one that is pending waits for Stripe, and of one that is inactive with
// nothing else wrong the seller has not given what it needs (docs.stripe.com/connect/account-capabilities).
func (j judgement) whoActivates(capability string) Who {
	switch {
	case j.facts.Capabilities[capability] == "pending":
		return Stripe
	case j.now.DisabledReason == "" && !j.reviewed():
		return Seller
	}
	return j.whoActs()
}

// because ends a sentence with Stripe's own reason, as it is, where there is one.
func (j judgement) because() string {
	if j.now.DisabledReason == "" {
		return "."
	}
	return fmt.Sprintf(" (%s).", j.now.DisabledReason)
}

func (r Requirements) errorOf(name string) string {
	for _, e := range r.Errors {
		if e.Requirement == name {
			return cmp.Or(e.Reason, e.Code)
		}
	}
	return ""
}

func without(names, others []string) []string {
	var rest []string
	for _, name := range names {
		if !slices.Contains(others, name) {
			rest = append(rest, name)
		}
	}
	return rest
}
