package web

import (
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// changeView is one change of an account's readiness.
type changeView struct {
	At            time.Time
	By            string
	Before, After statusView
	What          []string // what changed beside the status
	EventID       string   // Stripe's event behind it; ""
	EventPage     string   // its page here
	EventURL      string   // in Stripe's Dashboard
	RequestID     string   // Stripe's id of the request behind it; ""
	Position      int64
	SellerID      string // where it was another's; ""
}

// newHistory shows about historyLength changes; older is where the rest goes on, 0 where there is none.
func newHistory(a client.Account, changes []client.Change) (shown []changeView, older int64) {
	n := min(len(changes), historyLength)
	if n < len(changes) && isReassignment(changes[n], changes[n-1]) {
		n++
	}
	if n < len(changes) {
		older = changes[n-1].Position
	}
	for i := 0; i < n; i++ {
		v := newChangeView(a, changes[i])
		if i+1 < n && isReassignment(changes[i+1], changes[i]) {
			i++
			v = newReassignmentView(a, changes[i], changes[i-1])
		}
		shown = append(shown, v)
	}
	return shown, older
}

// historyTopics explain the words of the changes that are shown.
func historyTopics(shown []changeView) []topic {
	statuses := map[string]bool{}
	for _, c := range shown {
		statuses[c.Before.Name], statuses[c.After.Name] = true, true
	}
	return []topic{sourceTerms(), statusTerms().only(statuses)}
}

// isReassignment reports whether two changes, one after the other, are of the seller who had the account and of the one who was
// given it: they are of one transaction.
func isReassignment(from, to client.Change) bool {
	return from.Source == string(registry.Person) && to.Source == from.Source && from.SellerID != to.SellerID && from.At.Equal(to.At)
}

// newReassignmentView is both changes as one, of the account that went on.
func newReassignmentView(a client.Account, from, to client.Change) changeView {
	what := "reassigned from seller " + from.SellerID + " to seller " + to.SellerID
	to.Before = from.Before
	v := newChangeView(a, to)
	v.What = append([]string{what}, v.What...)
	return v
}

func newChangeView(a client.Account, c client.Change) changeView {
	before := client.Readiness{Status: string(account.NotConnected)}
	if c.Before != nil {
		before = c.Before.Readiness
	}
	v := changeView{
		At: c.At, By: sourceWords(registry.Source(c.Source)), Position: c.Position,
		Before: newStatusView(before.Status), After: newStatusView(c.After.Status), What: differences(before, c.After.Readiness),
		EventID: client.Text(c.EventID), RequestID: client.Text(c.RequestID),
	}
	if v.EventID != "" {
		v.EventPage, v.EventURL = eventPath(v.EventID), eventURL(a, v.EventID)
	}
	if c.SellerID != a.SellerID {
		v.SellerID = c.SellerID
	}
	return v
}

// eventURL is the event's page in the Dashboard of the account: it is there that a connected account's events are.
func eventURL(a client.Account, eventID string) string {
	page := a.ID + "/test/events/" + eventID
	if a.Livemode {
		page = a.ID + "/events/" + eventID
	}
	return "https://dashboard.stripe.com/" + page
}
