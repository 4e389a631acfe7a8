package registry

import (
	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// readinessOf renders a verdict for those who read; Stale and Version are set when it is read.
func readinessOf(rec *record, v account.Verdict) client.Readiness {
	return client.Readiness{
		SellerID:          rec.SellerID,
		AccountID:         &rec.ID,
		CanTransact:       v.CanTransact,
		CanAcceptPayments: v.CanAcceptPayments,
		CanReceivePayouts: v.CanReceivePayouts,
		Status:            string(v.Status),
		Reasons:           reasonsToWire(v.Reasons),
		Requirements:      toWire(rec.facts.Requirements),
		DisplayName:       rec.DisplayName,
		Country:           rec.Country,
		Currency:          rec.DefaultCurrency,
		AllowUnlink:       v.AllowUnlink,
		AtRiskAt:          v.AtRiskAt,
		AsOf:              rec.AsOf,
		CheckedAt:         rec.CheckedAt,
	}
}

// NeverConnected is the readiness of a seller of whom no account is known.
func NeverConnected(sellerID string) client.Readiness {
	v := account.NeverConnected()
	return client.Readiness{
		SellerID: sellerID, Status: string(v.Status), Reasons: reasonsToWire(v.Reasons), Requirements: toWire(nil),
	}
}

func reasonsToWire(reasons []account.Reason) []client.Reason {
	wire := make([]client.Reason, 0, len(reasons))
	for _, r := range reasons {
		wire = append(wire, client.Reason{
			Code: string(r.Code), Message: r.Message, Who: string(r.Who),
			Requirement: r.Requirement, Error: r.Error, Deadline: r.Deadline,
		})
	}
	return wire
}

// toWire gives lists that are never nil.
func toWire(r *account.Requirements) client.Requirements {
	if r == nil {
		r = &account.Requirements{}
	}
	wire := client.Requirements{
		CurrentlyDue:        append([]string{}, r.CurrentlyDue...),
		PastDue:             append([]string{}, r.PastDue...),
		EventuallyDue:       append([]string{}, r.EventuallyDue...),
		PendingVerification: append([]string{}, r.PendingVerification...),
		Errors:              make([]client.RequirementError, 0, len(r.Errors)),
		DisabledReason:      orNil(r.DisabledReason),
		CurrentDeadline:     r.CurrentDeadline,
	}
	for _, e := range r.Errors {
		wire.Errors = append(wire.Errors, client.RequirementError(e))
	}
	return wire
}

func fromWire(wire client.Requirements) account.Requirements {
	r := account.Requirements{
		CurrentlyDue: wire.CurrentlyDue, PastDue: wire.PastDue, EventuallyDue: wire.EventuallyDue,
		PendingVerification: wire.PendingVerification, DisabledReason: client.Text(wire.DisabledReason),
		CurrentDeadline: wire.CurrentDeadline,
	}
	for _, e := range wire.Errors {
		r.Errors = append(r.Errors, account.RequirementError(e))
	}
	return r
}
