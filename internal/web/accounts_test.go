package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func TestEmptyTableSaysWhatToDoFirst(t *testing.T) {
	t.Parallel()
	b := newSite(t).signedIn()
	empty := b.get("/admin/accounts").want(http.StatusOK).shows("No account is connected yet", "/v1/onboarding-links")
	if len(empty.rows()) != 0 {
		t.Error("an empty table has rows")
	}
	b.get("/admin/accounts?q=nobody").shows("No account is like that").link("Show all accounts")
}

func TestAccountTable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "restricted_soon")
	s.connected("seller_2", "no_payouts")
	s.connected("seller_3", "nameless")
	b := s.signedIn()
	table := b.get("/admin/accounts?sort=-seller_id").want(http.StatusOK)

	var heads []string
	for _, th := range table.all(atom.Th) {
		heads = append(heads, textOf(th))
	}
	if diff := cmp.Diff([]string{"Seller", "Account", "Name", "Country", "Charges", "Payouts", "Details", "Status"}, heads); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	want := [][]string{
		s.row("seller_3", "yes", "yes", "yes", "Enabled"),
		s.row("seller_2", "yes", "no", "yes", "Restricted"),
		s.row("seller_1", "yes", "yes", "yes", "Restricted soon"),
	}
	if diff := cmp.Diff(want, table.rows()); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	first := within(within(table.all(atom.Tbody)[0], atom.Tr)[0], atom.A)[0]
	b.get(attr(first, "href")).want(http.StatusOK).shows("History", s.accountOf("seller_3"))
}

func TestAccountTableIsFilteredByItsAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_able", "complete")
	s.connected("seller_poor", "no_payouts")
	able := s.accountOf("seller_able")
	for query, sellers := range map[string][]string{
		"":                                     {"seller_able", "seller_poor"},
		"?status=enabled":                      {"seller_able"},
		"?status=rejected":                     nil,
		"?can_transact=false":                  {"seller_poor"},
		"?q=POOR":                              {"seller_poor"},
		"?q=" + able:                           {"seller_able"},
		"?q=%25":                               nil,
		"?sort=-seller_id":                     {"seller_poor", "seller_able"},
		"?country=ZZ":                          nil,
		"?due_before=2026-01-01T00:00:00Z":     nil,
		"?checked_before=2126-01-01T00:00:00Z": {"seller_able", "seller_poor"},
		"?q=&status=&can_transact=&country=":   {"seller_able", "seller_poor"},
		"?at_risk_before=2126-01-01T00:00:00Z": nil,
	} {
		t.Run(query, func(t *testing.T) {
			var found []string
			for _, row := range s.signedIn().get("/admin/accounts" + query).want(http.StatusOK).rows() {
				found = append(found, row[0])
			}
			if !strings.Contains(query, "sort=") {
				slices.Sort(found) // those connected in the same second stand in the order of their ids
			}
			if diff := cmp.Diff(sellers, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTabsCountEachStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "no_payouts")
	s.connected("seller_3", "no_charges")
	b := s.signedIn()
	table := b.get("/admin/accounts?q=seller_1&sort=seller_id&columns=id,status")
	table.link("All 3")
	at := table.link("Restricted 2")
	if want := "/admin/accounts?columns=id,status&sort=seller_id&status=restricted"; at != want {
		t.Errorf("leads to %s, want %s", at, want)
	}
	if rows := b.get(at).rows(); len(rows) != 2 {
		t.Errorf("%v", rows)
	}
	table.link("Disconnected 0")
}

func TestColumnsAreChosenByTheAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "restricted_soon")
	b := s.signedIn()
	for query, want := range map[string]string{
		"":                                       "Seller Account Name Country Charges Payouts Details Status",
		"?columns=":                              "Seller Account Name Country Charges Payouts Details Status",
		"?columns=status,requirements":           "Account Status Due",
		"?columns=next_check_at&columns=status":  "Account Status Next check",
		"?columns=at_risk_at,checked_at,country": "Account Country At risk Last checked",
	} {
		var heads []string
		for _, th := range b.get("/admin/accounts" + query).want(http.StatusOK).all(atom.Th) {
			heads = append(heads, textOf(th))
		}
		if got := strings.Join(heads, " "); got != want {
			t.Errorf("%s has %s, want %s", query, got, want)
		}
	}
	b.get("/admin/accounts?columns=requirements,at_risk_at").shows("Tax number of the company by")
}

func TestHeadsSort(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "complete")
	b := s.signedIn()
	up := b.get(b.get("/admin/accounts?status=enabled").link("Seller"))
	down := b.get(up.link("Seller"))
	if up, down := up.rows(), down.rows(); up[0][0] != "seller_1" || down[0][0] != "seller_2" {
		t.Errorf("%v\n%v", up, down)
	}
	if got := down.Request.URL.RequestURI(); got != "/admin/accounts?sort=-seller_id&status=enabled" {
		t.Errorf("the address is %s", got)
	}
	for _, th := range down.all(atom.Th) {
		if order := attr(th, "aria-sort"); (order != "") != (textOf(th) == "Seller") {
			t.Errorf("%s is %q", textOf(th), order)
		}
	}
}

func TestFilterFormKeepsWhatItWasSent(t *testing.T) {
	t.Parallel()
	p := newSite(t).signedIn().get("/admin/accounts?q=a%22b&status=restricted_soon&can_transact=false&sort=-checked_at")
	sent := p.fields()
	sent.Del("columns")
	want := url.Values{
		"q": {`a"b`}, "status": {"restricted_soon"}, "can_transact": {"false"}, "country": {""}, "sort": {"-checked_at"},
		"at_risk_before": {""},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFormIsSentAgain: as a browser without scripts sends it, with another choice, and every link of the answer works.
func TestFormIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b := s.signedIn()
	form := b.get("/admin/accounts?at_risk_before=2026-03-08T00:00:00Z&due_before=2126-01-01T00:00:00Z&limit=5&sort=id&columns=seller_id").fields()
	for _, name := range []string{"at_risk_before", "due_before", "limit", "sort"} {
		if len(form[name]) != 1 {
			t.Errorf("the form sends %s as %q", name, form[name])
		}
	}
	form.Set("at_risk_before", "2126-01-01T00:00:00Z")
	p := b.get("/admin/accounts?" + form.Encode()).want(http.StatusOK)
	b.get(p.link("Seller")).want(http.StatusOK)
	b.get(b.get("/admin/accounts?limit=5&limit=6&status=enabled&status=enabled").link("Seller")).want(http.StatusOK)
}

// fields are what the filter's form sends as it is.
func (p *page) fields() url.Values {
	sent := url.Values{}
	for _, form := range p.all(atom.Form) {
		if attr(form, "role") != "search" {
			continue
		}
		for _, in := range within(form, atom.Input) {
			if attr(in, "type") != "checkbox" || hasAttr(in, "checked") {
				sent.Add(attr(in, "name"), attr(in, "value"))
			}
		}
		for _, choice := range within(form, atom.Select) {
			sent.Add(attr(choice, "name"), selectedOf(choice))
		}
	}
	return sent
}

func selectedOf(choice *html.Node) string {
	for _, o := range within(choice, atom.Option) {
		if hasAttr(o, "selected") {
			return attr(o, "value")
		}
	}
	return ""
}

func TestAddressThatTheTableCannotRead(t *testing.T) {
	t.Parallel()
	b := newSite(t).signedIn()
	for _, query := range []string{
		"status=happy", "can_transact=maybe", "due_before=soon", "at_risk_before=soon", "checked_before=1", "limit=0", "limit=x", "limit=1001", "sort=shoe_size",
		"columns=shoe_size", "cursor=%21", "q=%00", "columns=%ff", "q=%ff", "country=%00", "cursor=e30",
	} {
		t.Run(query, func(t *testing.T) {
			if to := b.get("/admin/accounts?" + query).want(http.StatusBadRequest).link("Show all accounts"); to != "/admin/accounts" {
				t.Errorf("leads to %s", to)
			}
		})
	}
}

func TestTableGoesOnFromPageToPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var want []string
	for _, id := range []string{"seller_1", "seller_2", "seller_3", "seller_4", "seller_5"} {
		s.connected(id, "complete")
		want = append(want, id)
	}
	s.connected("seller_0", "no_payouts")
	b := s.signedIn()
	var found []string
	at, pages := "/admin/accounts?limit=2&sort=seller_id&status=enabled", 0
	for at != "" {
		p := b.get(at).want(http.StatusOK)
		for _, row := range p.rows() {
			found = append(found, row[0])
		}
		pages++
		at = p.next()
	}
	if diff := cmp.Diff(want, found); diff != "" || pages != 3 {
		t.Errorf("in %d pages (-want +got):\n%s", pages, diff)
	}
}

// next is where "Next page" leads; "" where there is none.
func (p *page) next() string {
	for _, a := range p.all(atom.A) {
		if strings.HasPrefix(textOf(a), "Next page") {
			return attr(a, "href")
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// TestASearchAmongVeryManySaysThatItGoesOn: a page that is not full is not the end.
func TestASearchAmongVeryManySaysThatItGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.exec(`insert into sellers (id, created_at) select 'shop_' || i, $1 from generate_series(1, 5000) i`, t0)
	s.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
		select 'acct_many' || i, 'shop_' || i, false, 'incomplete', false, false, false, false, '[]', 1, 1,
			'2126-01-01', $1, $1, 1, 1 from generate_series(1, 5000) i`, t0)
	s.exec(`insert into account_words select 'acct_other' || i, ' seller_' from generate_series(1, 6000) i`) // of accounts that are none
	b := s.signedIn()
	first := b.get("/admin/accounts?q=seller_").want(http.StatusOK).shows("Very many accounts have this text", "among 4000 of the list")
	if len(first.rows()) != 0 {
		t.Error(first.rows())
	}
	second := b.get(first.link("Search on")).want(http.StatusOK).hides("Very many", "Search on", "No account")
	if rows := second.rows(); len(rows) != 1 || rows[0][0] != "seller_1" {
		t.Error(rows)
	}
	if rows := b.get("/admin/accounts.csv?q=seller_").want(http.StatusOK).table(); len(rows) != 1 {
		t.Error(rows)
	}
}
