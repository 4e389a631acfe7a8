package sandbox

import (
	"path/filepath"
	"testing"
	"time"
)

func TestChangeThatCannotBeKeptDoesNotComeAbout(t *testing.T) {
	t.Parallel()
	s, err := openState(t.Context(), Config{StateFile: filepath.Join(t.TempDir(), "state.jsonl")}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	err = s.update(func(tx *transaction) error {
		tx.putAccount(account{ID: "acct_1", Type: standard})
		return nil
	})
	if err == nil || s.world.accounts["acct_1"] != nil {
		t.Errorf("change that was not written: error %v, account %v", err, s.world.accounts["acct_1"])
	}
}

func TestOldEventsAreForgottenButNotThoseThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(newClock(time.Now))
	waiting := &event{ID: "evt_waiting", Pending: []string{"we_1"}}
	w.putEvent(waiting)
	for range 2 * keptEvents {
		w.putEvent(&event{ID: newID("evt")})
	}
	if w.events["evt_waiting"] == nil || w.timeline[0] != waiting {
		t.Error("an event that was not delivered was forgotten")
	}
	if n := len(w.timeline); n < keptEvents || n > 2*keptEvents || n != len(w.events) {
		t.Errorf("%d events are kept, %d by id", n, len(w.events))
	}
}
