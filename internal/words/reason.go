package words

import (
	"strings"

	"github.com/connectd/connectd/client"
)

// Status is a status in words, as Stripe's Dashboard has it.
func (l *Language) Status(status string) string {
	if said := l.among("status.", status); said != "" {
		return said
	}
	return status
}

// Reason says to its seller why an account can't transact, or what threatens that.
func (l *Language) Reason(r client.Reason, of client.Readiness) string {
	switch r.Code {
	case "requirement_past_due":
		return l.Say("reason.requirement_past_due", Args{"Thing": l.Requirement(r.Requirement)})
	case "requirement_due":
		return l.Say("reason.requirement_due", Args{"Thing": l.Requirement(r.Requirement)})
	case "rejected":
		return l.rejection(client.Text(of.Requirements.DisabledReason))
	case "country_unsupported":
		return l.Say("reason.country_unsupported", Args{"Country": l.Country(client.Text(of.Country))})
	case "currency_unsupported":
		return l.Say("reason.currency_unsupported", Args{"Currency": strings.ToUpper(client.Text(of.Currency))})
	case "charges_disabled", "payouts_disabled":
		return l.Sentences(l.among("reason.", r.Code), l.Disabled(client.Text(of.Requirements.DisabledReason)))
	}
	if said := l.among("reason.", r.Code); said != "" {
		return said
	}
	return r.Message
}

// Disabled says what Stripe's disabled_reason means; one that is not known is shown as it is, and none says nothing.
func (l *Language) Disabled(reason string) string {
	if reason == "" {
		return ""
	}
	if said := l.among("disabled.", reason); said != "" {
		return said
	}
	return l.Say("disabled", Args{"Reason": reason})
}

func (l *Language) rejection(disabledReason string) string {
	if said := l.among("disabled.", disabledReason); said != "" {
		return said
	}
	return l.Say("reason.rejected", Args{"Reason": disabledReason})
}

// Who says who must act.
func (l *Language) Who(who string) string { return l.among("who.", who) }
