package mail

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// readinessOf is what was last published of a seller; the zero Readiness where nothing was.
func readinessOf(sellerID string, stored []byte) (ready client.Readiness, err error) {
	if stored == nil {
		return ready, nil
	}
	if err := json.Unmarshal(stored, &ready); err != nil {
		return ready, fmt.Errorf("readiness of seller %s as stored: %w", sellerID, err)
	}
	return ready, nil
}

// holds reports whether what a kind of mail tells about these is so.
func holds(kind Kind, about []string, ready client.Readiness) bool {
	switch kind {
	case Connected:
		return IsConnected(ready)
	case Due, Reminder:
		return len(DueOf(ready)) > 0
	case SwitchedOff:
		return IsConnected(ready) && slices.ContainsFunc(about, func(thing string) bool { return !isOn(Thing(thing), ready) })
	case SwitchedOn:
		return IsConnected(ready) && slices.ContainsFunc(about, func(thing string) bool { return isOn(Thing(thing), ready) })
	case Disconnected:
		return account.Status(ready.Status) == account.Disconnected
	}
	return false
}

// IsConnected reports whether the seller has an account, whatever its state.
func IsConnected(ready client.Readiness) bool {
	switch account.Status(ready.Status) {
	case "", account.NotConnected, account.Disconnected:
		return false
	}
	return true
}

func isOn(thing Thing, ready client.Readiness) bool {
	if thing == Charges {
		return ChargesOn(ready)
	}
	return PayoutsOn(ready)
}

// ChargesOn reports whether nothing says that charges are off.
func ChargesOn(ready client.Readiness) bool { return !says(ready, account.CodeChargesDisabled) }

// PayoutsOn is ChargesOn of payouts.
func PayoutsOn(ready client.Readiness) bool { return !says(ready, account.CodePayoutsDisabled) }

func says(ready client.Readiness, code account.Code) bool {
	return slices.ContainsFunc(ready.Reasons, func(r client.Reason) bool { return account.Code(r.Code) == code })
}

// DueOf are the reasons that name something that is due, now or at a deadline.
func DueOf(ready client.Readiness) []client.Reason {
	var due []client.Reason
	for _, r := range ready.Reasons {
		switch account.Code(r.Code) {
		case account.CodeRequirementDue, account.CodeRequirementPastDue:
			due = append(due, r)
		}
	}
	return due
}

// deadlineOf is the first deadline that is still to come; nil where there is none.
func deadlineOf(ready client.Readiness, now time.Time) *time.Time {
	var first *time.Time
	for _, r := range DueOf(ready) {
		if r.Deadline != nil && r.Deadline.After(now) && (first == nil || r.Deadline.Before(*first)) {
			first = r.Deadline
		}
	}
	return first
}
