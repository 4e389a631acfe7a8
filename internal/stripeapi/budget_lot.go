package stripeapi

import (
	"math"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// lot is calls that the scan may make, one at each of the moments from next on.
type lot struct {
	next    time.Time
	spacing time.Duration
	left    int
}

// taken is what came of asking for a lot.
type taken struct {
	lot lot
	err error
}

// lotOf places a lot by this process's clock. The moments that have gone by before the answer came are lost, since others go on
// by theirs; of those all have, one call remains, so that a Postgres that is always so slow does not stop the scan.
func (b *Budget) lotOf(row db.UseStripeBudgetRow) lot {
	received := b.cfg.Clock.Now()
	begins := row.At.Add(seconds(row.Ahead) - b.noteSkew(row.At.Sub(received)))
	l := lot{next: begins, spacing: seconds(row.Spacing), left: int(row.N)}
	if last := begins.Add(l.spacing * time.Duration(l.left-1)); last.Before(received) {
		l.next, l.left = received, min(l.left, 1)
	}
	return l
}

// noteSkew learns how far the row's clock, which is that of the replica whose clock is the most ahead, is ahead of this
// process's: at least by so much. It grows towards the truth, as answers come sooner after the other replica's.
func (b *Budget) noteSkew(atLeast time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if atLeast > b.skew && atLeast <= skewHeeded {
		b.skew = atLeast
	}
	return b.skew
}

// rowNow is the time by the row's clock.
func (b *Budget) rowNow() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cfg.Clock.Now().Add(b.skew)
}

// take takes the lot's next moment. Moments before the given one are lost.
func (l *lot) take(notBefore time.Time) (time.Time, bool) {
	for l.left > 0 {
		at := l.next
		l.next, l.left = l.next.Add(l.spacing), l.left-1
		if !at.Before(notBefore) {
			return at, true
		}
	}
	return time.Time{}, false
}

// seconds rounds up: moments a nanosecond too close would be one too many in a second.
func seconds(s float64) time.Duration {
	return time.Duration(math.Ceil(s * float64(time.Second)))
}
