package scan_test

import (
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

// visits notes when Stripe was asked for what.
type visits struct {
	mu sync.Mutex
	at map[string][]time.Time // by path
}

func (p *place) watchVisits() *visits {
	v := &visits{at: map[string][]time.Time{}}
	p.stripe.onAnswer(func(path string) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.at[path] = append(v.at[path], p.clock.Now())
	})
	return v
}

func TestEachAccountIsCheckedEveryFourWeeksOfAYear(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	hourly, err := cron.ParseStandard("0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	ids, v := p.connectDue(5), p.watchVisits()
	ticks, end := 0, t0.Add(365*day)
	for now := hourly.Next(t0); now.Before(end); now = hourly.Next(now) {
		p.clock.Set(now).MustWait(t.Context())
		p.tick()
		ticks++
	}
	const latest = recheckEvery + time.Hour // the tick after the due date
	for _, id := range ids {
		last := t0
		for i, at := range append(v.at["/v1/accounts/"+id], end) {
			gap := at.Sub(last)
			if gap > latest {
				t.Errorf("account %s was left alone for %s", id, gap)
			}
			if i > 0 && at != end && gap < recheckEvery-2*day {
				t.Errorf("account %s was checked again after %s", id, gap)
			}
			last = at
		}
	}
	t.Logf("%d ticks", ticks)
}

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
