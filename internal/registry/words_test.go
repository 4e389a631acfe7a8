package registry_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// TestAnAccountIsFoundByWhatIsKnownNow: by its seller's address once that is known, and no more by what it was.
func TestAnAccountIsFoundByWhatIsKnownNow(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	by := account.Actor{Name: "key_1"}
	for _, step := range []struct {
		name  string
		do    func() error
		found string // words that find it
		lost  string
	}{
		{"connected", func() error { return nil }, "Blue Kiln", "ada@"},
		{"address", func() error { return f.EnsureSeller(t.Context(), "s1", "ada@example.com") }, "ada@example", "eve@"},
		{"another address", func() error { return f.EnsureSeller(t.Context(), "s1", "eve@example.com") }, "eve@example", "ada@"},
		{"another seller", func() error { return f.Reassign(t.Context(), "acct_1", "shop-9", by) }, "shop-9", "eve@"},
		{"disconnected", func() error {
			f.observe(registry.Deauthorized(event("evt_2", "account.application.deauthorized", at(20))))
			return nil
		}, "Blue Kiln", "eve@"},
		{"erased", func() error { return f.EraseSeller(t.Context(), "shop-9", by) }, "shop-9", "Blue"},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if len(f.list(registry.AccountQuery{Text: step.found}).Accounts) != 1 {
				t.Errorf("%q does not find the account", step.found)
			}
			if len(f.list(registry.AccountQuery{Text: step.lost}).Accounts) != 0 {
				t.Errorf("%q finds the account", step.lost)
			}
		})
	}
}

// TestATextThatManyHaveIsFoundInOrder: more accounts than are looked at one by one.
func TestATextThatManyHaveIsFoundInOrder(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.exec(`insert into account_words select 'acct_other' || i, ' kiln' from generate_series(1, 6000) i`) // of accounts that are none
	f.want(registry.Applied, "", registry.Granted(grant("s2", "acct_2", span(19, 20))))
	facts := working()
	facts.DisplayName = "Red Kiln"
	f.want(registry.Applied, "", registry.Retrieved(f.retrievalOf("acct_2", span(21, 22)), facts))
	for limit := 1; limit <= 2; limit++ {
		if got := f.pages(registry.AccountQuery{Text: "kiln", Sort: "display_name", Limit: limit}); got != "12" {
			t.Errorf("pages of %d: %q", limit, got)
		}
	}
}

// TestWithoutTheIndexTheSearchFindsTheSame, on a server that has no pg_trgm, say.
func TestWithoutTheIndexTheSearchFindsTheSame(t *testing.T) {
	t.Parallel()
	f := listFixture(t)
	f.exec(`drop index account_words_trgm`)
	f.exec(`drop extension pg_trgm`)
	if got := ids(f.list(registry.AccountQuery{Text: "kiln", Sort: "id"})); got != "ad" {
		t.Errorf("accounts %q", got)
	}
}

// TestNoRangeIsReadFurtherThanThePage: whatever a filter leaves out, a page reads what it shows and one row more of each range.
func TestNoRangeIsReadFurtherThanThePage(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.exec(`insert into sellers (id, created_at) select 'many-' || i, $1 from generate_series(1, 20000) i`, t0)
	f.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, next_check_at, disconnected_at, revision, version)
		select 'acct_many' || i, 'many-' || i, false, status, status = 'enabled', false, false, false, '[]', 1, 1,
			$1::timestamptz + i * interval '1 minute', $1, $1, case when status = 'enabled' then $1::timestamptz end,
			case when status <> 'enabled' then $1::timestamptz end, 1, 1
		from (select i, case when i < 2000 then 'disconnected' else 'enabled' end as status from generate_series(1, 20000) i) x`, t0)
	f.exec(`analyze accounts`)
	no := false
	for _, q := range []registry.AccountQuery{
		{},
		{Status: "disconnected"},
		{Status: "disconnected", Sort: "next_check_at"},
		{Status: "enabled", CanTransact: &no},
		{CanTransact: &no, Sort: "-display_name"},
		{Sort: "status"},
		{CanTransact: &no, Sort: "seller_id"},
		{Status: "rejected", Sort: "-checked_at"},
	} {
		sql, args, err := f.ListSQL(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if n := f.touched(sql, args...); n > 300 { // of some two thousand
			t.Errorf("%+v reads %d blocks", q, n)
		}
	}
}

func (f fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// TestASearchThatEndsBeforeItsPageIsFullGoesOn: among many who have a text, and many more who don't.
func TestASearchThatEndsBeforeItsPageIsFullGoesOn(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.exec(`insert into sellers (id, created_at) select 'many-' || i, $1 from generate_series(1, 9000) i`, t0)
	f.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
		select 'acct_many' || i, 'many-' || i, false, 'incomplete', false, false, false, false, '[]', 1, 1,
			$1::timestamptz + i * interval '1 minute', $1, $1, 1, 1
		from generate_series(1, 9000) i`, t0)
	f.exec(`insert into account_words select 'acct_other' || i, ' kiln' from generate_series(1, 6000) i`) // of accounts that are none
	q := registry.AccountQuery{Text: "kiln"}
	for _, want := range []string{" after 4000", " after 4000", "1"} {
		page := f.list(q)
		got := ids(page)
		if page.Searched > 0 {
			got += fmt.Sprintf(" after %d", page.Searched)
		}
		if got != want {
			t.Errorf("a page of %q, want %q", got, want)
		}
		q.Cursor = page.NextCursor
	}
	if q.Cursor != "" {
		t.Errorf("after the last account comes %q", q.Cursor)
	}
	f.wantEach(registry.AccountQuery{Text: "kiln"}, "1")
}

// wantEach holds all pages of a list, put together, against the accounts' last letters.
func (f fixture) wantEach(q registry.AccountQuery, want string) {
	f.t.Helper()
	var got string
	err := f.EachAccount(f.t.Context(), q, func(page []client.Account) error {
		got += ids(registry.AccountPage{Accounts: page})
		return nil
	})
	if err != nil || got != want {
		f.t.Errorf("all pages: %q, %v, want %q", got, err, want)
	}
}

// TestLongTextsOfStripesAreStored: no index bounds them.
func TestLongTextsOfStripesAreStored(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	long := noise(10_000)
	facts := working()
	facts.Type, facts.DisplayName, facts.Country, facts.DefaultCurrency = long, long, long, long
	facts.Capabilities = map[string]string{long: long}
	facts.Requirements = &account.Requirements{CurrentlyDue: []string{long}, DisabledReason: long}
	f.want(registry.Applied, "", updated("evt_1", at(30), facts))
	for _, q := range []registry.AccountQuery{{Text: long}, {Country: long}, {Sort: "display_name"}} {
		if got := ids(f.list(q)); got != "1" {
			t.Errorf("found %q", got)
		}
	}
	if got := ids(f.list(registry.AccountQuery{Country: long[:2]})); got != "" {
		t.Errorf("of a country that it begins with: %q", got)
	}
}

// noise is a text that can't be made shorter: Postgres compresses what it keeps.
func noise(n int) string {
	var text strings.Builder
	for text.Len() < n {
		text.WriteString(rand.Text())
	}
	return text.String()[:n]
}
