package faults

import (
	"fmt"
	"slices"
	"time"
)

// bound is what a yes may stand for once Stripe has said no: while nothing is broken, and beside the faults' own length what is
// still waited for because of them. docs/reliability.md derives it.
type bound struct{ calm, after time.Duration }

var (
	toldBound   = bound{15 * time.Second, 70 * time.Second}  // where an event tells of the no
	tiedBound   = bound{15 * time.Second, 260 * time.Second} // where it tells that the account has gone, and a check had to confirm it
	silentBound = bound{60 * time.Second, 190 * time.Second} // where only a check can find it
)

// A spell is how long Stripe says no of an account without a break. It is what its first no was: a later one that an event tells of
// may have changed nothing at Stripe.
type spell struct {
	account     string
	from, until time.Time
	first       Truth
	tied        bool // no order could be told of the event that the account has gone
}

// spells are the noes of each account; one that lasts has no end. One that a change found, and left, lasts; one that it ended was
// over when the change began.
func spells(truths []Truth) (all []spell) {
	last := map[string]int{}
	for _, t := range truths {
		i, isOn := last[t.Account]
		switch {
		case t.No && isOn:
			all[i].until = time.Time{}
		case t.No:
			last[t.Account] = len(all)
			all = append(all, spell{account: t.Account, from: t.At, first: t})
		case !isOn:
		case all[i].until.IsZero():
			all[i].until = t.At
		}
		if !t.No && !t.Open {
			delete(last, t.Account)
		}
	}
	return all
}

func (s spell) bound() bound {
	switch {
	case s.first.Silent:
		return silentBound
	case s.first.Gone && s.tied:
		return tiedBound
	}
	return toldBound
}

// stood is how long the yes was said into the no; negative where it was not.
func (s spell) stood(y Yes) time.Duration {
	if !s.until.IsZero() && y.From.After(s.until) {
		return -1
	}
	until := y.Until
	if !s.until.IsZero() && s.until.Before(until) {
		until = s.until
	}
	return until.Sub(s.from)
}

// allowed is how long a yes that stood so long may have stood. Faults that were over shortly before the no count too, since what failed
// in them may still have been waiting.
func (s spell) allowed(stood time.Duration, faults []Fault) time.Duration {
	is := s.bound()
	until := s.from.Add(stood)
	allowed := is.calm + broken(faults, s.from, until)
	for _, f := range faults {
		if f.From.Before(until) && f.Until.Add(is.after).After(s.from) {
			return allowed + is.after
		}
	}
	return allowed
}

// broken is for how long of a time there was a fault or more.
func broken(faults []Fault, from, until time.Time) (sum time.Duration) {
	for _, f := range slices.SortedFunc(slices.Values(faults), func(a, b Fault) int { return a.From.Compare(b.From) }) {
		end := f.Until
		if end.After(until) {
			end = until
		}
		if f.From.After(from) {
			from = f.From
		}
		if end.After(from) {
			sum += end.Sub(from)
			from = end
		}
	}
	return sum
}

// noLongYes: no yes stood that Stripe called a no for longer than the bound, and none stands in the end, when nothing has been broken
// or changed for as long.
func noLongYes(r Report) (found []string) {
	able := map[string]bool{}
	for _, a := range r.Accounts {
		able[a.ID] = a.Stripe.able()
	}
	for _, a := range r.Answers {
		if a.Yes && !able[a.Account] {
			found = append(found, fmt.Sprintf("%s says yes of %s (%s) in the end, and Stripe no", a.Who, a.Seller, a.Account))
		}
	}
	eachLate(r, func(s spell, y Yes, stood time.Duration) {
		if allowed := s.allowed(stood, r.Faults); stood > allowed {
			found = append(found, fmt.Sprintf("%s was told yes of %s (%s) for %v after Stripe's no at %v; the bound is %v (no event: %t, gone: %t, a check had to confirm it: %t)",
				y.Who, y.Seller, y.Account, stood, s.from, allowed, s.first.Silent, s.first.Gone, s.tied))
		}
	})
	return found
}

// eachLate visits each yes that was said while Stripe said no.
func eachLate(r Report, visit func(spell, Yes, time.Duration)) {
	of := map[string][]spell{}
	for _, s := range spells(r.Truths) {
		s.tied = r.Stored["tie "+s.account] > 0
		of[s.account] = append(of[s.account], s)
	}
	for _, y := range r.Yeses {
		for _, s := range of[y.Account] {
			if stood := s.stood(y); stood > 0 {
				visit(s, y, stood)
			}
		}
	}
}
