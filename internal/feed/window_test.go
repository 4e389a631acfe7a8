package feed

import (
	"testing"
	"time"
)

// TestTheWindowIsBoundedInBytesAndInAge, and what it has stays the newest.
func TestTheWindowIsBoundedInBytesAndInAge(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := &window{end: Cursor{Epoch: 1}, more: make(chan struct{})}
	for range 100 {
		w = w.extended([]Entry{{JSON: make([]byte, windowBytes/10), read: now}}).confirmed(now)
		if w.bytes > windowBytes {
			t.Fatalf("%d bytes", w.bytes)
		}
	}
	if n := len(w.entries); n != 10 || w.end.Position != 100 {
		t.Errorf("%d entries, the last at %s", n, w.end)
	}
	if _, ok := w.after(Cursor{Epoch: 1, Position: 89}, 10); ok {
		t.Error("it says to have what it has let go of")
	}
	if found, ok := w.after(Cursor{Epoch: 1, Position: 90}, 3); !ok || len(found) != 3 {
		t.Errorf("%d entries, %v", len(found), ok)
	}
	w = w.confirmed(now.Add(windowAge + time.Second))
	if found, ok := w.after(Cursor{Epoch: 1, Position: 100}, 3); !ok || len(found) != 0 || w.bytes != 0 {
		t.Errorf("%d entries, %d bytes, %v", len(found), w.bytes, ok)
	}
}
