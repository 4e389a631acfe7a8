package web

import (
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/words"
)

// dueView is something that Stripe needs of the seller.
type dueView struct {
	Thing  string
	Late   bool
	By     string // the day until which it is to be given; ""
	Faults []faultView
}

// faultView says why what was given did not do, and in which language that is said.
type faultView struct{ Words, Tag string }

// dueViews are what Stripe needs, as it reads at a moment: what it needed until yesterday is late, whatever Stripe calls it.
func dueViews(l *words.Language, ready client.Readiness, at time.Time) []dueView {
	var due []dueView
	for _, r := range ready.Reasons {
		if r.Requirement == "" {
			continue
		}
		v := dueView{
			Thing: l.Requirement(r.Requirement), Faults: faultViews(l, r.Requirement, ready.Requirements.Errors),
		}
		v.Late = account.Code(r.Code) == account.CodeRequirementPastDue || r.Deadline != nil && r.Deadline.Before(at)
		if r.Deadline != nil && !v.Late {
			v.By = l.Day(*r.Deadline)
		}
		due = append(due, v)
	}
	return due
}

func faultViews(l *words.Language, requirement string, errors []client.RequirementError) []faultView {
	var faults []faultView
	for _, e := range errors {
		if e.Requirement != requirement {
			continue
		}
		said, tag := l.Fault(e)
		if f := (faultView{said, tag}); !slices.Contains(faults, f) {
			faults = append(faults, f)
		}
	}
	return faults
}

func requirementsIn(l *words.Language, codes []string) []string {
	said := make([]string, 0, len(codes))
	for _, code := range codes {
		said = append(said, l.Requirement(code))
	}
	return said
}

// whyViews are the causes beside what is due, without those that the page's first sentence has said.
func whyViews(l *words.Language, ready client.Readiness) []string {
	var why []string
	for _, r := range withoutConsequences(ready.Reasons) {
		switch account.Code(r.Code) {
		case account.CodeInReview, account.CodeNotChecked:
			continue
		}
		if r.Requirement == "" {
			why = append(why, l.Sentences(l.Reason(r, ready), wayOn(l, r)))
		}
	}
	return why
}

// wayOn says who must act; to whom Stripe has rejected, whom to ask.
func wayOn(l *words.Language, r client.Reason) string {
	if account.Code(r.Code) == account.CodeRejected && account.Who(r.Who) == account.Seller {
		return l.Say("rejected.by_stripe", nil)
	}
	return l.Who(r.Who)
}
