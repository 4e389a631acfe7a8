package web

import (
	"cmp"
	"slices"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
)

// connectView is the seller's page.
type connectView struct {
	Path       string         // the page's own
	Live       string         // asks for the page if there is something else to show; ""
	Platform   string         // its name, as it stands in a sentence
	Account    *connectedView // nil: not connected
	MayConnect bool           // not by a link that was mailed
	Former     string         // the account that was connected last, by name or id; "" where none was
	Denied     bool           // the seller has just said no at Stripe
	Confirming bool           // asked to unlink, and asks back
	ReturnURL  string         // "": the platform named no way back
	ReturnTo   string         // what the way back is called
}

func (connectView) template() string { return "connect" }

func (v connectView) liveURL() string { return v.Live }

// connectedView is a connected account as its seller sees it.
type connectedView struct {
	Name, ID, Country string // the country by its name; "" where it is not known
	Status            string
	CanTransact       bool
	Stands            standing
	Due               []dueView
	Mend              mendView
	Answers           []answerView
	Checking          []string // what Stripe is checking
	Why               []string // causes that name no requirement
	Unlink            unlinkView
}

// mendView is where a seller can give what is due.
type mendView struct {
	URL  string // of the seller's Dashboard; ""
	Form string // of connectd's, which leads into Stripe's form; ""
}

// unlinkView says whether the seller may unlink, and why.
type unlinkView struct {
	Offered bool
	Why     string
}

func (s *site) connectView(l *words.Language, path string, page onboarding.Page) connectView {
	v := connectView{
		Path: path, Live: path + "?shown=" + page.Version(), Platform: s.platform(l),
		MayConnect: page.MayUnlink, ReturnURL: page.ReturnURL, ReturnTo: s.backToPlatform(l),
	}
	if page.Account != nil {
		v.Account = s.connectedView(l, path, page)
		return v
	}
	if !v.MayConnect {
		v.ReturnURL = cmp.Or(v.ReturnURL, s.Onboarding.PlatformURL())
	}
	if page.Readiness.AccountID != nil {
		v.Former = nameOrID(page.Readiness.DisplayName, *page.Readiness.AccountID)
	}
	return v
}

// asking asks back whether to unlink, where that was asked for and can be done.
func (v connectView) asking(confirm string) connectView {
	if confirm == "unlink" && v.Account != nil && v.Account.Unlink.Offered {
		v.Confirming = true
		v.Live += "&confirm=unlink"
	}
	return v
}

func (s *site) connectedView(l *words.Language, path string, page onboarding.Page) *connectedView {
	a, ready := page.Account, page.Readiness
	v := &connectedView{
		Name: nameOrID(a.DisplayName, a.ID), ID: a.ID, Status: l.Status(ready.Status), CanTransact: ready.CanTransact,
		Stands:   standingOf(l, ready, s.platform(l), s.Now()),
		Answers:  []answerView{payouts(l, a.PayoutsEnabled), charges(l, a.ChargesEnabled), details(l, a.DetailsSubmitted)},
		Due:      dueViews(l, ready, s.Now()),
		Checking: requirementsIn(l, ready.Requirements.PendingVerification),
		Why:      whyViews(l, ready),
		Unlink:   s.unlinkView(l, page),
	}
	if a.Country != nil {
		v.Country = l.Country(*a.Country)
	}
	v.Mend = s.mendView(path, *a, v.Due)
	return v
}

func nameOrID(name *string, id string) string {
	if name == nil || *name == "" {
		return id
	}
	return *name
}

// mendView goes by the account's type: a standard account's seller has a Dashboard, the others' have a form that the platform
// leads them into (docs.stripe.com/connect/accounts). A type that is not known yet is what OAuth connects: standard.
func (s *site) mendView(path string, a client.Account, due []dueView) mendView {
	formed := slices.Contains([]string{"express", "custom"}, client.Text(a.Type))
	switch {
	case len(due) == 0 && !toldAtStripe(a):
		return mendView{}
	case formed:
		return mendView{Form: path + "/mend"}
	}
	return mendView{URL: s.sellersDashboard(a)}
}

// toldAtStripe reports whether the seller can do or learn something in the Dashboard though nothing is named as due.
func toldAtStripe(a client.Account) bool {
	if account.Status(a.Status) == account.InReview {
		return false
	}
	return slices.ContainsFunc(a.Reasons, func(r client.Reason) bool {
		return isConsequence(r) || account.Code(r.Code) == account.CodeRejected || account.Code(r.Code) == account.CodeDetailsMissing
	})
}

// sellersDashboard is the page of Stripe's that says what an account needs; in the sandbox, the account's row.
func (s *site) sellersDashboard(a client.Account) string {
	if s.DashboardBase != stripesDashboard {
		return s.DashboardBase + "/?q=" + a.ID
	}
	if a.Livemode {
		return stripesDashboard + "/" + a.ID + "/account/status"
	}
	return stripesDashboard + "/" + a.ID + "/test/account/status"
}

const stripesDashboard = "https://dashboard.stripe.com"

// unlinkView says the rule in words: an account that works must not be cut off by mistake, one that does not, or is not
// finished, must not be in the way of another.
func (s *site) unlinkView(l *words.Language, page onboarding.Page) unlinkView {
	switch ready := page.Readiness; {
	case !ready.AllowUnlink:
		return unlinkView{Why: l.Say("unlink.works", words.Args{"Platform": s.platform(l)})}
	case !page.MayUnlink:
		return unlinkView{Why: l.Say("unlink.not_by_this_link", words.Args{"Platform": s.platform(l)})}
	case ready.CanTransact:
		return unlinkView{Offered: true, Why: l.Say("unlink.nameless", nil)}
	}
	return unlinkView{Offered: true, Why: l.Say("unlink.cannot_sell", nil)}
}
