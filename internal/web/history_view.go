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
	EventURL      string   // in Stripe's Dashboard
	RequestID     string   // Stripe's id of the request behind it; ""
	Position      int64
	SellerID      string // where it was another's; ""
}

// newHistory shows at most historyLength changes; older is where the rest goes on, 0 where there is none.
func newHistory(a client.Account, changes []client.Change) (shown []changeView, older int64) {
	if len(changes) > historyLength {
		changes = changes[:historyLength]
		older = changes[len(changes)-1].Position
	}
	for _, c := range changes {
		shown = append(shown, newChangeView(a, c))
	}
	return shown, older
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
		v.EventURL = eventURL(a, v.EventID)
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
