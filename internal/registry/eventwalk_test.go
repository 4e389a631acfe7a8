package registry_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/registry"
)

// manyEvents are 12,000, some of them of the same moment, few of them payouts, fewer failed or stale.
func manyEvents(t *testing.T) fixture {
	t.Helper()
	f := newFixture(t)
	_, err := f.pool.Exec(t.Context(), `
		insert into stripe_events (id, type, account, created, received_at, outcome, payload)
		select 'evt_' || i, case when i % 3000 = 7 then 'payout.failed' else 'account.updated' end, 'acct_' || i % 100,
			$1::timestamptz + ((i * 7919) % 12000) * interval '1 second', $1::timestamptz + (i / 200) * interval '1 minute',
			case when i % 40 = 0 then 'failed' when i % 5000 = 1 then 'stale' else 'applied' end, '{"id": "evt"}'
		from generate_series(1, 12000) i`, t0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// browsed goes through all pages.
func (f fixture) browsed(q registry.EventQuery) (ids []string, pages []registry.EventsShown) {
	f.t.Helper()
	for {
		page, err := f.BrowseEvents(f.t.Context(), q)
		if err != nil {
			f.t.Fatal(err)
		}
		pages = append(pages, page)
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return ids, pages
		}
	}
}

// TestWalksFindWhatAScanFinds whatever the filter: each event once, in order.
func TestWalksFindWhatAScanFinds(t *testing.T) {
	t.Parallel()
	f := manyEvents(t)
	hour := t0.Add(time.Hour)
	pick := func(of ...string) string { return of[rand.IntN(len(of))] }
	for range 60 {
		q := registry.EventQuery{Limit: 1 + rand.IntN(400), EventFilter: registry.EventFilter{
			Outcome: registry.Result(pick("", "failed", "stale", "applied", "ignored")), Type: pick("", "payout.failed", "account.updated", "none"),
			Account: pick("", "", "acct_7", "acct_0"),
		}}
		if rand.IntN(3) == 0 {
			q.ReceivedAfter = &t0
			q.ReceivedBefore = &hour
		}
		by, args := "received_at", []any{string(q.Outcome), q.Type, q.Account, q.ReceivedAfter != nil, t0, hour}
		if q.Outcome == registry.Failed {
			by = "created"
		}
		want := f.texts(`select id from stripe_events where ($1 = '' or outcome = $1) and ($2 = '' or type = $2) and ($3 = '' or account = $3)
			and (not $4 or received_at > $5 and received_at < $6) order by `+by+` desc, id desc`, args...)
		if got, _ := f.browsed(q); !slices.Equal(got, want) {
			t.Errorf("%+v: %d events, want %d", q, len(got), len(want))
		}
	}
}

func (f fixture) texts(sql string, args ...any) []string {
	f.t.Helper()
	var found []string
	rows, err := f.pool.Query(f.t.Context(), sql, args...)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			f.t.Fatal(err)
		}
		found = append(found, text)
	}
	return found
}

// TestWalkForWhatIsRareGoesOnInTheNextPage: no page looks at more than so many rows.
func TestWalkForWhatIsRareGoesOnInTheNextPage(t *testing.T) {
	t.Parallel()
	f := manyEvents(t)
	ids, pages := f.browsed(registry.EventQuery{EventFilter: registry.EventFilter{Type: "payout.failed"}})
	if len(ids) != 4 || len(pages) != 7 {
		t.Errorf("%v on %d pages", ids, len(pages))
	}
	for i, page := range pages {
		if wanted := i < len(pages)-1; (page.Searched > 0) != wanted {
			t.Errorf("page %d says that it looked at %d", i, page.Searched)
		}
	}
	if _, pages := f.browsed(registry.EventQuery{Limit: 1000}); pages[0].Searched != 0 || len(pages) != 12 {
		t.Errorf("a page that is full says that it looked at %d; there are %d", pages[0].Searched, len(pages))
	}
}

// TestFailedEventsComeInLots the oldest first, each once, whatever is applied meanwhile.
func TestFailedEventsComeInLots(t *testing.T) {
	t.Parallel()
	f := manyEvents(t)
	want := f.texts(`select id from stripe_events where outcome = 'failed' and account = 'acct_0' order by created, id`)
	var got []string
	cursor := ""
	for {
		ids, next, err := f.FailedLot(t.Context(), registry.EventFilter{Account: "acct_0"}, cursor, 7)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids...)
		if _, err := f.pool.Exec(t.Context(), `update stripe_events set outcome = 'applied' where id = any($1)`, ids); err != nil {
			t.Fatal(err)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("%d of %d failed events", len(got), len(want))
	}
	if n, err := f.FailedEvents(t.Context(), 100); err != nil || n != 100 {
		t.Errorf("%d others failed, as far as a hundred (%v)", n, err)
	}
}

func TestNewestEventIsOfTheView(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	for want, filter := range map[time.Time]registry.EventFilter{
		t0.Add(5 * time.Minute): {},
		t0.Add(-3 * time.Hour):  {Outcome: registry.Failed}, // by created
		{}:                      {Account: "acct_2"},
	} {
		if got, err := f.NewestEvent(t.Context(), filter); err != nil || !got.Equal(want) {
			t.Errorf("%+v: %v (%v), want %v", filter, got, err, want)
		}
	}
}

// TestWhatAnEventChanged is found among its account's latest changes.
func TestWhatAnEventChanged(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.observe(updated("evt_off", at(100), chargesOff()))
	f.observe(updated("evt_on", at(200), working()))
	e, err := f.StripeEvent(t.Context(), "evt_off")
	if err != nil {
		t.Fatal(err)
	}
	for latest, want := range map[int]string{1000: "evt_off", 1: ""} {
		changes, err := f.ChangesByEvent(t.Context(), e, latest)
		var by []string
		for _, c := range changes {
			by = append(by, *c.EventID)
		}
		if got := strings.Join(by, " "); err != nil || got != want {
			t.Errorf("among %d: %q (%v), want %q", latest, got, err, want)
		}
	}
}
