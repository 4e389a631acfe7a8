package web

import (
	"strconv"
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

// TestSoManyPlansAreKept: of more, the one that was asked for longest ago is begun anew.
func TestSoManyPlansAreKept(t *testing.T) {
	t.Parallel()
	p, made := newPlans(), 0
	ask := func(key int) {
		_, err := p.of(strconv.Itoa(key), time.Unix(0, 0), func() (*registry.Planner, error) { made++; return &registry.Planner{}, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	for key := range plansKept + 1 {
		ask(key)
	}
	ask(1)
	if ask(0); made != plansKept+2 {
		t.Errorf("%d were made", made)
	}
}

// TestOnePlanIsWorkedOnAtATime: who asks for another meanwhile is told what is known of it.
func TestOnePlanIsWorkedOnAtATime(t *testing.T) {
	t.Parallel()
	p := newPlans()
	if !p.work.TryAcquire(1) {
		t.Fatal("somebody works")
	}
	of := &plan{planner: &registry.Planner{}, known: planned{Against: 7}} // a planner without a registry would panic
	known, err := p.goOn(t.Context(), of, time.Millisecond, time.Now)
	if err != nil || known.Against != 7 {
		t.Errorf("%+v, %v", known, err)
	}
}
