package feed

import (
	"testing"
	"time"
	"unsafe"
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

// TestNothingIsFreshOnceTheMachineHasSlept: what was found before, by a monotonic clock that stood still, is of no moment ago.
func TestNothingIsFreshOnceTheMachineHasSlept(t *testing.T) {
	t.Parallel()
	f := &Feed{}
	f.window.Store(&window{asked: time.Now()})
	if !f.Fresh() || !f.window.Load().leased(time.Now()) {
		t.Error("nothing is fresh, or leased, right after a poll")
	}
	f.window.Store(&window{asked: beforeSleep(t, time.Hour)})
	if f.Fresh() || f.window.Load().leased(time.Now()) {
		t.Error("it is fresh, or leased, by a poll of an hour ago")
	}
}

// beforeSleep is a moment that is so long ago, and now by the monotonic clock. Its first word has the seconds of the wall
// clock from the 31st bit on (time.Time).
func beforeSleep(t *testing.T, d time.Duration) time.Time {
	t.Helper()
	moment := time.Now()
	*(*uint64)(unsafe.Pointer(&moment)) -= uint64(d/time.Second) << 30
	if ago := time.Since(moment); ago > d/2 || time.Now().Round(0).Sub(moment.Round(0)) < d {
		t.Fatalf("time.Time is laid out otherwise: %v", moment)
	}
	return moment
}
