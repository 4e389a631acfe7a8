package web

import (
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// connectView is the seller's page.
type connectView struct {
	Path       string         // the page's own
	Account    *connectedView // nil: not connected
	Former     string         // the account that was connected last, by name or id; "" where none was
	Denied     bool           // the seller has just said no at Stripe
	Confirming bool           // asked to unlink, and asks back
	ReturnURL  string         // "": the platform named no way back
}

func (connectView) template() string { return "connect" }

// connectedView is a connected account as its seller sees it.
type connectedView struct {
	Name, ID    string
	Status      statusView
	CanTransact bool
	Answers     []answerView
	Due         []dueView
	Checking    []requirementView // at Stripe
	Why         []reasonView      // beside what is due
	Unlink      unlinkView
}

// unlinkView says whether the seller may unlink, and why.
type unlinkView struct {
	Offered bool
	Why     string
}

func newConnectView(path string, page onboarding.Page) connectView {
	v := connectView{Path: path, ReturnURL: page.ReturnURL}
	if page.Account != nil {
		v.Account = newConnectedView(page)
		return v
	}
	if page.Readiness.AccountID != nil {
		v.Former = nameOrID(page.Readiness.DisplayName, *page.Readiness.AccountID)
	}
	return v
}

func newConnectedView(page onboarding.Page) *connectedView {
	a := page.Account
	due, why := splitReasons(page.Readiness.Reasons)
	return &connectedView{
		Name:        nameOrID(a.DisplayName, a.ID),
		ID:          a.ID,
		Status:      newStatusView(a.Status),
		CanTransact: page.Readiness.CanTransact,
		Answers: []answerView{
			payouts.of(a.PayoutsEnabled), charges.of(a.ChargesEnabled), details.of(a.DetailsSubmitted),
		},
		Due:      due,
		Checking: requirementViews(page.Readiness.Requirements.PendingVerification),
		Why:      why,
		Unlink:   newUnlinkView(page),
	}
}

func nameOrID(name *string, id string) string {
	if name == nil || *name == "" {
		return id
	}
	return *name
}

// newUnlinkView says the rule in words: an account that works must not be cut off by mistake, one that does not, or is not
// finished, must not be in the way of another.
func newUnlinkView(page onboarding.Page) unlinkView {
	switch ready := page.Readiness; {
	case !ready.AllowUnlink:
		return unlinkView{Why: "Unlinking is not offered while the account works, so that nobody cuts it off from its payments by mistake. " +
			"If you need to change accounts, ask the platform."}
	case !page.MayUnlink:
		return unlinkView{Why: "You may unlink this account, but this link cannot do it. Open this page from the platform."}
	case ready.CanTransact:
		return unlinkView{Offered: true, Why: "You may unlink this account and connect another, since it has no name at Stripe yet."}
	default:
		return unlinkView{Offered: true, Why: "You may unlink this account and connect another, since it cannot transact."}
	}
}

// dueView is something that Stripe needs of the seller.
type dueView struct {
	requirementView
	PastDue  bool
	Deadline *time.Time
	Error    string // Stripe's own reason why what was given did not do; ""
}

// reasonView is a cause that names no requirement, with who must act.
type reasonView struct {
	Message string
	Who     string
}

func splitReasons(reasons []client.Reason) (due []dueView, why []reasonView) {
	for _, r := range reasons {
		if r.Requirement == "" {
			why = append(why, reasonView{Message: r.Message, Who: whoForSeller(account.Who(r.Who))})
			continue
		}
		due = append(due, dueView{
			requirementView: newRequirementView(r.Requirement),
			PastDue:         account.Code(r.Code) == account.CodeRequirementPastDue,
			Deadline:        r.Deadline, Error: r.Error,
		})
	}
	return due, why
}

func whoForSeller(who account.Who) string {
	switch who {
	case account.Seller:
		return "It is for you to act."
	case account.Platform:
		return "It is for the platform to act."
	case account.Stripe:
		return "It is for Stripe to act; you need to do nothing now."
	}
	return ""
}
