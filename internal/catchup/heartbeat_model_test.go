package catchup

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNothingIsMissedThatIsNotFound: connectd is there and not, and Stripe's endpoint on and off, for any times. When both have been
// there for long enough, a gap has been found from before each event on that never came. (What came to nobody for less than the
// longest gap, with the endpoint on, Stripe sends again.)
func TestNothingIsMissedThatIsNotFound(t *testing.T) {
	t.Parallel()
	const longest, step = time.Hour, 5 * time.Minute
	rapid.Check(t, func(t *rapid.T) {
		w := world{now: noon, longest: longest}
		w.live(phase{alive: true, on: true, steps: 1}, step)
		for _, p := range rapid.SliceOfN(rapid.Custom(drawPhase), 1, 12).Draw(t, "phases") {
			w.live(p, step)
		}
		w.live(phase{alive: true, on: true, steps: 30}, step)
		for _, e := range w.missed {
			t.Fatalf("an event of %s was missed, and is not caught up with; found %+v", e, w.found)
		}
	})
}

// phase is a time in which nothing changes but that events happen.
type phase struct {
	alive, on bool
	steps     int
	busy      bool
	mute      bool // Stripe does not answer
}

func drawPhase(t *rapid.T) phase {
	return phase{
		alive: rapid.Bool().Draw(t, "alive"), on: rapid.Bool().Draw(t, "on"),
		steps: rapid.IntRange(13, 400).Draw(t, "steps"), busy: rapid.Bool().Draw(t, "busy"), mute: rapid.Bool().Draw(t, "mute"),
	}
}

// answer is Stripe's when it is asked for the endpoint.
func (p phase) answer() Hearing {
	switch {
	case p.mute:
		return Unknown
	case p.on:
		return Enabled
	}
	return SwitchedOff
}

// world is Stripe's and connectd's.
type world struct {
	now     time.Time
	longest time.Duration
	heart   heartbeat
	started bool
	missed  []time.Time // events that did not come, and that no gap has taken in
	found   []gap
}

func (w *world) live(p phase, step time.Duration) {
	if !p.alive {
		w.started = false
	}
	for range p.steps {
		w.now = w.now.Add(step)
		if p.alive {
			w.tick(p)
		}
		if p.busy {
			w.happen(p)
		}
	}
}

func (w *world) tick(p phase) {
	when := meanwhile
	if !w.started {
		when = atStart
	}
	heard := Unknown
	if at := w.heart.endpointCheckedAt; when == atStart || at == nil || w.now.Sub(*at) >= w.longest || w.heart.deafSince != nil {
		heard = p.answer()
	}
	next, found := w.heart.beat(w.now, heard, when, w.longest)
	w.heart, w.started = next, true
	if found == nil {
		return
	}
	w.found = append(w.found, *found)
	left := w.missed[:0]
	for _, e := range w.missed {
		if e.Before(found.since) && w.now.Sub(e) < reach {
			left = append(left, e)
		}
	}
	w.missed = left
}

// happen is an event, which comes where somebody is there to hear it.
func (w *world) happen(p phase) {
	at := w.now
	if p.alive && p.on {
		w.heart.heardAt = &at
		return
	}
	if p.alive && p.mute && w.heart.deafSince == nil {
		return // nobody can know
	}
	w.missed = append(w.missed, at)
}
