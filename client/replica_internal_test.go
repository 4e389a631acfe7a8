package client

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestNobodyReadsAnOldYesWhileTheTableIsReplaced: a replica beyond its MaxAge has started over, and the seller can't transact
// any more. Before that it is too old, and after it the answer is no.
func TestNobodyReadsAnOldYesWhileTheTableIsReplaced(t *testing.T) {
	t.Parallel()
	var yes atomic.Int64
	old, fresh := &Table{}, &Table{}
	old.Put(Readiness{SellerID: "s", CanTransact: true, Version: 1})
	fresh.Put(Readiness{SellerID: "s", CanTransact: false, Version: 2})
	aged := func() *Replica {
		long := time.Now().Add(-time.Hour)
		r := &Replica{maxAge: time.Minute}
		r.heard.Store(&long)
		r.table.Store(old)
		return r
	}
	var now atomic.Pointer[Replica]
	now.Store(aged())
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			for range 1000 {
				if now.Load().CanTransact("s") {
					yes.Add(1)
				}
			}
		}
	}()
	for range 50_000 {
		r := aged()
		now.Store(r)
		for range 20 {
			_ = r.Age()
		}
		r.publish(mark{table: fresh, heard: time.Now()})
	}
	close(stop)
	<-done
	if n := yes.Load(); n > 0 {
		t.Errorf("%d times yes, which was true an hour ago", n)
	}
}

// TestAnAnswerThatCameTooLateIsOld: the machine was suspended after it had been given.
func TestAnAnswerThatCameTooLateIsOld(t *testing.T) {
	t.Parallel()
	asked := time.Now()
	for name, c := range map[string]struct {
		now   time.Time
		fresh bool
	}{
		"at once":                   {asked.Add(time.Millisecond), true},
		"after the wait":            {asked.Add(10 * time.Second), true},
		"too late to be its answer": {asked.Add(time.Hour), false},
	} {
		want := asked
		if c.fresh {
			want = c.now
		}
		if heard := heardAt(asked, c.now, 15*time.Second); !heard.Equal(want) {
			t.Errorf("%s: heard at %v, want %v", name, heard, want)
		}
	}
}
