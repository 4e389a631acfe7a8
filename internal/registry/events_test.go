package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// eventsFixture has received five events, one a minute from t0 on, and then three at once. The later an event was received,
// the earlier it was created.
func eventsFixture(t *testing.T) fixture {
	f := newFixture(t)
	_, err := f.pool.Exec(t.Context(), `
		insert into stripe_events (id, type, account, created, received_at, outcome, why, payload)
		select 'evt_' || i, case when i < 3 then 'account.updated' else 'payout.failed' end, case when i % 2 = 0 then 'acct_1' end,
			$1::timestamptz - i * interval '1 hour', $1::timestamptz + least(i, 5) * interval '1 minute',
			(array['applied', 'stale', 'ignored', 'failed'])[1 + i % 4], case when i % 4 > 0 then 'why ' || i end,
			case when i = 3 then '{"id": "evt_3"}' end
		from generate_series(0, 7) i`, t0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fixture) events(q registry.EventQuery) registry.EventPage {
	f.t.Helper()
	page, err := f.StripeEvents(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return page
}

// numbers are the events of a page.
func numbers(page registry.EventPage) string {
	var n []string
	for _, e := range page.Events {
		n = append(n, strings.TrimPrefix(e.ID, "evt_"))
	}
	return strings.Join(n, "")
}

func TestEventsAreFilteredNewestFirst(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	minute := func(n int) *time.Time {
		at := t0.Add(time.Duration(n) * time.Minute)
		return &at
	}
	for want, filter := range map[string]registry.EventFilter{
		"76543210": {},
		"73":       {Outcome: registry.Failed},
		"210":      {Type: "account.updated"},
		"6420":     {Account: "acct_1"},
		"":         {Account: "acct_1", Outcome: registry.Failed},
		"76543":    {Type: "payout.failed", ReceivedAfter: minute(2)},
		"21":       {ReceivedAfter: minute(0), ReceivedBefore: minute(3)},
	} {
		if got := numbers(f.events(registry.EventQuery{EventFilter: filter})); got != want {
			t.Errorf("%+v: events %s, want %s", filter, got, want)
		}
	}
}

func TestEventsComeInPages(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	for limit := 1; limit <= 8; limit++ {
		var pages []string
		q := registry.EventQuery{Limit: limit}
		for {
			page := f.events(q)
			pages = append(pages, numbers(page))
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				break
			}
		}
		if got := strings.Join(pages, ""); got != "76543210" || len(pages) != (8+limit-1)/limit {
			t.Errorf("pages of %d: %q", limit, pages)
		}
	}
}

func TestWrongQueriesOfEventsNameTheField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	accounts := connectedFixture(t)
	accounts.observe(registry.Granted(grant("s2", "acct_2", span(3, 4))))
	foreign := accounts.list(registry.AccountQuery{Limit: 1}).NextCursor
	for field, queries := range map[string][]registry.EventQuery{
		"outcome": {{EventFilter: registry.EventFilter{Outcome: "raced"}}, {EventFilter: registry.EventFilter{Outcome: "' or true --"}}},
		"type":    {{EventFilter: registry.EventFilter{Type: "a\x00"}}},
		"account": {{EventFilter: registry.EventFilter{Account: "\xff"}}},
		"limit":   {{Limit: -1}, {Limit: registry.MaxPage + 1}},
		"cursor":  {{Cursor: "x"}, {Cursor: foreign}, {Cursor: "eyJzIjoicmVjZWl2ZWRfYXQiLCJrIjoibm93IiwiaSI6IiJ9"}},
	} {
		for _, q := range queries {
			_, err := f.StripeEvents(t.Context(), q)
			if e, ok := errors.AsType[*account.Error](err); !ok || e.Field != field || e.Kind != account.Invalid {
				t.Errorf("%+v: %v, want the field %s named", q, err, field)
			}
		}
	}
}

func TestAnEventIsItsRow(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	e, err := f.StripeEvent(t.Context(), "evt_3")
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Payload["id"]) != `"evt_3"` || e.Account != nil || *e.Why != "why 3" || e.Outcome != "failed" || !e.Created.Equal(t0.Add(-3*time.Hour)) {
		t.Errorf("%+v", e)
	}
	if _, err := f.StripeEvent(t.Context(), "evt_none"); account.KindOf(err) != account.NotFound {
		t.Errorf("an unknown event: %v", err)
	}
}

func TestEventsAreCountedByTypeAndOutcome(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	counts, err := f.CountEvents(t.Context(), registry.EventFilter{Account: "acct_1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []registry.EventCount{
		{Type: "account.updated", Outcome: "applied", Events: 1},
		{Type: "account.updated", Outcome: "ignored", Events: 1},
		{Type: "payout.failed", Outcome: "applied", Events: 1},
		{Type: "payout.failed", Outcome: "ignored", Events: 1},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

// TestEachEventComesOnceInOrder: what is done to the events meanwhile changes nothing of which there are.
func TestEachEventComesOnceInOrder(t *testing.T) {
	t.Parallel()
	f := eventsFixture(t)
	var got []string
	err := f.EachEvent(t.Context(), registry.EventFilter{Outcome: registry.Failed}, 1, func(events []registry.StoredEvent) error {
		for _, e := range events {
			got = append(got, fmt.Sprint(e.ID, " ", e.Payload, e.Outcome.Why))
		}
		_, err := f.pool.Exec(t.Context(), `update stripe_events set outcome = 'failed' where id = 'evt_0'`)
		return err
	})
	if want := []string{"evt_7 why 7", `evt_3 {"id": "evt_3"}why 3`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: got %q, want %q", err, got, want)
	}
}

// TestFailedEventsAreFoundByTheirIndex: among very many others they are few.
func TestFailedEventsAreFoundByTheirIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.pool.Exec(t.Context(), `
		insert into stripe_events (id, type, created, received_at, outcome)
		select 'evt_' || i, 'account.updated', $1, $1, case when i % 1000 = 0 then 'failed' else 'applied' end from generate_series(1, 20000) i`, t0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `analyze stripe_events`); err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(f.lines(`explain select * from stripe_events e where e.outcome = 'failed' order by e.created, e.id`), "\n")
	if !strings.Contains(plan, "stripe_events_failed") {
		t.Errorf("the plan:\n%s", plan)
	}
}

// TestAnAccountsEventsAreFoundByAnIndex: neither a list of them nor a seller's erasure reads those of all accounts.
func TestAnAccountsEventsAreFoundByAnIndex(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.observe(registry.Granted(grant("s1", "acct_1", span(-2000, -1999))))
	_, err := f.pool.Exec(t.Context(), `
		insert into stripe_events (id, type, account, created, received_at, outcome, payload)
		select 'evt_' || i, 'account.updated', 'acct_' || i % 1000, $1, $1::timestamptz + i * interval '1 second', 'applied', '{}'
		from generate_series(1, 20000) i`, t0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `vacuum (analyze) stripe_events`); err != nil {
		t.Fatal(err)
	}
	list := `select * from stripe_events e where e.account = $1 and (e.received_at, e.id) < ($2, $3) order by e.received_at desc, e.id desc limit $4`
	for name, n := range map[string]int{
		"list":  f.touched(list, "acct_1", t0.Add(10_000*time.Second), "evt_1", 51),
		"erase": f.touched(db.PayloadsOfSeller, "s1", []string{}, "", 100),
	} {
		t.Logf("%s: %d blocks", name, n)
		if n > 100 { // of some 300
			t.Errorf("%s touched %d blocks", name, n)
		}
	}
}

// touched is how many blocks a query touched.
func (f fixture) touched(sql string, args ...any) int {
	f.t.Helper()
	var plan []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	args = append([]any{pgx.QueryExecModeExec}, args...)
	if err := f.pool.QueryRow(f.t.Context(), "explain (analyze, buffers, format json) "+sql, args...).Scan(&plan); err != nil {
		f.t.Fatal(err)
	}
	return plan[0].Plan.Hit + plan[0].Plan.Read
}
