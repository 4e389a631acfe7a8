package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"time"
)

// filler is what a snapshot is read with. Its memory is used again for each page: what a page leaves behind it would
// otherwise be ten times what the table takes of it.
type filler struct {
	page      string         // the next one, "" at the first
	ahead     <-chan fetched // where it is being fetched already
	spare     *bytes.Buffer
	decoded   SnapshotPage
	collected int // sellers in the table at the last collection
}

// fetched is a page that was read and not yet decoded.
type fetched struct {
	body *bytes.Buffer
	err  error
}

// pageWithin bounds how long a page may take.
const pageWithin = 30 * time.Second

// snapshot takes a page into the table. While it decodes one it has the next one fetched: on the server's side and on this
// one a page takes about as long.
func (f *follower) snapshot(ctx context.Context) (step, error) {
	if f.filler.ahead == nil {
		f.filler.ahead = f.fetchPage(ctx, f.filler.page)
	}
	got := <-f.filler.ahead
	f.filler.ahead = nil
	if got.err != nil {
		return f.orOver(f.snapshot, got.err), got.err
	}
	next := nextCursorIn(got.body.Bytes())
	if next != "" {
		f.filler.ahead = f.fetchPage(ctx, next)
	}
	if err := f.put(got.body.Bytes(), next); err != nil {
		return f.startOver, err
	}
	f.replica.turn(Syncing, nil)
	if next != "" {
		f.filler.page, f.filler.spare = next, got.body
		f.filler.collect(f.table.Len())
		return f.snapshot, nil
	}
	f.filler = filler{}
	f.table.StartAt(f.from.position)
	return f.follow, nil
}

func (f *follower) fetchPage(ctx context.Context, page string) <-chan fetched {
	query := url.Values{"limit": {strconv.Itoa(mostSellers)}}
	if page != "" {
		query.Set("cursor", page)
	}
	body := cmp.Or(f.filler.spare, &bytes.Buffer{})
	f.filler.spare = nil
	body.Reset()
	arrives := make(chan fetched, 1)
	go func() {
		err := fetch(ctx, f.client, request{
			method: http.MethodGet, path: "/v1/readiness?" + query.Encode(), within: pageWithin,
		}, body)
		arrives <- fetched{body, err}
	}()
	return arrives
}

// put decodes the page and takes its sellers. Each page has the first one's feed cursor, from which to go on: what has none is
// no page, and would end the snapshot too early.
func (f *follower) put(body []byte, next string) error {
	page := &f.filler.decoded
	clear(page.Data) // decoding would leave what is not there as it was
	*page = SnapshotPage{Data: page.Data[:0]}
	if err := json.Unmarshal(body, page); err != nil {
		return fmt.Errorf("read a page of the snapshot: %w", err)
	}
	if Text(page.NextCursor) != next {
		return errors.New("read a page of the snapshot: it has two next cursors")
	}
	from, err := parseCursor(page.FeedCursor)
	switch {
	case err != nil:
		return fmt.Errorf("read a page of the snapshot: %w", err)
	case f.filler.page == "":
		f.from = from
	case f.from != from:
		return fmt.Errorf("read a page of the snapshot: its feed cursor is %s, the first page's %s", from, f.from)
	}
	f.stale = stalenessOf(page.StaleAfter, page.DenyWhenStale)
	for i := range page.Data {
		f.table.Put(f.stale.unjudged(page.Data[i]))
	}
	return nil
}

// collect has a large table's garbage collected every so many sellers: left to itself the collector lets a process grow to
// twice of what it holds, which at a start is more than the process will need again.
func (fill *filler) collect(sellers int) {
	const large, every = 100_000, 50_000
	if sellers > large && sellers >= fill.collected+every {
		runtime.GC()
		fill.collected = sellers
	}
}

// nextCursorIn finds the page's next cursor before the page is decoded, "" where there is none: in a JSON text a name between
// bare quotes is never a part of a value, whose quotes are escaped.
func nextCursorIn(body []byte) (next string) {
	name := []byte(`"next_cursor":`)
	at := bytes.LastIndex(body, name)
	if at < 0 {
		return ""
	}
	_ = json.NewDecoder(bytes.NewReader(body[at+len(name):])).Decode(&next) // null leaves it; put holds it against the page
	return next
}
