package account

import "time"

// Interval is when something was true by Stripe's clock: somewhere in [From, To]. An event is true at its created, From
// and To alike; a retrieval somewhere between the moment its request left and the Date of its answer.
type Interval struct {
	From, To time.Time
}

// At is the interval of an event.
func At(t time.Time) Interval { return Interval{From: t, To: t} }

// Raise moves both ends forward to those of other, and never back.
func (i Interval) Raise(other Interval) Interval {
	return Interval{From: Later(i.From, other.From), To: Later(i.To, other.To)}
}

// Equal reports whether both ends are the same instants.
func (i Interval) Equal(other Interval) bool {
	return i.From.Equal(other.From) && i.To.Equal(other.To)
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
