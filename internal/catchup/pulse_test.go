package catchup_test

import (
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// TestOneGapIsFoundOnce however many processes start at once, and none while any of them beats.
func TestOneGapIsFoundOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	replicas := []*replica{p.replica}
	for range 3 {
		replicas = append(replicas, p.open(registry.Brake{}, p.box.Key))
	}
	var starting sync.WaitGroup
	for _, r := range replicas {
		starting.Go(func() {
			if err := r.pulse.Tick(t.Context(), p.now); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if n := p.count(`select count(*) from catch_ups`); n != 1 {
		t.Errorf("%d catch-ups for one gap", n)
	}
	if since, want := p.report().Open.Since, p.now.Add(-24*time.Hour); !since.Equal(want.Truncate(time.Microsecond)) {
		t.Errorf("since %s, want %s", since, want)
	}
	for range 4 * 24 * 7 { // a week in which one of four processes is alive at a time
		p.now = p.now.Add(15 * time.Minute)
		if err := replicas[p.now.Minute()%4].pulse.Tick(t.Context(), p.now); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.count(`select count(*) from catch_ups`); n != 1 {
		t.Errorf("%d catch-ups, though somebody was alive", n)
	}
}

// TestAnEndpointThatIsSwitchedOff is found at a start and meanwhile, asked for each minute from then on, and caught up with once
// more when it is on again.
func TestAnEndpointThatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.wasDown(time.Minute)
	p.beat()
	if p.report().Open != nil {
		t.Fatal("there was no gap")
	}
	p.heard = catchup.SwitchedOff
	p.now = p.now.Add(time.Minute)
	p.beat()
	if p.report().Deaf {
		t.Error("Stripe was asked again after a minute")
	}
	p.aliveFor(longestGap)
	found := p.report()
	if !found.Deaf || found.Open == nil {
		t.Fatalf("it was not noticed: %+v", found)
	}
	p.catchUp()
	p.heard = catchup.Enabled
	p.now = p.now.Add(time.Minute)
	p.beat()
	report := p.report()
	if report.Deaf || report.Open == nil || !report.Open.Since.Equal(found.Open.OpenedAt) {
		t.Errorf("on again: %+v", report)
	}
	p.catchUp()
	p.aliveFor(longestGap)
	if n := p.count(`select count(*) from catch_ups where finished_at is not null`); n != 2 || !p.isCaughtUp() {
		t.Errorf("%d catch-ups have ended, want 2", n)
	}
}

// aliveFor lets time go by in which it beats.
func (p *place) aliveFor(d time.Duration) {
	p.t.Helper()
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(time.Minute)
		p.beat()
	}
}

// TestARestoreIsCaughtUpWith from the last beat in the dump, once, also where the next start comes later.
func TestARestoreIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.wasDown(49 * time.Hour)
	since, err := catchup.Restored(t.Context(), db.New(p.pool), p.now)
	if want := p.now.Add(-49 * time.Hour).Truncate(time.Microsecond); err != nil || !since.Equal(want) {
		t.Fatalf("since %s, want %s: %v", since, want, err)
	}
	p.beat()
	if open := p.report().Open; !open.Since.Equal(since) || p.count(`select count(*) from catch_ups`) != 1 {
		t.Errorf("%+v after the start", open)
	}
	p.now = p.now.Add(2 * longestGap)
	p.beat()
	if open := p.report().Open; !open.Since.Equal(since) || p.count(`select count(*) from catch_ups where finished_at is null`) != 1 {
		t.Errorf("%+v after a start that came late", open)
	}
}

// TestAnEndpointThatNobodyKnowsOf costs no more of Stripe's reads than one that is on: a question at the start, and one each gap.
func TestAnEndpointThatNobodyKnowsOf(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.wasDown(time.Minute)
	p.heard = catchup.Unknown
	p.beat()
	p.aliveFor(2 * longestGap)
	if n := p.asked.Load(); n < 2 || n > 3 {
		t.Errorf("Stripe was asked %d times", n)
	}
}
