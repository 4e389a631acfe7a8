package web

import (
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/words"
)

// accountView is an account's page.
type accountView struct {
	Account      client.Account
	Title        string
	URL          string
	LiveURL      string // asks for this page if anything has changed since
	DashboardURL string // the account's page at Stripe
	EventsURL    string // Stripe's events of the account
	// DeliveriesURL and MailsURL are what was sent about the account, and what its seller was mailed.
	DeliveriesURL, MailsURL string
	Status                  statusView
	Verdict                 string
	Stale                   bool // not checked for too long
	Todos                   []todoView
	Answers                 []answerView
	Ended                   string // how the connection ended; "" while connected
	Requirements            []requirementGroup
	Disabled                string // Stripe's disabled_reason; ""
	Capabilities            []capabilityView
	History                 []changeView
	HistoryTopics           []topic // what its words mean
	Older                   int64   // the position before which the history goes on; 0 where it ends
	Newest                  bool    // the history begins with the newest change
	Notice                  string  // how what was asked for went; ""
	Act                     actView
	Notes                   notesView
	Deeds                   deedsView
}

func (accountView) template() string { return "account" }

// requirementGroup is a list of what Stripe will need or is looking at.
type requirementGroup struct {
	Title    string
	Items    []requirementView
	Deadline *time.Time // nil: none is known
}

// capabilityView is one capability and its status, in Stripe's words.
type capabilityView struct{ Name, Status string }

func newAccountView(a client.Account, changes []client.Change, from pageStart, now time.Time) accountView {
	english := words.English() // as admins read
	v := accountView{
		Account:      a,
		Title:        nameOrID(a.DisplayName, a.ID),
		URL:          accountPath(a.ID),
		LiveURL:      liveURL(from.of(a), versionOf(a)),
		DashboardURL: dashboardURL(a),
		EventsURL:    pageAt(eventsPath).with("account", a.ID).String(),
		Status:       newStatusView(a.Status),

		DeliveriesURL: pageAt(deliveriesPath).with("account", a.ID).String(),
		MailsURL:      mailsTo(a.SellerID),
		Verdict:       verdictWords(a, now),
		Todos:         newTodos(a.Reasons),
		Answers:       []answerView{charges(english, a.ChargesEnabled), payouts(english, a.PayoutsEnabled), details(english, a.DetailsSubmitted)},
		Ended:         endWords(client.Text(a.DisconnectReason)),
		Requirements:  requirementGroups(a),
		Disabled:      client.Text(requirementsOf(a).DisabledReason),
		Newest:        from.history == 0,
	}
	for _, name := range slices.Sorted(maps.Keys(a.Capabilities)) {
		v.Capabilities = append(v.Capabilities, capabilityView{name, a.Capabilities[name]})
	}
	v.History, v.Older = newHistory(a, changes)
	v.HistoryTopics = historyTopics(v.History)
	return v
}

// versionOf grows with what is learned of the account, and with what a new policy makes of that: neither of the two goes back.
func versionOf(a client.Account) int64 { return a.Revision + a.Version }

// dashboardURL is the account's page in the platform's Stripe Dashboard.
func dashboardURL(a client.Account) string {
	if a.Livemode {
		return stripesDashboard + "/connect/accounts/" + a.ID
	}
	return stripesDashboard + "/test/connect/accounts/" + a.ID
}

// requirementGroups are the lists of what is not due yet that have something in them, the most pressing first; what is due
// stands under what to do.
func requirementGroups(a client.Account) []requirementGroup {
	now := requirementsOf(a)
	var future client.Requirements
	if a.FutureRequirements != nil {
		future = *a.FutureRequirements
	}
	due := slices.Concat(now.PastDue, now.CurrentlyDue)
	groups := []requirementGroup{
		{Title: "Being verified by Stripe", Items: requirementViews(now.PendingVerification)},
		{Title: "Due in future", Items: requirementViews(without(future.CurrentlyDue, due)), Deadline: future.CurrentDeadline},
		{Title: "Eventually due", Items: requirementViews(without(now.EventuallyDue, due))},
	}
	return slices.DeleteFunc(groups, func(g requirementGroup) bool { return len(g.Items) == 0 })
}

func without(codes, others []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return slices.Contains(others, code) })
}
