package faults

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// accountsEqualStripe: each account is connected here where it is at Stripe, with Stripe's facts, and its seller's readiness is
// what they make of it; and whatever is connected at Stripe is known here.
func accountsEqualStripe(r Report) (broken []string) {
	for _, a := range r.Accounts {
		broken = append(broken, a.differs()...)
	}
	return append(broken, stripesAreKnown(r)...)
}

// stripesAreKnown: each account that Stripe lists has a row, unless the answer that named it was lost, or may have been, or the
// seller could not have it. Of an account that no answer named there can be no row: there are as many as answers were lost at most.
func stripesAreKnown(r Report) (broken []string) {
	here, named := map[string]bool{}, map[string]Exchange{}
	for _, a := range r.Accounts {
		here[a.ID] = true
	}
	lost, unnamed := 0, 0
	for _, e := range r.Exchanges {
		if named[e.Account] = e; e.Account == "" && (e.Status < 400 || e.Status >= 500) {
			lost++
		}
	}
	for _, effect := range slices.Sorted(maps.Keys(r.Stored)) {
		id, isStripes := strings.CutPrefix(effect, "connected ")
		if !isStripes || here[id] || r.Stored["declined "+id] > 0 {
			continue
		}
		if by, ok := named[id]; !ok {
			unnamed++
		} else if !isCut(r.Faults, by.At) {
			broken = append(broken, fmt.Sprintf("account %s is connected at Stripe since %v, and unknown here", id, by.At))
		}
	}
	if unnamed > lost {
		broken = append(broken, fmt.Sprintf("%d accounts are connected at Stripe of which no answer is known; %d answers were lost", unnamed, lost))
	}
	return broken
}

func (a Account) differs() (broken []string) {
	say := func(format string, args ...any) {
		broken = append(broken, fmt.Sprintf("account %s ", a.ID)+fmt.Sprintf(format, args...))
	}
	if a.Here.Connected != a.Stripe.Connected {
		say("is connected here: %t, at Stripe: %t", a.Here.Connected, a.Stripe.Connected)
		return broken
	}
	if a.Here.Connected != (a.Holds != "") {
		say("is connected: %t, and held by %q", a.Here.Connected, a.Holds)
	}
	if !a.Here.Connected {
		return broken
	}
	if here, there := a.Here.normal(), a.Stripe.normal(); !reflect.DeepEqual(here, there) {
		say("is here %+v, at Stripe %+v", here, there)
	}
	if a.Tells != a.ID {
		say("is held by %s, whose readiness names %q", a.Holds, a.Tells)
	}
	if a.May && !a.Stripe.able() {
		say("may transact by readiness, and can't by Stripe: %+v", a.Stripe)
	}
	if !a.May && a.Stripe.able() && a.Stripe.DisabledReason == "" && a.Stripe.active() {
		say("may not transact by readiness, and can by Stripe: %+v", a.Stripe)
	}
	return broken
}

// able is what a yes takes at the least.
func (f Facts) able() bool {
	return f.Connected && f.ChargesEnabled && f.PayoutsEnabled && f.DetailsSubmitted
}

func (f Facts) active() bool { return f.Capabilities["card_payments"] == "active" }

func (f Facts) normal() Facts {
	f.CurrentlyDue, f.PastDue = sorted(f.CurrentlyDue), sorted(f.PastDue)
	if len(f.Capabilities) == 0 {
		f.Capabilities = nil
	}
	return f
}

func sorted(list []string) []string { return append([]string{}, slices.Sorted(slices.Values(list))...) }

// overdueAfter is how long a due check may take to be made where nothing is broken: the pass of the next second, a claim that a
// killed process left behind (15 s), a second for each of Stripe's limits, and the time that a slow machine takes.
const overdueAfter = 60 * time.Second

// noDueDateMissed: no connected account has been forgotten by the queue of checks, or waits there for longer than is said.
func noDueDateMissed(r Report) (broken []string) {
	for _, a := range r.Accounts {
		switch late := a.Looked.Sub(a.DueAt); {
		case !a.Here.Connected:
		case a.DueAt.IsZero():
			broken = append(broken, fmt.Sprintf("account %s is connected and never due", a.ID))
		case a.HeldBack:
			broken = append(broken, fmt.Sprintf("account %s is held back, with the brake off", a.ID))
		case late > overdueAfter:
			broken = append(broken, fmt.Sprintf("account %s was due %v ago", a.ID, late))
		}
	}
	return broken
}
