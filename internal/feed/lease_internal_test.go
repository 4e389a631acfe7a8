package feed

import (
	"testing"
	"time"
)

// TestALeaseCountsFromThePollsBeginning.
func TestALeaseCountsFromThePollsBeginning(t *testing.T) {
	t.Parallel()
	began := time.Now()
	w := window{asked: began}
	for after, want := range map[time.Duration]bool{0: true, Lease: true, Lease + 1: false, time.Hour: false} {
		if w.leased(began.Add(after)) != want {
			t.Errorf("after %v: want %t", after, want)
		}
	}
	if (&window{}).leased(began) {
		t.Error("there is a lease before the first poll")
	}
}

// TestALeaseEndsWhileTheMachineSleeps, though the monotonic clock then stands still: it is left out of these.
func TestALeaseEndsWhileTheMachineSleeps(t *testing.T) {
	t.Parallel()
	began := time.Now().Round(0)
	w := window{asked: began}
	if w.leased(began.Add(time.Minute)) {
		t.Error("it is leased a minute later")
	}
	if !w.leased(began.Add(-time.Minute)) {
		t.Error("a clock that was set back ends it")
	}
}
