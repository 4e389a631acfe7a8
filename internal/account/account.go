// Package account is connectd's domain: what Stripe says of a connected account (Facts), the platform's own rules (Policy),
// and what the rules make of the facts (Verdict). Judge is the only place where a verdict is made, so that the callback's
// page, the webhook, the scan, the table and the API can never disagree.
//
// It may import the standard library alone. Its one rule: no I/O and no clock, so that the same facts and policy always give
// the same verdict.
package account

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// Facts are what Stripe says of a connected account at one moment. Every part may be missing: a nil pointer, an empty
// string or a nil list means that Stripe has not said, and what Stripe has not said is never taken for a yes.
type Facts struct {
	// Connected is false once the account was deauthorized.
	Connected bool

	Type            string // standard, express, custom or none
	DisplayName     string
	Country         string // ISO 3166-1 alpha-2, upper case
	DefaultCurrency string // ISO 4217, lower case as Stripe writes it

	ChargesEnabled   *bool
	PayoutsEnabled   *bool
	DetailsSubmitted *bool

	Requirements       *Requirements
	FutureRequirements *Requirements
	// Capabilities maps a capability's name to its status: active, inactive or pending.
	Capabilities map[string]string
}

// Requirements is Stripe's requirements hash (docs.stripe.com/api/accounts/object), also that of the future ones.
type Requirements struct {
	CurrentlyDue        []string
	PastDue             []string
	EventuallyDue       []string
	PendingVerification []string
	Errors              []RequirementError
	DisabledReason      string // "" where nothing is disabled
	CurrentDeadline     *time.Time
}

// RequirementError says why a requirement was not met, a document that could not be read for example.
type RequirementError struct {
	Requirement string
	Code        string
	Reason      string
}

// Checked reports whether Stripe has ever said anything of the account beyond that it is connected.
func (f Facts) Checked() bool {
	return f.ChargesEnabled != nil || f.PayoutsEnabled != nil || f.DetailsSubmitted != nil
}

// Normalize gives facts one form, so that equal facts are equal however they came here: lists in order and without
// repetitions, no empty map of capabilities, deadlines in UTC. What f shares with others is left as it was.
func (f Facts) Normalize() Facts {
	f.Requirements = f.Requirements.normalize()
	f.FutureRequirements = f.FutureRequirements.normalize()
	if len(f.Capabilities) == 0 {
		f.Capabilities = nil
	}
	return f
}

// Equal reports whether f and g say the same, in whatever order their lists are.
func (f Facts) Equal(g Facts) bool {
	return reflect.DeepEqual(f.Normalize(), g.Normalize())
}

func (r *Requirements) normalize() *Requirements {
	if r == nil {
		return nil
	}
	return &Requirements{
		CurrentlyDue:        sorted(r.CurrentlyDue),
		PastDue:             sorted(r.PastDue),
		EventuallyDue:       sorted(r.EventuallyDue),
		PendingVerification: sorted(r.PendingVerification),
		Errors:              sortedErrors(r.Errors),
		DisabledReason:      r.DisabledReason,
		CurrentDeadline:     utc(r.CurrentDeadline),
	}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func sorted(items []string) []string {
	out := append([]string{}, items...)
	slices.Sort(out)
	return slices.Compact(out)
}

func sortedErrors(errs []RequirementError) []RequirementError {
	out := append([]RequirementError{}, errs...)
	slices.SortFunc(out, compareErrors)
	return slices.Compact(out)
}

func compareErrors(a, b RequirementError) int {
	return cmp.Or(
		cmp.Compare(a.Requirement, b.Requirement),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Reason, b.Reason),
	)
}

// Over is f with what it does not say as known has it.
func (f Facts) Over(known Facts) Facts {
	f.Type, f.DisplayName = cmp.Or(f.Type, known.Type), cmp.Or(f.DisplayName, known.DisplayName)
	f.Country, f.DefaultCurrency = cmp.Or(f.Country, known.Country), cmp.Or(f.DefaultCurrency, known.DefaultCurrency)
	f.ChargesEnabled = cmp.Or(f.ChargesEnabled, known.ChargesEnabled)
	f.PayoutsEnabled = cmp.Or(f.PayoutsEnabled, known.PayoutsEnabled)
	f.DetailsSubmitted = cmp.Or(f.DetailsSubmitted, known.DetailsSubmitted)
	f.Requirements = cmp.Or(f.Requirements, known.Requirements)
	f.FutureRequirements = cmp.Or(f.FutureRequirements, known.FutureRequirements)
	if f.Capabilities == nil {
		f.Capabilities = known.Capabilities
	}
	return f
}
