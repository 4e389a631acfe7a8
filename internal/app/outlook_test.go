package app

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
)

// outside is Stripe as an outlook asks it.
type outside struct {
	asked  atomic.Int64
	answer chan []Finding // who is asked waits for it
}

func (o *outside) ask(ctx context.Context) []Finding {
	o.asked.Add(1)
	select {
	case found := <-o.answer:
		return found
	case <-ctx.Done():
		return []Finding{{Name: "key", State: Wrong, Words: ctx.Err().Error()}}
	}
}

// TestStripeIsAskedSeldom: by one at a time, and only where what is known is older than it may be.
func TestStripeIsAskedSeldom(t *testing.T) {
	t.Parallel()
	clock := quartz.NewMock(t)
	stripe := &outside{answer: make(chan []Finding, 1)}
	o := newOutlook(t.Context(), func() time.Time { return clock.Now() }, stripe.ask)
	look := func(fresh time.Duration, asked int64, words string) {
		t.Helper()
		seen := o.look(t.Context(), fresh)
		if len(seen.found) != 1 || seen.found[0].Words != words || stripe.asked.Load() != asked {
			t.Errorf("%v, after %d calls", seen, stripe.asked.Load())
		}
	}
	stripe.answer <- []Finding{{Name: "key", State: Fine, Words: "one"}}
	look(freshWhereOpened, 1, "one")
	look(freshWhereAsked, 1, "one")
	clock.Advance(2 * time.Minute)
	look(freshWhereOpened, 1, "one")
	stripe.answer <- []Finding{{Name: "key", State: Fine, Words: "two"}}
	look(freshWhereAsked, 2, "two")
	clock.Advance(6 * time.Minute)
	look(freshWhereLeft, 2, "two")
	stripe.answer <- []Finding{{Name: "key", State: Fine, Words: "three"}}
	look(freshWhereOpened, 3, "three")
}

// TestNobodyWaitsForStripeThatHangs: what was known stays in sight, with since when it is being asked.
func TestNobodyWaitsForStripeThatHangs(t *testing.T) {
	t.Parallel()
	clock := quartz.NewMock(t)
	stripe := &outside{answer: make(chan []Finding)}
	running, stop := context.WithCancel(t.Context())
	o := newOutlook(running, func() time.Time { return clock.Now() }, stripe.ask)
	first, cancel := context.WithCancel(t.Context())
	cancel() // whoever looks has gone
	began := clock.Now()
	if seen := o.look(first, freshWhereOpened); seen.at != nil || seen.since == nil || !seen.since.Equal(began) || len(seen.found) != 0 {
		t.Errorf("%v", seen)
	}
	clock.Advance(patience + time.Second)
	if seen := o.look(t.Context(), freshWhereOpened); seen.since == nil || stripe.asked.Load() > 1 {
		t.Errorf("%v, after %d calls", seen, stripe.asked.Load())
	}
	stop()
	o.asking.Wait()
	if seen := o.look(t.Context(), freshWhereOpened); seen.since != nil || len(seen.found) != 1 {
		t.Errorf("after its end: %v", seen)
	}
}
