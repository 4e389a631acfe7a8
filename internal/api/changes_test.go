package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

func (s server) changes(query string) client.FeedPage {
	s.t.Helper()
	return decode[client.FeedPage](s.get("/v1/changes"+query), http.StatusOK)
}

// TestTheFeedIsReadInPages: each entry once, in order, and at the end the same cursor again.
func TestTheFeedIsReadInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.get("/v1/changes"); string(got.body) != `{"data":[],"next_cursor":"1.0","stale_after":3024000,"deny_when_stale":false}`+"\n" {
		t.Errorf("an empty feed is %s", got.body)
	}
	s.change(s.connect("s1", "complete"), 5)
	whole := s.changes("?after=1.0")
	if len(whole.Data) != 7 || whole.NextCursor != "1.7" {
		t.Fatalf("%d entries, next %s", len(whole.Data), whole.NextCursor)
	}
	if diff := cmp.Diff(whole, s.changes("")); diff != "" {
		t.Errorf("without a cursor:\n%s", diff)
	}
	var paged []client.FeedEntry
	cursor := "1.0"
	for range 3 {
		got := s.get("/v1/changes?limit=3&after=" + cursor)
		page := decode[client.FeedPage](got, http.StatusOK)
		paged, cursor = append(paged, page.Data...), page.NextCursor
		if position := positionOf(t, got); position != int64(len(paged)) {
			t.Errorf("it claims to have seen %d of the %d entries that it told", position, len(paged))
		}
	}
	if diff := cmp.Diff(whole.Data, paged); diff != "" || cursor != "1.7" {
		t.Errorf("next %s, in pages:\n%s", cursor, diff)
	}
	if page := s.changes("?after=1.7"); len(page.Data) != 0 || page.NextCursor != "1.7" {
		t.Errorf("at the end: %+v", page)
	}
	last := whole.Data[6]
	if last.Position != 7 || last.Kind != "change" || last.SellerID != "s1" || last.Source != "webhook" || last.At.IsZero() {
		t.Errorf("the last entry is %+v", last)
	}
	if diff := cmp.Diff(decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK), last.Readiness); diff != "" {
		t.Errorf("the last entry's readiness is not the seller's:\n%s", diff)
	}
}

// TestAnAnswerHasSeenWhatHappenedBefore: also that of a process whose tail is not there yet.
func TestAnAnswerHasSeenWhatHappenedBefore(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	id := a.connect("s1", "complete")
	for i := range 30 {
		a.recheck(id)
		for _, s := range []server{a, b} {
			if page := s.changes("?after=1.2"); len(page.Data) != i+1 {
				t.Fatalf("after %d checks there are %d entries", i+1, len(page.Data))
			}
		}
	}
}

func (s server) recheck(id string) {
	s.t.Helper()
	if err := s.checker.Check(s.t.Context(), id, registry.Recheck); err != nil {
		s.t.Fatal(err)
	}
}

func TestCursorsAreRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.change(s.connect("s1", "complete"), 3)
	for _, c := range []struct {
		name, query string
		status      int
		words       string
	}{
		{"past the end", "after=1.6", 410, "feed_cursor"},
		{"past the end, waiting", "after=1.6&wait=10s", 410, "feed_cursor"},
		{"another epoch", "after=2.3", 410, "feed_cursor"},
		{"malformed", "after=7", 422, "query.after"},
		{"empty", "after=", 422, "query.after"},
		{"a stream's event", "after=1.1%0a", 422, "query.after"},
		{"too long", "after=1." + strings.Repeat("1", 100), 422, "query.after"},
		{"a wait without a unit", "wait=30", 422, "query.wait"},
		{"too long a wait", "wait=61s", 422, "query.wait"},
		{"a negative wait", "wait=-1s", 422, "query.wait"},
		{"too large a page", "limit=1001", 422, "query.limit"},
		{"no page", "limit=0", 422, "query.limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := s.get("/v1/changes?" + c.query)
			got.t = t
			if c.status == http.StatusGone {
				wantProblem(got, c.status, "expired")
			} else {
				wantProblem(got, c.status, "invalid", c.words)
			}
			if !strings.Contains(string(got.body), c.words) {
				t.Errorf("%s says nothing of %s", got.body, c.words)
			}
		})
	}
	if _, err := s.pool.Exec(t.Context(), `delete from feed_entries where position <= 2`); err != nil {
		t.Fatal(err)
	}
	b := s.beside()
	wantProblem(b.get("/v1/changes?after=1.1"), http.StatusGone, "expired")
	if page := b.changes(""); len(page.Data) != 3 || page.Data[0].Position != 3 {
		t.Errorf("without a cursor it begins with %+v", page.Data)
	}
}

// waits asks for what will be in the feed, which is empty, and answers once there is an answer.
func (s server) waits(key string) <-chan answer {
	answered := make(chan answer, 1)
	go func() { answered <- s.callAs(key, http.MethodGet, "/v1/changes?wait=60s&after=1.0", "") }()
	return answered
}

func TestAPollWaitsForWhatAnyProcessDoes(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	answered := []<-chan answer{a.waits(a.key), b.waits(b.key)}
	a.observe(granted("s1", "acct_1"))
	for _, answered := range answered {
		page := decode[client.FeedPage](<-answered, http.StatusOK)
		if len(page.Data) != 1 || page.NextCursor != "1.1" {
			t.Errorf("%+v", page)
		}
	}
}

// TestAPollOfAProcessThatIsBehindWaitsToo: that it comes to where the caller is already is no news.
func TestAPollOfAProcessThatIsBehindWaitsToo(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	for i := range 30 {
		a.observe(granted("s"+strconv.Itoa(2*i), "acct_"+strconv.Itoa(2*i)))
		answered := make(chan answer, 1)
		go func() { answered <- b.get("/v1/changes?wait=60s&after=1." + strconv.Itoa(2*i+1)) }()
		waittest.Until(t, "it has come as far", func() bool { end, _ := b.feed.Seen(); return end.Position == int64(2*i+1) })
		a.observe(granted("s"+strconv.Itoa(2*i+1), "acct_"+strconv.Itoa(2*i+1)))
		if page := decode[client.FeedPage](<-answered, http.StatusOK); len(page.Data) != 1 {
			t.Fatalf("%+v", page)
		}
	}
}

func TestAPollThatWaitedInVainSaysSo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if page := s.changes("?after=1.0&wait=10ms"); page.Data == nil || len(page.Data) != 0 || page.NextCursor != "1.0" {
		t.Errorf("%+v", page)
	}
}

// TestAPollDoesNotSayThatThereIsNothingWhereItCannotTell: the database was lost while it waited.
func TestAPollDoesNotSayThatThereIsNothingWhereItCannotTell(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	answered := make(chan answer, 1)
	go func() { answered <- s.get("/v1/changes?wait=3s&after=1.0") }()
	s.exec(`alter table feed rename to hidden`)
	wantProblem(<-answered, http.StatusInternalServerError, "internal")
}

func (s server) exec(sql string) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql); err != nil {
		s.t.Fatal(err)
	}
}

// TestAWaitingPollEndsWithTheProcess, with what there is, and with its key.
func TestAWaitingPollEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	key := s.makeKey(access.KeyParams{Name: "revoked", Scopes: []access.Scope{access.ReadinessRead}})
	waits, revoked := s.waits(s.key), s.waits(key.Secret)
	if err := s.keys.Revoke(t.Context(), key.ID, account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	wantProblem(<-revoked, http.StatusUnauthorized, "unauthorized")
	select {
	case got := <-waits:
		t.Fatalf("another key's poll ended: %d %s", got.status, got.body)
	default:
	}
	s.feed.Drain()
	if page := decode[client.FeedPage](<-waits, http.StatusOK); page.Data == nil || page.NextCursor != "1.0" {
		t.Errorf("%+v", page)
	}
	if page := s.changes("?after=1.0&wait=60s"); page.NextCursor != "1.0" {
		t.Errorf("%+v", page)
	}
}

// TestTheSnapshotAndTheFeedMeet: what changes while the pages are read is in the feed after feed_cursor.
func TestTheSnapshotAndTheFeedMeet(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.exec(`insert into sellers (id, created_at) values ('never', '2026-03-01')`)
	accounts := map[string]string{}
	for _, id := range []string{"b", "a", "d", "c", "e"} {
		accounts[id] = s.connect(id, "complete")
	}
	held := map[string]client.Readiness{}
	first := s.snapshotPage("?limit=2")
	for page := first; ; page = s.snapshotPage("?limit=2&cursor=" + *page.NextCursor) {
		if page.FeedCursor != first.FeedCursor {
			t.Errorf("feed_cursor %s, on the first page %s", page.FeedCursor, first.FeedCursor)
		}
		for _, ready := range page.Data {
			held[ready.SellerID] = ready
		}
		if page.NextCursor == nil {
			break
		}
		s.change(accounts["a"], 3) // its page was read
		s.recheck(accounts["e"])
	}
	for _, entry := range s.changes("?after=" + first.FeedCursor).Data {
		held[entry.SellerID] = entry.Readiness
	}
	want := map[string]client.Readiness{}
	for id := range accounts {
		want[id] = decode[client.Readiness](s.get("/v1/sellers/"+id+"/readiness"), http.StatusOK)
	}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Error(diff)
	}
	s.exec(`update feed set epoch = 2`)
	wantProblem(s.get("/v1/readiness?limit=2&cursor="+*first.NextCursor), http.StatusGone, "expired")
}

func (s server) snapshotPage(query string) client.SnapshotPage {
	s.t.Helper()
	return decode[client.SnapshotPage](s.get("/v1/readiness"+query), http.StatusOK)
}

func TestAnEmptySnapshotAndCursorsThatAreNone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.get("/v1/readiness"); string(got.body) != `{"data":[],"next_cursor":null,"feed_cursor":"1.0","stale_after":3024000,"deny_when_stale":false}`+"\n" {
		t.Errorf("%s", got.body)
	}
	for _, cursor := range []string{"x", "MS4w", "MS4wIA", "MS4wIC4u", "MS4wIHMBMQ", "%00"} {
		wantProblem(s.get("/v1/readiness?cursor="+cursor), http.StatusUnprocessableEntity, "invalid", "query.cursor")
	}
	wantProblem(s.get("/v1/readiness?limit=1001"), http.StatusUnprocessableEntity, "invalid", "query.limit")
}

// TestTheSnapshotIsDescribedAsReadiness, which it is.
func TestTheSnapshotIsDescribedAsReadiness(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.callAs("", http.MethodGet, "/openapi.json", "")
	var d struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type  any
					Items struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal(got.body, &d); err != nil {
		t.Fatal(err)
	}
	for name, items := range map[string]string{"SnapshotPage": "Readiness", "FeedPage": "FeedEntry"} {
		page := d.Components.Schemas[name].Properties
		if page["data"].Items.Ref != "#/components/schemas/"+items {
			t.Errorf("%s holds %+v", name, page["data"])
		}
	}
	if kind := d.Components.Schemas["FeedPage"].Properties["next_cursor"].Type; kind != "string" {
		t.Errorf("next_cursor of the feed is %v", kind)
	}
}

func granted(sellerID, accountID string) registry.Observation {
	return registry.Granted(registry.Grant{SellerID: sellerID, AccountID: accountID, Interval: account.At(time.Now())})
}
