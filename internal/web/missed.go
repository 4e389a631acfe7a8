package web

import (
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// withMissedDeadlines gives what is past due the deadline that it missed. Stripe's current_deadline is of what comes next, and
// null where nothing does (docs.stripe.com/api/accounts/object): the history, newest first, knows the one that has passed.
func withMissedDeadlines(a client.Account, changes []client.Change, now time.Time) client.Account {
	if a.AsOf != nil && a.AsOf.After(now) {
		now = *a.AsOf // Stripe's clock is ahead
	}
	known := publishedOf(changes)
	a.Reasons = slices.Clone(a.Reasons)
	for i, r := range a.Reasons {
		if isLate(r) && (r.Deadline == nil || r.Deadline.After(now)) {
			a.Reasons[i].Deadline = missedDeadline(r.Requirement, known)
		}
	}
	return a
}

func isLate(r client.Reason) bool { return r.Code == string(account.CodeRequirementPastDue) }

// latesOf are the reasons that name something past due.
func latesOf(reasons []client.Reason) []client.Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r client.Reason) bool { return !isLate(r) })
}

// publishedOf is what was known at each change, newest first.
func publishedOf(changes []client.Change) []client.Readiness {
	var known []client.Readiness
	for _, c := range changes {
		known = append(known, c.After.Readiness)
	}
	if n := len(changes); n > 0 && changes[n-1].Before != nil {
		known = append(known, changes[n-1].Before.Readiness)
	}
	return known
}

// missedDeadline is the first deadline that passed since the requirement came up, nil where none is known to have.
func missedDeadline(code string, known []client.Readiness) *time.Time {
	var missed, until *time.Time
	for _, r := range known {
		late := slices.Contains(r.Requirements.PastDue, code)
		if !late && !slices.Contains(r.Requirements.CurrentlyDue, code) {
			break
		}
		if late {
			until = r.AsOf // a deadline beside what is past due already is that of something else, unless it has passed too
		}
		if deadline := r.Requirements.CurrentDeadline; deadline != nil && until != nil && !deadline.After(*until) {
			missed = deadline
		}
		until = r.AsOf
	}
	return missed
}
