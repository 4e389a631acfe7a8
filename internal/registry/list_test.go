package registry_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// listFixture holds five accounts: a works, b has charges off, c was never checked, d is disconnected, e has a name full of
// LIKE's metacharacters.
func listFixture(t *testing.T) fixture {
	f := newFixture(t)
	named := func(name, country string) account.Facts {
		facts := working()
		facts.DisplayName, facts.Country = name, country
		return facts
	}
	off := chargesOff()
	off.DisplayName = "Blue Forge"
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		f.observe(registry.Granted(grant("seller-"+id, "acct_"+id, span(i, i+1))))
	}
	for id, facts := range map[string]account.Facts{
		"a": named("Blue Kiln", "IE"), "b": off, "d": named("Red Kiln", "FR"), "e": named(`100%_\ Wool`, "FR"),
	} {
		f.observe(registry.Retrieved(f.retrievalOf("acct_"+id, span(20, 21)), facts))
	}
	f.observe(registry.Gone(f.retrievalOf("acct_d", span(30, 31))))
	if err := f.EnsureSeller(t.Context(), "seller-b", "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fixture) retrievalOf(id string, i account.Interval) registry.Retrieval {
	f.t.Helper()
	revision, err := f.Revision(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return registry.Retrieval{AccountID: id, Source: registry.Scan, Revision: revision, Interval: i}
}

func (f fixture) list(q registry.AccountQuery) registry.AccountPage {
	f.t.Helper()
	page, err := f.Accounts(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return page
}

// ids are the accounts of a page by their last letters.
func ids(page registry.AccountPage) string {
	var letters string
	for _, a := range page.Accounts {
		letters += a.ID[len("acct_"):]
	}
	return letters
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	yes, no := true, false
	soon, later := time.Now().Add(time.Minute), time.Now().Add(60*24*time.Hour)
	for _, tt := range []struct {
		name  string
		query registry.AccountQuery
		want  string
	}{
		{"none", registry.AccountQuery{}, "abcde"},
		{"status", registry.AccountQuery{Status: "restricted"}, "b"},
		{"status that none has", registry.AccountQuery{Status: "rejected"}, ""},
		{"can transact", registry.AccountQuery{CanTransact: &yes}, "ae"},
		{"can't transact", registry.AccountQuery{CanTransact: &no}, "bcd"},
		{"country", registry.AccountQuery{Country: "FR"}, "de"},
		{"text in the name, in any case", registry.AccountQuery{Text: "kILN"}, "ad"},
		{"text in the seller's id", registry.AccountQuery{Text: "LLER-c"}, "c"},
		{"text in the account's id", registry.AccountQuery{Text: "ACCT_b"}, "b"},
		{"text in the seller's e-mail address", registry.AccountQuery{Text: "ADA@example"}, "b"},
		{"two letters begin a word", registry.AccountQuery{Text: "ki"}, "ad"},
		{"two letters within a word", registry.AccountQuery{Text: "il"}, ""},
		{"one letter begins a word", registry.AccountQuery{Text: "w"}, "e"},
		{"percent is itself", registry.AccountQuery{Text: "00%"}, "e"},
		{"underscore is itself", registry.AccountQuery{Text: `%_\`}, "e"},
		{"backslash is itself", registry.AccountQuery{Text: `\ wo`}, "e"},
		{"a text of metacharacters that none has", registry.AccountQuery{Text: `_%`}, ""},
		{"a quote is itself", registry.AccountQuery{Text: `' or 1=1 --`}, ""},
		{"status and who is not of it", registry.AccountQuery{Status: "enabled", CanTransact: &no}, ""},
		{"status and text", registry.AccountQuery{Status: "disconnected", Text: "kiln"}, "d"},
		{"at risk", registry.AccountQuery{AtRiskBefore: &later}, ""},
		{"due now", registry.AccountQuery{DueBefore: &soon}, "c"},
		{"due some day leaves out the disconnected", registry.AccountQuery{DueBefore: &later}, "abce"},
		{"checked before the start, or never", registry.AccountQuery{CheckedBefore: &t0}, "c"},
		{"checked until now", registry.AccountQuery{CheckedBefore: &soon}, "abcde"},
		{"two at once", registry.AccountQuery{Country: "FR", CanTransact: &yes}, "e"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := f
			f.t = t
			tt.query.Sort = "id"
			if got := ids(f.list(tt.query)); got != tt.want {
				t.Errorf("accounts %q, want %q", got, tt.want)
			}
		})
	}
}

// TestListSortsAndPages: each order, both ways, by pages of each size: pages put together are the list, and the way down is
// the way up reversed.
func TestListSortsAndPages(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	for sort, first := range map[string]string{
		"id": "a", "seller_id": "a", "display_name": "c", "status": "d", "connected_at": "a", "checked_at": "c", "next_check_at": "c",
		"at_risk_at": "a",
	} {
		t.Run(sort, func(t *testing.T) {
			t.Parallel()
			f := f
			f.t = t
			up, down := ids(f.list(registry.AccountQuery{Sort: sort})), ids(f.list(registry.AccountQuery{Sort: "-" + sort}))
			if len(up) != 5 || up[:1] != first {
				t.Errorf("sorted %q, want all five and %s first", up, first)
			}
			reversed := []byte(down)
			slices.Reverse(reversed)
			if string(reversed) != up {
				t.Errorf("up %q, down %q", up, down)
			}
			for limit := 1; limit <= 5; limit++ {
				if got := f.pages(registry.AccountQuery{Sort: sort, Limit: limit}); got != up {
					t.Errorf("pages of %d put together %q, want %q", limit, got, up)
				}
				if got := f.pages(registry.AccountQuery{Sort: "-" + sort, Limit: limit}); got != down {
					t.Errorf("pages of %d down put together %q, want %q", limit, got, down)
				}
			}
		})
	}
}

// pages follows the cursors to the end.
func (f fixture) pages(q registry.AccountQuery) string {
	f.t.Helper()
	var all string
	for range 10 {
		page := f.list(q)
		all += ids(page)
		if page.NextCursor == "" {
			return all
		}
		if len(page.Accounts) != q.Limit {
			f.t.Errorf("a page of %d that is not the last has %d accounts", q.Limit, len(page.Accounts))
		}
		q.Cursor = page.NextCursor
	}
	f.t.Fatalf("no end after %q", all)
	return ""
}

func TestListBeginsWithThoseConnectedLast(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	if got := ids(f.list(registry.AccountQuery{})); got != "edcba" {
		t.Errorf("accounts %q", got)
	}
}

func TestListOfNothingIsEmptyAndNotNull(t *testing.T) {
	t.Parallel()
	page := newFixture(t).list(registry.AccountQuery{})
	if page.Accounts == nil || len(page.Accounts) != 0 || page.NextCursor != "" {
		t.Errorf("%+v", page)
	}
}

func TestListRefusesABadQuery(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	byID := f.list(registry.AccountQuery{Sort: "id", Limit: 1}).NextCursor
	raw := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, tt := range []struct {
		name  string
		query registry.AccountQuery
		field string
	}{
		{"a sort that is none", registry.AccountQuery{Sort: "id; drop table accounts"}, "sort"},
		{"a sort with two signs", registry.AccountQuery{Sort: "--id"}, "sort"},
		{"a negative limit", registry.AccountQuery{Limit: -1}, "limit"},
		{"a limit past the bound", registry.AccountQuery{Limit: registry.MaxPage + 1}, "limit"},
		{"a cursor of another sort", registry.AccountQuery{Sort: "status", Cursor: byID}, "cursor"},
		{"a cursor of the other way", registry.AccountQuery{Sort: "-id", Cursor: byID}, "cursor"},
		{"a cursor that is no base64", registry.AccountQuery{Sort: "id", Cursor: "%%%"}, "cursor"},
		{"a cursor that is no JSON", registry.AccountQuery{Sort: "id", Cursor: raw("x")}, "cursor"},
		{"a cursor that is a number", registry.AccountQuery{Sort: "id", Cursor: raw("7")}, "cursor"},
		{"a cursor without a sort", registry.AccountQuery{Sort: "id", Cursor: raw(`{}`)}, "cursor"},
		{
			"a cursor whose key is no time",
			registry.AccountQuery{Sort: "checked_at", Cursor: raw(`{"s":"checked_at","k":"yesterday","i":"acct_a"}`)},
			"cursor",
		},
		{
			"a cursor whose time has an infinite tail",
			registry.AccountQuery{Sort: "checked_at", Cursor: raw(`{"s":"checked_at","k":"x infinity","i":"acct_a"}`)},
			"cursor",
		},
		{
			"a cursor with a NUL",
			registry.AccountQuery{Sort: "id", Cursor: raw(`{"s":"id","k":"\u0000","i":"acct_a"}`)},
			"cursor",
		},
		{"a text with a NUL", registry.AccountQuery{Text: "a\x00"}, "q"},
		{"a text that is no UTF-8", registry.AccountQuery{Text: "\xff"}, "q"},
		{"a country with a NUL", registry.AccountQuery{Country: "\x00"}, "country"},
		{"a status that is none", registry.AccountQuery{Status: "happy"}, "status"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := f.Accounts(t.Context(), tt.query)
			if account.KindOf(err) != account.Invalid || fieldOf(err) != tt.field {
				t.Errorf("error %v of field %q, want one of %q", err, fieldOf(err), tt.field)
			}
		})
	}
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*account.Error](err); ok {
		return e.Field
	}
	return fmt.Sprintf("none: %T", err)
}

// TestACursorGoesOnAfterItsRowIsGone: rows that come and go between pages neither repeat nor hide the others.
func TestACursorGoesOnAfterItsRowIsGone(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	q := registry.AccountQuery{Sort: "status", Status: "enabled", Limit: 1}
	first := f.list(q)
	e := event("evt_1", "account.updated", at(100))
	e.Account = first.Accounts[0].ID
	f.want(registry.Applied, "", registry.Reported(e, chargesOff()))
	q.Cursor = first.NextCursor
	second := f.list(q)
	if diff := cmp.Diff("a then e", ids(first)+" then "+ids(second)); diff != "" || second.NextCursor != "" {
		t.Errorf("%s, next %q", diff, second.NextCursor)
	}
}

// TestRowsThatComeBetweenPagesMoveNoOthers: every row that was there is seen once, in each order, wherever new ones come in.
func TestRowsThatComeBetweenPagesMoveNoOthers(t *testing.T) {
	t.Parallel()
	for _, sort := range []string{"id", "-seller_id", "display_name", "-status", "-connected_at", "checked_at"} {
		t.Run(sort, func(t *testing.T) {
			t.Parallel()
			f := listFixture(t)
			seen := map[string]int{}
			q := registry.AccountQuery{Sort: sort, Limit: 1}
			for newcomer := 0; newcomer == 0 || q.Cursor != ""; newcomer++ {
				page := f.list(q)
				for _, a := range page.Accounts {
					seen[a.ID]++
				}
				q.Cursor = page.NextCursor
				if newcomer < 10 {
					f.comesBetween(newcomer)
				}
			}
			for _, id := range []string{"acct_a", "acct_b", "acct_c", "acct_d", "acct_e"} {
				if seen[id] != 1 {
					t.Errorf("%s was seen %d times", id, seen[id])
				}
				delete(seen, id)
			}
			for id, times := range seen {
				if times != 1 {
					t.Errorf("the newcomer %s was seen %d times", id, times)
				}
			}
		})
	}
}

// comesBetween connects an account whose id, seller and time lie somewhere among those of listFixture.
func (f fixture) comesBetween(n int) {
	f.t.Helper()
	letter := string("abcde"[n%5])
	f.observe(registry.Granted(grant(fmt.Sprintf("seller-%s%d", letter, n), fmt.Sprintf("acct_%s%d", letter, n), span(n%5, n%5+1))))
}

// TestCursorsDoNotDependOnTheTimeZone: a role or a database may be set to any.
func TestCursorsDoNotDependOnTheTimeZone(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	config := f.pool.Config()
	config.ConnConfig.RuntimeParams["timezone"] = "Asia/Kathmandu"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	there := fixture{Registry: open(t, pool), t: t, pool: pool}
	q := registry.AccountQuery{Sort: "connected_at", Limit: 2}
	q.Cursor = f.list(q).NextCursor
	if got := ids(there.list(q)); got != "cd" {
		t.Errorf("the second page holds %q", got)
	}
	if got := there.pages(registry.AccountQuery{Sort: "-checked_at", Limit: 2}); got != f.pages(registry.AccountQuery{Sort: "-checked_at", Limit: 2}) {
		t.Errorf("pages put together %q", got)
	}
}

// TestAProgramReadsAfterTheSchemaHasGrown: while replicas are replaced one by one, old ones meet the new one's columns.
func TestAProgramReadsAfterTheSchemaHasGrown(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	f.list(registry.AccountQuery{Sort: "id"}) // is prepared from now on
	for _, table := range []string{"accounts", "sellers", "account_changes", "connections", "feed", "policies", "platform", "stripe_events"} {
		if _, err := f.pool.Exec(t.Context(), "alter table "+table+" add added_later integer not null default 7"); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(f.list(registry.AccountQuery{Sort: "id"})); got != "abcde" {
		t.Errorf("accounts %q", got)
	}
	if _, err := f.Account(t.Context(), "acct_a"); err != nil {
		t.Error(err)
	}
	if _, ok, err := f.HeldBy(t.Context(), "seller-a"); err != nil || !ok {
		t.Errorf("held %v, %v", ok, err)
	}
	if _, err := f.History(t.Context(), "acct_a", 0, 10); err != nil {
		t.Error(err)
	}
	e := event("evt_1", "account.updated", at(100))
	e.Account = "acct_a"
	f.want(registry.Applied, "", registry.Reported(e, chargesOff()))
	if got := numbers(f.events(registry.EventQuery{})); got != "1" {
		t.Errorf("events %q", got)
	}
}
