package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

// event is one of a stream's; one without data only says where the stream is.
type event struct{ id, kind, data string }

// events is an open stream.
type events struct {
	t       *testing.T
	body    io.ReadCloser
	scanner *bufio.Scanner
	header  http.Header
}

// stream opens one, with the headers that are given in pairs.
func (s server) stream(key, query string, headers ...string) events {
	s.t.Helper()
	req := newRequest(s.t, http.MethodGet, s.url+"/v1/changes/stream"+query, "")
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || kind != "text/event-stream" {
		body, _ := io.ReadAll(res.Body)
		s.t.Fatalf("%d %s %s", res.StatusCode, kind, body)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return events{s.t, res.Body, bufio.NewScanner(res.Body), res.Header}
}

// next is the next event; ok is false where the stream has ended.
func (e events) next() (ev event, ok bool) {
	for e.scanner.Scan() {
		name, value, _ := strings.Cut(e.scanner.Text(), ": ")
		switch name {
		case "id":
			ev.id = value
		case "event":
			ev.kind = value
		case "data":
			ev.data = value
		case "":
			if ev != (event{}) {
				return ev, true
			}
		default:
			e.t.Errorf("a line of %q", name)
		}
	}
	return ev, false
}

// want reads the next entry, which has to be at the cursor.
func (e events) want(id string) client.FeedEntry {
	e.t.Helper()
	ev, ok := e.next()
	if ok && ev.data == "" {
		ev, ok = e.next()
	}
	var entry client.FeedEntry
	if !ok || ev.id != id {
		e.t.Fatalf("%+v, %v; want %s", ev, ok, id)
	}
	if err := json.Unmarshal([]byte(ev.data), &entry); err != nil {
		e.t.Fatal(err)
	}
	if ev.kind != entry.Kind {
		e.t.Errorf("event %s holds a %s", ev.kind, entry.Kind)
	}
	return entry
}

// ended holds that the stream is at its end, as its server has ended it.
func (e events) ended() {
	e.t.Helper()
	if ev, ok := e.next(); ok || e.scanner.Err() != nil {
		e.t.Errorf("it goes on with %+v, %v", ev, e.scanner.Err())
	}
}

// TestAStreamGoesOnFromWhereItIsAsked, and live from there, whichever process has made the change.
func TestAStreamGoesOnFromWhereItIsAsked(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	id := a.connect("s1", "complete") // 1.1, 1.2
	fromNow := a.stream(a.key, "")
	if ev, ok := fromNow.next(); !ok || ev != (event{id: "1.2"}) {
		t.Errorf("from now begins with %+v", ev)
	}
	if got := fromNow.header.Get("Connectd-Position"); got != "2" {
		t.Errorf("Connectd-Position %q", got)
	}
	streams := []events{
		a.stream(a.key, "?after=1.0"), b.stream(b.key, "?after=1.1"),
		b.stream(b.key, "?after=1.0", "Last-Event-ID", "1.2"), fromNow,
	}
	streams[0].want("1.1")
	streams[0].want("1.2")
	streams[1].want("1.2")
	b.recheck(id)
	whole := a.changes("?after=1.2").Data
	for _, stream := range streams {
		if diff := cmp.Diff(whole[0], stream.want("1.3")); diff != "" {
			t.Errorf("stream and page differ:\n%s", diff)
		}
	}
	a.exec(`update feed set epoch = 2`)
	for _, stream := range streams {
		stream.ended() // nobody can go on from there
	}
}

// TestAStreamThatCannotBeginIsAProblem, also for a browser, which accepts nothing but events.
func TestAStreamThatCannotBeginIsAProblem(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct {
		query, lastEventID string
		status             int
		code               string
		locations          []string
	}{
		{"?after=1.1", "", 410, "expired", nil},
		{"?after=1.0", "2.0", 410, "expired", nil},
		{"?after=x", "", 422, "invalid", []string{"query.after"}},
		{"?after=", "", 422, "invalid", []string{"query.after"}},
		{"", "x", 422, "invalid", []string{"header.Last-Event-ID"}},
		{"?limit=1", "", 422, "invalid", []string{"query.limit"}},
	} {
		req := newRequest(t, http.MethodGet, s.url+"/v1/changes/stream"+c.query, "")
		req.Header.Set("Authorization", "Bearer "+s.key)
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Last-Event-ID", c.lastEventID)
		wantProblem(send(t, req), c.status, c.code, c.locations...)
	}
	if got := s.call(http.MethodHead, "/v1/changes/stream", ""); got.status != http.StatusOK {
		t.Errorf("HEAD: %d", got.status)
	}
}

// TestAStreamEndsWithItsKeyAndWithTheProcess.
func TestAStreamEndsWithItsKeyAndWithTheProcess(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	key := s.makeKey(access.KeyParams{Name: "revoked", Scopes: []access.Scope{access.ReadinessRead}})
	revoked, stays := s.stream(key.Secret, "?after=1.0"), s.stream(s.key, "?after=1.0")
	if err := s.keys.Revoke(t.Context(), key.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	revoked.ended()
	s.observe(granted("s1", "acct_1"))
	stays.want("1.1")
	s.feed.Drain()
	stays.ended()
	s.stream(s.key, "?after=1.1").ended()
}

// TestAThousandStreamsGetEachEntryOnce in one process, while two commit.
func TestAThousandStreamsGetEachEntryOnce(t *testing.T) {
	t.Parallel()
	const streams, changes = 1000, 60
	a := newServer(t)
	b := a.beside()
	var reading sync.WaitGroup
	var entries atomic.Int64
	for range streams {
		stream := a.stream(a.key, "?after=1.0")
		reading.Go(func() {
			defer stream.body.Close()
			for position := range changes {
				got, ok := stream.next()
				if _, at, _ := strings.Cut(got.id, "."); !ok || at != strconv.Itoa(position+1) {
					t.Errorf("%s, %v; want position %d", got.id, ok, position+1)
					return
				}
				entries.Add(1)
			}
		})
	}
	for i := range changes / 2 {
		a.observe(granted("a"+strconv.Itoa(i), "acct_a"+strconv.Itoa(i)))
		b.observe(granted("b"+strconv.Itoa(i), "acct_b"+strconv.Itoa(i)))
	}
	reading.Wait()
	if n := entries.Load(); n != streams*changes {
		t.Errorf("%d entries were told, want %d", n, streams*changes)
	}
}

// TestACallerWhoLeavesAStreamIsNoError.
func TestACallerWhoLeavesAStreamIsNoError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ctx, leave := context.WithCancel(t.Context())
	req := newRequest(t, http.MethodGet, s.url+"/v1/changes/stream", "").WithContext(ctx)
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	_ = res.Body.Close()
	s.observe(granted("s1", "acct_1"))
	s.feed.Drain()
	if text := s.log.String(); strings.Contains(text, "stream") {
		t.Errorf("log %s", text)
	}
}
