package web_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// table is a file's rows, by what its header says.
func (p *page) table() []map[string]string {
	p.t.Helper()
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
	if err != nil || len(records) == 0 {
		p.t.Fatalf("%v\n%s", err, p.body)
	}
	rows := make([]map[string]string, len(records)-1)
	for i, record := range records[1:] {
		rows[i] = map[string]string{}
		for j, name := range records[0] {
			rows[i][name] = record[j]
		}
	}
	return rows
}

func TestAViewIsExported(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "restricted")
	s.connected("seller_3", "complete")
	p := s.signedIn().get("/admin/accounts.csv?status=enabled&sort=seller_id&limit=1&cursor=").want(http.StatusOK)
	if p.Header.Get("Content-Type") != "text/csv; charset=utf-8" || p.Header.Get("Content-Disposition") != `attachment; filename="accounts-2026-03-01.csv"` ||
		p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", p.Header)
	}
	rows := p.table()
	if len(rows) != 2 || rows[0]["seller_id"] != "seller_1" || rows[1]["seller_id"] != "seller_3" {
		t.Fatal(rows)
	}
	for name, want := range map[string]string{
		"account_id": s.accountOf("seller_1"), "charges": "yes", "status": "enabled", "can_transact": "true", "disconnected_at": "",
	} {
		if rows[0][name] != want {
			t.Errorf("%s is %q", name, rows[0][name])
		}
	}
}

func TestAnExportOfNothingHasItsHeader(t *testing.T) {
	t.Parallel()
	p := newSite(t).signedIn().get("/admin/accounts.csv").want(http.StatusOK)
	if rows := p.table(); len(rows) != 0 || !strings.HasPrefix(p.body, "\ufeffseller_id,account_id,name,") {
		t.Error(p.body)
	}
}

func TestAnExportHoldsNoFormula(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := map[string]string{
		`=HYPERLINK("https://evil.example")`: `'=HYPERLINK("https://evil.example")`, "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx",
		"\rx": "'\rx", "'quoted": "'quoted", "\n=1": "'\n=1", "＝1": "'＝1", "Art;=1+1": "Art;'=1+1", "Art; Craft-Shop": "Art; Craft-Shop", "Müller & Söhne, \"Öl\"": "Müller & Söhne, \"Öl\"", "a=b": "a=b", "": "",
	}
	want := map[string]string{}
	for name, cell := range names {
		seller := fmt.Sprintf("seller_%d", len(want))
		s.connected(seller, "complete")
		s.exec(`update accounts set display_name = nullif($1, '') where seller_id = $2`, name, seller)
		want[seller] = cell
	}
	got := map[string]string{}
	for _, row := range s.signedIn().get("/admin/accounts.csv").want(http.StatusOK).table() {
		got[row["seller_id"]] = row["name"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPickedAccountsAreExportedWithFreshLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "restricted")
	s.connected("seller_2", "restricted")
	first, second := s.accountOf("seller_1"), s.accountOf("seller_2")
	b := s.signedIn()
	rows := b.post("/admin/accounts.csv", url.Values{"id": {second, first, second}}).want(http.StatusOK).table()
	if len(rows) != 2 {
		t.Fatal(rows)
	}
	for _, row := range rows {
		s.browser().get(row["onboarding_link"]).want(http.StatusOK).shows("Connected: ")
		if row["link_expires_at"] == "" {
			t.Error("a link does not say how long it works")
		}
	}
	for name, ids := range map[string][]string{
		"none": nil, "text that is none": {"\xff"}, "an unknown one": {first, "acct_none"},
	} {
		if p := b.post("/admin/accounts.csv", url.Values{"id": ids}); p.StatusCode < 400 || p.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %s", name, p.Status)
		}
	}
	many := url.Values{}
	for i := range 1001 {
		many.Add("id", fmt.Sprintf("acct_%d", i))
	}
	b.post("/admin/accounts.csv", many).want(http.StatusBadRequest).shows("Pick 1 to 1000 accounts.")
}

func TestAnExportAsksWhoOneIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	to := s.browser().get("/admin/accounts.csv?status=enabled").want(http.StatusOK).button("Sign in")
	if to != "/admin/accounts?status=enabled" {
		t.Errorf("signing in leads to %s", to)
	}
}

// TestAnExportThatBreaksOffIsNotWhole: a browser says that the download failed, after whatever page.
func TestAnExportThatBreaksOffIsNotWhole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addAccounts(200)
	s.exec(`update accounts set reasons = '"no list"' where id = 'acct_0200'`)
	res, err := s.signedIn().client.Get(s.url + "/admin/accounts.csv?sort=id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil || !strings.Contains(string(body), "acct_0001") || strings.Contains(string(body), "acct_0200") {
		t.Errorf("the file ends with %v:\n%s", err, body)
	}
}

// addAccounts puts accounts acct_0001 and so on beside those that sellers have connected.
func (s *site) addAccounts(n int) {
	s.t.Helper()
	s.exec(`insert into sellers (id, created_at) select 'many_' || i, $2::timestamptz from generate_series(1, $1::int) i`, n, t0)
	s.exec(`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
			reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
		select 'acct_' || lpad(i::text, 4, '0'), 'many_' || i, false, 'enabled', true, true, true, false, '[]', 1, 1, $2::timestamptz, $2, $2, 1, 1
		from generate_series(1, $1::int) i`, n, t0)
}

func TestAnExportThatCannotBeginIsAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b := s.signedIn()
	b.get("/admin/accounts.csv?status=none").want(http.StatusBadRequest).shows("There is no status")
	s.exec(`alter table accounts rename to hidden`)
	p := b.get("/admin/accounts.csv").want(http.StatusInternalServerError).shows("Something went wrong")
	if p.Header.Get("Content-Disposition") != "" || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%v", p.Header)
	}
}
