package web

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/registry"
)

// TestAPlanIsNotMadeWhileOthersWait: that asks the database, which may hang.
func TestAPlanIsNotMadeWhileOthersWait(t *testing.T) {
	t.Parallel()
	p := newPlans()
	_, err := p.of("a", time.Unix(0, 0), func() (*registry.Planner, error) {
		if !p.mu.TryLock() {
			t.Fatal("others wait")
		}
		p.mu.Unlock()
		return &registry.Planner{}, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAPlanThatNobodyWentOnWithIsBegunAnew: what it judged then and what it judges now would not be of one moment.
func TestAPlanThatNobodyWentOnWithIsBegunAnew(t *testing.T) {
	t.Parallel()
	p, now := newPlans(), time.Unix(0, 0)
	planAt := func(at time.Time) *plan {
		found, err := p.of("a", at, func() (*registry.Planner, error) { return &registry.Planner{}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	first := planAt(now)
	now = now.Add(planKept)
	if planAt(now) != first {
		t.Error("it is begun anew at once")
	}
	first.add(nil, now)
	now = now.Add(planKept)
	if planAt(now) != first {
		t.Error("it was worked on, and is begun anew")
	}
	if planAt(now.Add(time.Second)) == first {
		t.Error("it is gone on with")
	}
}
