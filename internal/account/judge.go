package account

import (
	"slices"
	"strings"
	"time"
)

// Judge makes the verdict of a connected or disconnected account. It is a pure function.
func Judge(f Facts, p Policy) Verdict {
	j := judgement{facts: f, policy: p, now: deref(f.Requirements), future: deref(f.FutureRequirements)}
	v := Verdict{
		CanAcceptPayments: j.canAcceptPayments(),
		CanReceivePayouts: f.Connected && yes(f.PayoutsEnabled),
	}
	v.CanTransact = v.CanAcceptPayments && (v.CanReceivePayouts || !p.RequirePayouts)
	v.AllowUnlink = f.Connected && (!v.CanTransact || f.DisplayName == "")
	v.Status = j.status(v.CanTransact)
	v.Reasons = j.reasons(v)
	v.AtRiskAt = j.atRiskAt(v.CanTransact)
	return v
}

// NeverConnected is the verdict of a seller who has never connected an account.
func NeverConnected() Verdict {
	return Verdict{
		Status:  NotConnected,
		Reasons: []Reason{{Code: CodeNotConnected, Message: "No Stripe account is connected yet.", Who: Seller}},
	}
}

// judgement holds what the parts of one verdict share; now and future are the requirements, empty where Stripe said none.
type judgement struct {
	facts  Facts
	policy Policy
	now    Requirements
	future Requirements
}

func (j judgement) canAcceptPayments() bool {
	return j.facts.Connected && yes(j.facts.ChargesEnabled) && yes(j.facts.DetailsSubmitted) &&
		j.supported() && !j.rejected() && len(j.inactive()) == 0
}

func (j judgement) status(canTransact bool) Status {
	switch {
	case !j.facts.Connected:
		return Disconnected
	case j.rejected():
		return Rejected
	case !j.supported():
		return Unsupported
	case !yes(j.facts.DetailsSubmitted):
		return Incomplete
	case !canTransact && !j.due() && j.reviewed():
		return InReview
	case !canTransact || !yes(j.facts.PayoutsEnabled):
		return Restricted
	case j.due() || j.dueLater():
		return RestrictedSoon
	}
	return Enabled
}

func (j judgement) rejected() bool {
	return strings.HasPrefix(j.now.DisabledReason, "rejected.")
}

func (j judgement) supported() bool {
	return j.policy.supportsCountry(j.facts.Country) && j.policy.supportsCurrency(j.facts.DefaultCurrency)
}

func (j judgement) inactive() []string {
	return j.policy.inactiveCapabilities(j.facts.Capabilities)
}

func (j judgement) due() bool {
	return len(j.now.CurrentlyDue) > 0 || len(j.now.PastDue) > 0
}

// dueLater: what future_requirements list becomes due at their deadline (docs.stripe.com/connect/handle-verification-updates).
func (j judgement) dueLater() bool {
	return j.future.CurrentDeadline != nil && (len(j.future.CurrentlyDue) > 0 || len(j.future.PastDue) > 0)
}

// reviewed reports whether Stripe is at work on the account.
func (j judgement) reviewed() bool {
	return len(j.now.PendingVerification) > 0 ||
		slices.Contains([]string{"under_review", "listed", "requirements.pending_verification"}, j.now.DisabledReason)
}

func (j judgement) atRiskAt(canTransact bool) *time.Time {
	if !canTransact {
		return nil
	}
	var at *time.Time
	if j.due() {
		at = j.now.CurrentDeadline
	}
	if j.dueLater() && (at == nil || j.future.CurrentDeadline.Before(*at)) {
		at = j.future.CurrentDeadline
	}
	return at
}

func yes(b *bool) bool { return b != nil && *b }

func deref(r *Requirements) Requirements {
	if r == nil {
		return Requirements{}
	}
	return *r
}
