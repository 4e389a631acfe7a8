package feed

import (
	"time"

	"github.com/connectd/connectd/client"
)

// Entry is one entry of the feed, rendered once for all who get it. It is shared and read-only.
type Entry struct {
	client.FeedEntry
	JSON []byte

	published client.Readiness // before it was judged by its age
	read      time.Time
}

const (
	windowBytes = 4 << 20     // of JSON; what is older is read from the database
	windowAge   = time.Minute // since it was read: an erased name or a check that has become too old is not told for longer
)

// window is what a process holds of the feed: its newest entries. It is immutable, so that a thousand readers share it
// without a lock; the tail puts a new one in its place.
type window struct {
	end     Cursor        // the last entry's place
	rewinds int           // how often the feed has gone back since the start: positions of before do not compare
	entries []Entry       // dense; the last is at end
	bytes   int           // of their JSON
	asked   time.Time     // when the poll began that found nothing beyond end
	more    chan struct{} // closed once another window is in place that has more, or is of another epoch
}

// windowAt has nothing of what was until then.
func windowAt(end Cursor) *window { return &window{end: end, more: make(chan struct{})} }

// movedTo goes on at a place without what is before it.
func (w *window) movedTo(end Cursor) *window {
	next := windowAt(end)
	next.rewinds = w.rewinds
	return next
}

// backAt is as of a feed that has gone back, or has another epoch.
func (w *window) backAt(end Cursor) *window {
	next := w.movedTo(end)
	next.rewinds++
	return next
}

// after are up to limit entries that follow the cursor. ok is false where the window does not have what follows it.
func (w *window) after(c Cursor, limit int) (found []Entry, ok bool) {
	behind := w.end.Position - c.Position
	if c.Epoch != w.end.Epoch || behind < 0 || behind > int64(len(w.entries)) {
		return nil, false
	}
	found = w.entries[int64(len(w.entries))-behind:]
	return found[:min(limit, len(found))], true
}

// extended has the entries, which follow its end, too.
func (w *window) extended(entries []Entry) *window {
	next := *w
	next.entries = append(next.entries, entries...) // readers of w see no further than its own length
	for _, e := range entries {
		next.bytes += len(e.JSON)
	}
	next.end.Position += int64(len(entries))
	next.more = make(chan struct{})
	return &next
}

// confirmed is as of a poll that has found nothing beyond the end. What is too old, or too much, goes.
func (w *window) confirmed(asked time.Time) *window {
	next := *w
	next.asked = asked
	for len(next.entries) > 0 && (next.bytes > windowBytes || asked.Sub(next.entries[0].read) > windowAge) {
		next.bytes -= len(next.entries[0].JSON)
		next.entries = next.entries[1:]
	}
	return &next
}
