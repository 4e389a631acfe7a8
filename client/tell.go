package client

import (
	"errors"
	"net/http"
	"time"
)

// compare tells of each seller who differs since the replica started over.
func (f *follower) compare(former *Table) {
	if former == nil || former == f.table || f.changed == nil {
		return
	}
	for after := range f.table.All() {
		if before := former.orUnknown(after.SellerID); !alike(&before, &after) {
			f.tellChange(before, after)
		}
	}
	for before := range former.All() {
		if after := f.table.orUnknown(before.SellerID); after.Version == 0 && before.Version != 0 {
			f.tellChange(before, after)
		}
	}
}

func (f *follower) tellChange(before, after Readiness) {
	now := time.Now()
	f.stale.judge(&before, now)
	f.stale.judge(&after, now)
	f.changed(before, after)
}

// trouble notes what went wrong. What connectd has refused is final for one who starts.
func (f *follower) trouble(err error) {
	state := Interrupted
	if refused(err) {
		state = Refused
	}
	f.behind = true
	f.replica.turn(state, err)
	f.logger.Warn("connectd: the replica is not up to date", "state", state, "age", f.replica.Age(), "error", err)
	switch {
	case state == Refused:
		f.tell(err)
	case f.replica.table.Load() != nil:
		f.tell(nil)
	}
}

// refused tells whether it is not the cursor that the server refuses.
func refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !passing(err) && e.Status != http.StatusGone && e.Status != http.StatusUnprocessableEntity
}

// tell tells who waits for the start, and nobody later.
func (f *follower) tell(err error) {
	select {
	case f.settled <- err:
	default:
	}
}
