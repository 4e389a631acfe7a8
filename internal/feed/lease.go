package feed

import (
	"time"

	"github.com/connectd/connectd/internal/age"
)

// Lease is for how long a poll that found nothing more is good: a copy answers no later after the poll's beginning.
const Lease = 250 * time.Millisecond

func (w *window) leased(now time.Time) bool { return w.polledWithin(Lease, now) }

// polledWithin reports whether the window's last poll began at most so long ago.
func (w *window) polledWithin(d time.Duration, now time.Time) bool {
	return age.Of(w.asked, now) <= d
}
