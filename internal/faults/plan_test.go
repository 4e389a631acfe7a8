//go:build faults

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// step is a fault, sometimes two at once, that lasts, and the calm after it.
type step struct {
	faults     []fault
	last, calm time.Duration
}

// plan draws steps: each fault once, in any order, and again, until the time is used up. No time is measured: the same seed plans
// the same.
type plan struct {
	choose  *rand.Rand
	longest time.Duration
	left    []fault
}

func newPlan(seed uint64, whole time.Duration) *plan {
	return &plan{choose: choices(seed, "plan"), longest: min(max(whole/30, 2*time.Second), 15*time.Second)}
}

// roundIsOver tells whether each fault has happened as often as the others.
func (p *plan) roundIsOver() bool { return len(p.left) == 0 }

func (p *plan) next() step {
	if p.roundIsOver() {
		for _, i := range p.choose.Perm(len(faults)) {
			p.left = append(p.left, faults[i])
		}
	}
	s := step{
		faults: p.left[:1],
		last:   500*time.Millisecond + p.mostlyShort(p.longest),
		calm:   p.mostlyShort(p.longest / 2),
	}
	if len(p.left) > 1 && p.left[0].uses != p.left[1].uses && p.choose.IntN(3) == 0 {
		s.faults = p.left[:2]
	}
	p.left = p.left[len(s.faults):]
	return s
}

// mostlyShort draws a time of which a third of the longest is the mean.
func (p *plan) mostlyShort(longest time.Duration) time.Duration {
	share := p.choose.Float64()
	return time.Duration(share * share * float64(longest))
}

// breakThings does the plan for so long, and ends it with each fault done as often as the others.
func (w *world) breakThings(seed uint64, whole time.Duration) error {
	p := newPlan(seed, whole)
	for end := time.Now().Add(whole); time.Now().Before(end) || !p.roundIsOver(); {
		s := p.next()
		failed := make([]error, len(s.faults))
		var under sync.WaitGroup
		for i, f := range s.faults {
			choose := rand.New(rand.NewPCG(p.choose.Uint64(), uint64(i)))
			under.Go(func() { failed[i] = w.suffer(f, choose, s.last) })
		}
		under.Wait()
		for i, err := range failed {
			if err != nil {
				return fmt.Errorf("%s: %w", s.faults[i].name, err)
			}
		}
		pause(w.ctx, s.calm)
	}
	return nil
}

// suffer does a fault, waits, and undoes it.
func (w *world) suffer(f fault, choose *rand.Rand, last time.Duration) error {
	done := &Fault{Name: f.name, From: time.Now()}
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Minute)
	defer cancel()
	made, err := f.do(ctx, w, choose)
	if err != nil {
		return err
	}
	w.t.Logf("%v %s %s", time.Since(w.began).Round(time.Millisecond), f.name, made.on)
	pause(ctx, last)
	for soon := time.Now().Add(20 * time.Second); made.enough != nil && !made.enough() && time.Now().Before(soon); {
		pause(ctx, 50*time.Millisecond)
	}
	if err := made.undo(ctx); err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	done.On, done.Until = made.on, time.Now()
	w.record.Add(Line{Fault: done})
	return nil
}
