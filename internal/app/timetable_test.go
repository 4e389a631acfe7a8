package app

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatStillRunsIsNotBegunAgain: neither beside the run at the start nor beside that of a former minute.
func TestWhatStillRunsIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, begun, other atomic.Int64
		times := newTimetable()
		slow := func() {
			begun.Add(1)
			if running.Add(1) > 1 {
				t.Error("two run at once")
			}
			<-time.After(150 * time.Second)
			running.Add(-1)
		}
		if err := times.addAtOnce("@every 1m", slow); err != nil {
			t.Fatal(err)
		}
		if err := times.add("@every 1m", func() { other.Add(1) }); err != nil {
			t.Fatal(err)
		}
		times.start()
		<-time.After(10*time.Minute + time.Second)
		if err := times.stop(t.Context()); err != nil {
			t.Error(err)
		}
		if begun.Load() != 4 || other.Load() != 10 { // at 0:00, 3:00, 6:00 and 9:00; the other each minute
			t.Errorf("%d slow ones, %d others", begun.Load(), other.Load())
		}
	})
}

func TestAScheduleThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	times := newTimetable()
	for _, add := range []func(string, func()) error{times.add, times.addAtOnce} {
		if err := add("now and then", func() {}); err == nil {
			t.Error("taken")
		}
	}
}
