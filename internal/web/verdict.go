package web

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// verdictWords is the verdict in one sentence, with its first cause, as it reads at a moment.
func verdictWords(a client.Account, at time.Time) string {
	switch {
	case a.DisconnectedAt != nil:
		return fmt.Sprintf("Cannot transact: the account was disconnected on %s (%s).",
			day(*a.DisconnectedAt), endWords(client.Text(a.DisconnectReason)))
	case a.CanTransact && a.AtRiskAt != nil:
		return "Can transact, and may lose that " + when(*a.AtRiskAt, at) + threat(a) + alreadyOff(a) + "."
	case a.CanTransact && !a.CanReceivePayouts:
		return "Can transact, but Stripe has switched payouts off" + because(a) + "."
	case a.CanTransact && len(a.Reasons) > 0:
		return "Can transact" + threat(a) + "."
	case a.CanTransact:
		return "Can transact: nothing stands in the way."
	}
	return "Cannot transact: " + cause(a) + "."
}

// when says from when on something may happen.
func when(from, at time.Time) string {
	if from.Before(at) {
		return "any moment since " + day(from)
	}
	return "on " + day(from)
}

// alreadyOff says what a seller who can transact has lost, beside what may be lost.
func alreadyOff(a client.Account) string {
	if a.CanReceivePayouts {
		return ""
	}
	return "; Stripe has switched payouts off already" + because(a)
}

// threat names what is still missing of a seller who can transact.
func threat(a client.Account) string {
	var names []string
	for _, r := range a.Reasons {
		if r.Requirement != "" {
			names = append(names, r.Requirement)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": Stripe needs " + inSentence(names[0]) + andMore(len(names)-1)
}

// cause says what the worst reason is, in the middle of a sentence.
func cause(a client.Account) string {
	if len(a.Reasons) == 0 {
		return "connectd knows no reason"
	}
	switch worst := a.Reasons[0]; account.Code(worst.Code) {
	case account.CodeNotChecked, account.CodeDetailsMissing, account.CodeInReview:
		return causeOf(account.Code(worst.Code))
	case account.CodeRejected:
		return rejection(client.Text(requirementsOf(a).DisabledReason))
	case account.CodeChargesDisabled, account.CodePayoutsDisabled:
		return "Stripe has switched " + switchedOff(a.Reasons) + " off" + because(a)
	case account.CodeCapabilityInactive:
		return lowerFirst(strings.TrimSuffix(worst.Message, ".")) + ", and the platform requires it"
	default:
		return lowerFirst(strings.TrimSuffix(worst.Message, "."))
	}
}

func switchedOff(reasons []client.Reason) string {
	off := func(code account.Code) bool {
		return slices.ContainsFunc(reasons, func(r client.Reason) bool { return r.Code == string(code) })
	}
	switch {
	case !off(account.CodePayoutsDisabled):
		return "charges"
	case !off(account.CodeChargesDisabled):
		return "payouts"
	}
	return "charges and payouts"
}

// because says why Stripe has switched something off: what is past due before Stripe's own disabled_reason
// (docs.stripe.com/api/accounts/object), which is shown as it is where it is not known.
func because(a client.Account) string {
	if late := latesOf(a.Reasons); len(late) > 0 {
		return " because " + pastDueWords(late)
	}
	switch reason := client.Text(requirementsOf(a).DisabledReason); reason {
	case "":
		return " and does not say why"
	case "requirements.past_due", "fields_needed":
		return " because something that it asked for is past due"
	case "requirements.pending_verification":
		return " while it verifies what the seller has given"
	case "under_review":
		return " while it reviews the account"
	case "listed":
		return " while it looks whether the account is on a list of prohibited persons or companies"
	case "platform_paused":
		return " because the platform has paused the account"
	case "action_required.requested_capabilities":
		return " because capabilities that were asked for need something first"
	case "other":
		return " for a reason that it does not tell"
	default:
		return " (" + reason + ")"
	}
}

// pastDueWords names what is past due, and since when, where that is known and the same of all.
func pastDueWords(late []client.Reason) string {
	words, one := inSentence(late[0].Requirement)+andMore(len(late)-1), len(late) == 1
	switch since := late[0].Deadline; {
	case since == nil && one:
		return words + " is past due"
	case since == nil, slices.ContainsFunc(late, func(r client.Reason) bool { return !sameTime(r.Deadline, since) }):
		return words + " are past due"
	case one:
		return words + " was past due on " + day(*since)
	}
	return words + " were past due on " + day(*late[0].Deadline)
}

// rejection says who rejected the account and why.
func rejection(disabledReason string) string {
	reason := strings.TrimPrefix(disabledReason, "rejected.")
	who := "Stripe has"
	if platform, cut := strings.CutPrefix(reason, "platform_"); cut {
		who, reason = "the platform has", platform
	}
	why, known := map[string]string{
		"fraud":                   "for suspected fraud",
		"listed":                  "for being on a list of prohibited persons or companies",
		"terms_of_service":        "for breaking terms of service",
		"incomplete_verification": "because its verification was not completed",
		"other":                   "for a reason that is not told",
	}[reason]
	if !known {
		why = "(" + disabledReason + ")"
	}
	return who + " rejected the account " + why
}

func requirementsOf(a client.Account) client.Requirements {
	if a.Requirements == nil {
		return client.Requirements{}
	}
	return *a.Requirements
}

func andMore(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " and one more thing"
	}
	return fmt.Sprintf(" and %d more things", n)
}

// inSentence is a requirement in the middle of a sentence.
func inSentence(code string) string {
	words := lowerFirst(requirementWords(code))
	first, _, _ := strings.Cut(words, " ")
	if slices.Contains([]string{"a", "an", "the", "what", "agreement", "confirmation", "more"}, first) {
		return words
	}
	return "the " + words
}

func upperFirst(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

// lowerFirst leaves what is written in capitals, such as VAT, as it is.
func lowerFirst(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	second, _ := utf8.DecodeRuneInString(words[size:])
	if size == 0 || unicode.IsUpper(second) || unicode.IsDigit(second) {
		return words
	}
	return string(unicode.ToLower(first)) + words[size:]
}
