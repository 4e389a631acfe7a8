package main

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestFeedOverTwoProcesses follows the feed of a demo, and of a service beside it on the same database, until each ends.
func TestFeedOverTwoProcesses(t *testing.T) {
	t.Parallel()
	p, ready := start(t, nil, demoArgs(t, "--sellers", "1")...)
	demo := walk{t, walktest.Walk{Ready: ready}}
	served, besideReady := start(t, []string{
		"DATABASE_URL=" + ready.DatabaseURL, "STRIPE_SECRET_KEY=" + ready.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + ready.ClientID,
		"STRIPE_API_BASE=" + ready.SandboxURL, "STRIPE_CONNECT_BASE=" + ready.SandboxURL, "STRIPE_ENDPOINT_SECRET=" + ready.WebhookSecret,
	}, "serve", "--addr", "127.0.0.1:0")
	beside := walk{t, walktest.Walk{Ready: besideReady}}
	beside.APIKey, beside.SandboxURL = ready.APIKey, ready.SandboxURL
	snapshot := demo.snapshotOfReadiness(t)
	streams := []follower{demo.follow(t, snapshot.FeedCursor), beside.follow(t, snapshot.FeedCursor)}

	acct := *demo.Readiness(t, "complete").AccountID
	for i, w := range []walk{demo, beside, demo, beside} {
		demo.Sandbox(t, "accounts/"+acct+"?silent=1", fmt.Sprintf(`{"charges_enabled":%t}`, i%2 == 1))
		w.API(t, http.MethodPost, "/v1/accounts/"+acct+"/recheck", "", http.StatusOK, nil)
	}
	var page client.FeedPage
	demo.API(t, http.MethodGet, "/v1/changes?after="+snapshot.FeedCursor, "", http.StatusOK, &page)
	want := []string{}
	for _, e := range page.Data {
		want = append(want, fmt.Sprint(epochOf(page.NextCursor), ".", e.Position))
	}
	if len(want) < 4 || page.Data[len(want)-1].Readiness.Status != "enabled" {
		t.Errorf("the feed is %+v", page)
	}
	for _, stream := range streams {
		if diff := cmp.Diff(want, stream.ids(t, len(want))); diff != "" {
			t.Error(diff)
		}
	}

	beside.endsWithItsKey(t, page.NextCursor)

	polled := make(chan client.FeedPage, 1)
	go func() {
		var last client.FeedPage
		beside.API(t, http.MethodGet, "/v1/changes?wait=60s&after="+page.NextCursor, "", http.StatusOK, &last)
		polled <- last
	}()
	beside.followed(t)
	served.Signal(t, syscall.SIGTERM)
	if served.Err != nil {
		t.Errorf("it ended with %v after SIGTERM\n%s", served.Err, served.Log)
	}
	streams[1].ended(t)
	if last := <-polled; last.NextCursor != page.NextCursor || len(last.Data) != 0 {
		t.Errorf("the poll that waited got %+v", last)
	}

	words := expect(t, 0, []string{"DATABASE_URL=" + ready.DatabaseURL}, "migrate", "restored")
	streams[0].ended(t)
	demo.API(t, http.MethodGet, "/v1/changes?after="+page.NextCursor, "", http.StatusGone, nil)
	waittest.Until(t, "the end of what a restore has it catch up with", func() bool {
		return demo.Count(t, `select (select count(*) from catch_ups where finished_at is null)
			+ (select count(*) from scans where state in ('running', 'braked'))`) == 0
	})
	again := demo.snapshotOfReadiness(t)
	if !strings.Contains(words, " "+epochOf(again.FeedCursor)+".") || !slices.EqualFunc(snapshot.Data, again.Data, sameSeller) {
		t.Errorf("%q, then %+v", words, again)
	}
	last := demo.follow(t, again.FeedCursor)
	p.Signal(t, syscall.SIGTERM)
	last.ended(t)
	if p.Err != nil {
		t.Errorf("it ended with %v after SIGTERM\n%s", p.Err, p.Log)
	}
}

// endsWithItsKey holds that a stream ends when its key is revoked from the shell.
func (w walk) endsWithItsKey(t *testing.T, after string) {
	t.Helper()
	env := []string{"DATABASE_URL=" + w.DatabaseURL}
	other := w
	other.APIKey = strings.TrimSpace(expect(t, 0, env, "keys", "create", "--name", "shortlived", "--scope", "readiness:read"))
	stream := other.follow(t, after)
	for line := range strings.Lines(expect(t, 0, env, "keys", "list")) {
		if strings.Contains(line, "shortlived") {
			expect(t, 0, env, "keys", "revoke", strings.Fields(line)[0])
		}
	}
	stream.ended(t)
}

func sameSeller(a, b client.Readiness) bool { return a.SellerID == b.SellerID }

func epochOf(cursor string) string {
	epoch, _, _ := strings.Cut(cursor, ".")
	return epoch
}

func (w walk) snapshotOfReadiness(t *testing.T) (page client.SnapshotPage) {
	t.Helper()
	w.API(t, http.MethodGet, "/v1/readiness", "", http.StatusOK, &page)
	return page
}

// followed returns once a poll can be thought to wait: one that has come after it was answered.
func (w walk) followed(t *testing.T) {
	t.Helper()
	w.API(t, http.MethodGet, "/v1/changes?wait=100ms&after="+w.snapshotOfReadiness(t).FeedCursor, "", http.StatusOK, nil)
}

// follower is an open stream.
type follower struct{ lines *bufio.Scanner }

func (w walk) follow(t *testing.T, after string) follower {
	t.Helper()
	res := w.Do(t, http.MethodGet, w.BaseURL+"/v1/changes/stream?after="+after, w.APIKey, "")
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %d %s", res.StatusCode, walktest.Read(t, res))
	}
	return follower{bufio.NewScanner(res.Body)}
}

// ids are those of the next n entries.
func (f follower) ids(t *testing.T, n int) (ids []string) {
	t.Helper()
	for len(ids) < n && f.lines.Scan() {
		if id, ok := strings.CutPrefix(f.lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) < n {
		t.Errorf("the stream ended after %d entries: %v", len(ids), f.lines.Err())
	}
	return ids
}

// ended holds that the stream has ended as its server ends it.
func (f follower) ended(t *testing.T) {
	t.Helper()
	for f.lines.Scan() {
		if strings.HasPrefix(f.lines.Text(), "id: ") {
			t.Errorf("the stream goes on with %s", f.lines.Text())
		}
	}
	if err := f.lines.Err(); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
}
