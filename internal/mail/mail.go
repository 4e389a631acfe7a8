// Package mail writes to sellers and admins what they have to know: which mails are made, when, what they say, and the
// sending.
//
// It may import account (its words), brand, client, db and words. Its one rule: what is sent is true when it is sent, and a
// seller hears of a cause once in 24 hours at most. No address is kept or logged beside the seller's own row.
package mail

import (
	"slices"
	"strings"
)

// Kind is a sort of mail.
type Kind string

// The kinds. The first are to sellers, those from Digest on to admins.
const (
	Connected    Kind = "connected"
	Due          Kind = "due"
	Reminder     Kind = "reminder" // of what is due, before a deadline
	SwitchedOff  Kind = "switched_off"
	SwitchedOn   Kind = "switched_on"
	Disconnected Kind = "disconnected"

	Digest      Kind = "digest"       // of passes of the health scan that found something
	EndpointOff Kind = "endpoint_off" // an event endpoint was switched off
)

// Kinds are all, in the order of the constants.
func Kinds() []Kind {
	return []Kind{Connected, Due, Reminder, SwitchedOff, SwitchedOn, Disconnected, Digest, EndpointOff}
}

// Known reports whether there is such a kind.
func Known(kind string) bool { return slices.Contains(Kinds(), Kind(kind)) }

func (k Kind) toAdmin() bool { return k == Digest || k == EndpointOff }

// Wish is that a mail be made.
type Wish struct {
	// SellerID is whom it is for, "" for admins.
	SellerID string
	Kind     Kind
	// Subject tells what it is about where a kind is about one of several things: an endpoint's id.
	Subject string
	// About is what was switched, of SwitchedOff and SwitchedOn: they are told while that is so of one of them.
	About []Thing
	// Position is that of the change that it tells of; 0 where it tells of none.
	Position int64
}

// Thing is what Stripe switches off and on.
type Thing string

// What is switched.
const (
	Charges Thing = "charges"
	Payouts Thing = "payouts"
)

// cause is what mails are counted by. A reminder is of what a Due has told.
func (w Wish) cause() string {
	switch {
	case w.Kind == Reminder:
		return string(Due)
	case w.Subject != "":
		return string(w.Kind) + "." + w.Subject
	}
	return string(w.Kind)
}

// subjectOf is the Subject of the wish that the cause is of.
func subjectOf(cause string) string {
	_, subject, _ := strings.Cut(cause, ".")
	return subject
}
