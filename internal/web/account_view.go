package web

import (
	"maps"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// accountView is an account's page.
type accountView struct {
	Account      client.Account
	Title        string
	Status       statusView
	Verdict      string
	Reasons      []causeView
	Answers      []answerView
	Ended        string // how the connection ended; "" while connected
	Requirements []requirementGroup
	Disabled     string // Stripe's disabled_reason; ""
	Capabilities []capabilityView
	History      []changeView
	Older        int64  // the position before which the history goes on; 0 where it ends
	Newest       bool   // the history begins with the newest change
	Notice       string // how a re-check went; ""
}

func (accountView) template() string { return "account" }

// causeView is a reason for a no, or a threat to a yes.
type causeView struct {
	Message, Code, Who string
	Error              string // Stripe's own reason; ""
	Deadline           *time.Time
}

// requirementGroup is a list of what Stripe needs, by when it needs it.
type requirementGroup struct {
	Title    string
	Items    []requirementView
	Deadline *time.Time // nil: none is known
}

// capabilityView is one capability and its status, in Stripe's words.
type capabilityView struct{ Name, Status string }

func newAccountView(a client.Account, changes []client.Change) accountView {
	v := accountView{
		Account:      a,
		Title:        nameOrID(a.DisplayName, a.ID),
		Status:       newStatusView(a.Status),
		Verdict:      verdictWords(a),
		Answers:      []answerView{charges.of(a.ChargesEnabled), payouts.of(a.PayoutsEnabled), details.of(a.DetailsSubmitted)},
		Ended:        endWords(client.Text(a.DisconnectReason)),
		Requirements: requirementGroups(a),
	}
	for _, r := range a.Reasons {
		v.Reasons = append(v.Reasons, causeView{
			Message: r.Message, Code: r.Code, Who: whoWords(account.Who(r.Who)), Error: r.Error, Deadline: r.Deadline,
		})
	}
	if a.Requirements != nil {
		v.Disabled = client.Text(a.Requirements.DisabledReason)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Capabilities)) {
		v.Capabilities = append(v.Capabilities, capabilityView{name, a.Capabilities[name]})
	}
	v.History, v.Older = newHistory(changes)
	return v
}

// verdictWords is the verdict in one sentence; the reasons follow it.
func verdictWords(a client.Account) string {
	switch {
	case a.CanTransact && a.AtRiskAt != nil:
		return "This seller can transact, and may lose that on " + day(*a.AtRiskAt) + "."
	case a.CanTransact:
		return "This seller can transact."
	case a.DisconnectedAt != nil:
		return "This account is disconnected: nobody can transact with it."
	}
	return "This seller cannot transact."
}

// requirementGroups are the lists that have something in them, the most pressing first.
func requirementGroups(a client.Account) []requirementGroup {
	var now, future client.Requirements
	if a.Requirements != nil {
		now = *a.Requirements
	}
	if a.FutureRequirements != nil {
		future = *a.FutureRequirements
	}
	groups := []requirementGroup{
		{Title: "Past due", Items: requirementViews(now.PastDue)},
		{Title: "Currently due", Items: requirementViews(now.CurrentlyDue), Deadline: now.CurrentDeadline},
		{Title: "Due in future", Items: requirementViews(future.CurrentlyDue), Deadline: future.CurrentDeadline},
		{Title: "Being verified by Stripe", Items: requirementViews(now.PendingVerification)},
		{Title: "Eventually due", Items: requirementViews(now.EventuallyDue)},
	}
	return slices.DeleteFunc(groups, func(g requirementGroup) bool { return len(g.Items) == 0 })
}
