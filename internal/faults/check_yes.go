package faults

import (
	"fmt"
	"time"
)

// What a yes may stand for once Stripe has said no, while nothing is broken and afterwards. docs/reliability.md derives them.
const (
	toldBound   = 15 * time.Second // where an event tells of the no
	silentBound = 60 * time.Second // where only a check can find it
	faultBound  = 70 * time.Second // what each fault adds beside its own length
)

// A spell is how long Stripe says no of an account without a break.
type spell struct {
	account     string
	from, until time.Time
	silent      bool
}

// spells are the noes of each account; one that lasts has no end.
func spells(truths []Truth) (all []spell) {
	open := map[string]int{}
	for _, t := range truths {
		i, isOpen := open[t.Account]
		switch {
		case t.No && !isOpen:
			open[t.Account] = len(all)
			all = append(all, spell{account: t.Account, from: t.At, silent: t.Silent})
		case !t.No && isOpen:
			all[i].until = t.At
			delete(open, t.Account)
		}
	}
	return all
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

// allowed is the bound of a yes that stood so long: each fault that overlaps the time adds to it, those from the longest wait before
// it too, since what failed then may still be waiting for its turn.
func (s spell) allowed(stood time.Duration, faults []Fault) time.Duration {
	bound := toldBound
	if s.silent {
		bound = silentBound
	}
	until := s.from.Add(stood)
	for _, f := range faults {
		if f.From.Before(until) && f.Until.Add(faultBound).After(s.from) {
			bound += f.Until.Sub(f.From) + faultBound
		}
	}
	return bound
}

// noLongYes: no yes stood that Stripe called a no for longer than the bound.
func noLongYes(r Report) (broken []string) {
	eachLate(r, func(s spell, y Yes, stood time.Duration) {
		if bound := s.allowed(stood, r.Faults); stood > bound {
			broken = append(broken, fmt.Sprintf("%s was told yes of %s (%s) for %v after Stripe's no at %v; the bound is %v (no event: %t)",
				y.Who, y.Seller, y.Account, stood, s.from, bound, s.silent))
		}
	})
	return broken
}

// eachLate visits each yes that was said while Stripe said no.
func eachLate(r Report, visit func(spell, Yes, time.Duration)) {
	of := map[string][]spell{}
	for _, s := range spells(r.Truths) {
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
