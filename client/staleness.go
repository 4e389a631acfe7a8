package client

import (
	"slices"
	"time"
)

// staleness is what connectd makes of a last check that is too long ago. That is judged when readiness is read: no entry of the
// feed tells that time has gone by. nil is that of a connectd that does not say its own; it has judged what it sent.
type staleness struct {
	after time.Duration // since the last check
	deny  bool          // no yes is made of what is stale
}

// stalenessOf is the rule that a page of the feed or of the snapshot was answered under.
func stalenessOf(afterSeconds float64, deny bool) *staleness {
	if afterSeconds <= 0 {
		return nil
	}
	return &staleness{time.Duration(afterSeconds * float64(time.Second)), deny}
}

const codeStale = "stale"

// judge says of r what connectd says of it at that moment. r has not been judged before.
func (s *staleness) judge(r *Readiness, now time.Time) {
	if s == nil {
		return
	}
	r.Stale = r.CheckedAt != nil && now.Sub(*r.CheckedAt) > s.after
	if r.Stale && s.deny && r.CanTransact {
		r.CanTransact = false
		r.Reasons = slices.Concat([]Reason{{
			Code: codeStale, Who: "platform", Message: "The account was not checked for too long.",
		}}, r.Reasons)
	}
}

// unjudged takes back what connectd has judged of r when it was sent.
func (s *staleness) unjudged(r Readiness) Readiness {
	if s == nil {
		return r
	}
	if r.Stale && !r.CanTransact && len(r.Reasons) > 0 && r.Reasons[0].Code == codeStale {
		r.CanTransact, r.Reasons = true, r.Reasons[1:]
	}
	r.Stale = false
	return r
}
