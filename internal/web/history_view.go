package web

import (
	"slices"
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
	RequestID     string   // Stripe's id of the request behind it; ""
	Position      int64
	SellerID      string
}

// newHistory shows at most historyLength changes; older is where the rest goes on, 0 where there is none.
func newHistory(changes []client.Change) (shown []changeView, older int64) {
	if len(changes) > historyLength {
		changes = changes[:historyLength]
		older = changes[len(changes)-1].Position
	}
	for _, c := range changes {
		shown = append(shown, newChangeView(c))
	}
	return shown, older
}

func newChangeView(c client.Change) changeView {
	before := client.Readiness{Status: string(account.NotConnected)}
	if c.Before != nil {
		before = c.Before.Readiness
	}
	return changeView{
		At: c.At, By: sourceWords(registry.Source(c.Source)), Position: c.Position, SellerID: c.SellerID,
		Before: newStatusView(before.Status), After: newStatusView(c.After.Status), What: differences(before, c.After.Readiness),
		EventID: client.Text(c.EventID), RequestID: client.Text(c.RequestID),
	}
}

// differences say in words what of readiness changed beside the status.
func differences(before, after client.Readiness) []string {
	var what []string
	for _, fact := range []struct {
		was, is bool
		off, on string
	}{
		{before.CanTransact, after.CanTransact, "can no longer transact", "can transact"},
		{before.CanAcceptPayments, after.CanAcceptPayments, "payments off", "payments on"},
		{before.CanReceivePayouts, after.CanReceivePayouts, "payouts off", "payouts on"},
		{before.AllowUnlink, after.AllowUnlink, "unlink no longer offered", "unlink offered"},
	} {
		switch {
		case fact.was && !fact.is:
			what = append(what, fact.off)
		case fact.is && !fact.was:
			what = append(what, fact.on)
		}
	}
	if client.Text(before.DisplayName) != client.Text(after.DisplayName) {
		what = append(what, "name")
	}
	if client.Text(before.Country) != client.Text(after.Country) || client.Text(before.Currency) != client.Text(after.Currency) {
		what = append(what, "country or currency")
	}
	if !sameRequirements(before.Requirements, after.Requirements) {
		what = append(what, "requirements")
	}
	return what
}

func sameRequirements(a, b client.Requirements) bool {
	return slices.Equal(a.PastDue, b.PastDue) && slices.Equal(a.CurrentlyDue, b.CurrentlyDue) &&
		slices.Equal(a.EventuallyDue, b.EventuallyDue) && slices.Equal(a.PendingVerification, b.PendingVerification) &&
		slices.Equal(a.Errors, b.Errors) && client.Text(a.DisabledReason) == client.Text(b.DisabledReason) &&
		sameTime(a.CurrentDeadline, b.CurrentDeadline)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
