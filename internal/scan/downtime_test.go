package scan_test

import (
	"testing"
	"time"
)

func TestAWeekOfDowntimeForgetsNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(5)
	p.tick()
	due := map[string]time.Time{}
	for _, id := range ids {
		due[id] = *p.row(id).NextCheckAt
	}
	p.advance(35 * day)
	again := openPlace(t, p.pool, p.clock, p.stripe, 20)
	for _, id := range ids {
		if at := *again.row(id).NextCheckAt; !at.Equal(due[id]) {
			t.Errorf("account %s was due at %s and is due at %s", id, due[id], at)
		}
	}
	if n := again.tick(); n != len(ids) {
		t.Errorf("%d accounts were checked after the downtime, want %d", n, len(ids))
	}
}

func TestChecksSpreadOut(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	days := map[time.Duration]int{}
	for _, id := range p.connectDue(40) {
		p.check(id)
		days[p.row(id).NextCheckAt.Sub(p.clock.Now()).Truncate(6*time.Hour)]++
	}
	if len(days) < 3 {
		t.Errorf("40 accounts that were checked together are due in %v", days)
	}
}
