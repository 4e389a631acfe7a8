package feed

import "time"

// Lease is for how long a poll that found nothing more is good: a copy answers no later after the poll's beginning.
const Lease = 250 * time.Millisecond

func (w *window) leased(now time.Time) bool { return w.polledWithin(Lease, now) }

// polledWithin reports whether the window's last poll began at most so long ago, by both clocks: the monotonic one stands
// still while a machine sleeps, and the other one can be set.
func (w *window) polledWithin(d time.Duration, now time.Time) bool {
	return now.Sub(w.asked) <= d && now.Round(0).Sub(w.asked.Round(0)) <= d
}
