package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// countAll has the overview count what has happened by now.
func (s *site) countAll() {
	s.t.Helper()
	s.exec(`update overview set starts_due_at = 'epoch'`)
	if err := s.overview.Tick(s.t.Context(), t0.Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
}

// breaks has Stripe switch the account's charges off, and tell so.
func (s *site) breaks(accountID string) {
	s.t.Helper()
	off := works("Amber Press")
	off.ChargesEnabled = new(bool)
	off.Requirements = &account.Requirements{DisabledReason: "requirements.past_due", PastDue: []string{"person_1AbC.id_number"}}
	s.observe(registry.Reported(registry.Event{
		ID: "evt_" + accountID, Type: "account.updated", Account: accountID, Created: t0.Add(2 * time.Minute),
	}, off))
}

func TestAnEmptyOverviewSaysWhatToDoFirst(t *testing.T) {
	t.Parallel()
	b := fixedSite(t).signedIn()
	p := b.get("/admin").want(http.StatusOK).shows("No seller has come yet", "/v1/onboarding-links", "connectd accounts import")
	if len(p.all(atom.Svg)) > 0 {
		t.Error("an empty platform has a picture")
	}
}

func TestOverview(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	b := s.signedIn()
	s.examples()
	s.has("seller_g", "acct_g", works("Quiet Loom"))
	s.breaks("acct_g")
	s.link("seller_h")
	s.countAll()
	p := b.get("/admin").want(http.StatusOK)
	p.shows("3 sellers can transact, 3 more than a week ago.", "within 7 days", "Tax number of the company by",
		"Broke since yesterday", "Stripe has switched charges off", "person_any.id_number", "The seller is no longer connected",
		"Became due in the last 7 days", "Link made: 8, 100 %", "Could transact: 5", "From link to transacting")
	for _, words := range []string{"seller_g", "seller_f"} {
		b.get(p.link(words)).want(http.StatusOK).shows("History")
	}
	rows := b.get(p.link("1 within 30 days")).want(http.StatusOK).rows()
	if len(rows) != 1 || rows[0][0] != "seller_b" {
		t.Errorf("at risk are %v", rows)
	}
	if rows := b.get(p.link("0 within 14 days")).want(http.StatusOK).shows("within 14 days").rows(); len(rows) != 0 {
		t.Errorf("at risk are %v", rows)
	}
}

// byID is the element of that id.
func (p *page) byID(id string) *html.Node {
	p.t.Helper()
	for _, div := range p.all(atom.Div) {
		if attr(div, "id") == id {
			return div
		}
	}
	p.t.Fatalf("%s has no %s", p.Request.URL.Path, id)
	return nil
}

// TestEachPictureHasItsTable: a picture says what it is, and its figures stand beside it.
func TestEachPictureHasItsTable(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.countAll()
	p := s.signedIn().get("/admin")
	ids := map[string]bool{}
	for _, node := range p.all(atom.Svg) {
		if attr(node, "role") != "img" {
			t.Error("a picture is none to those who do not see it")
		}
		for id := range strings.FieldsSeq(attr(node, "aria-labelledby")) {
			if ids[id] || !strings.Contains(p.body, `id="`+id+`"`) {
				t.Errorf("two have the name %s, or none", id)
			}
			ids[id] = true
		}
	}
	if len(ids) != 2*2*4 {
		t.Errorf("%d names: %v", len(ids), ids)
	}
	days := 0
	for _, details := range p.all(atom.Details) {
		if attr(details, "id") == "days" {
			days = len(within(details, atom.Tr)) - 1
		}
	}
	if days != 30 {
		t.Errorf("the table has %d days", days)
	}
}

func TestOverviewShowsAsManyDaysAsAskedFor(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.exec(`insert into daily_turns values ('2025-06-01', 40, 2), ('2025-12-24', 7, 0)`)
	s.countAll()
	b := s.signedIn()
	month := b.get("/admin")
	quarter := b.get(month.link("90 days"))
	quarter.shows("24 December 20254570").hides("1 June 2025")
	b.get(quarter.link("A year")).shows("1 June 202538402", "24 December 20254570")
	b.get("/admin?days=7").want(http.StatusBadRequest).link("Show the overview")
	b.get("/admin?days=x").want(http.StatusBadRequest)
}

func TestOverviewAsksForWhatIsNew(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.countAll()
	b := s.signedIn()
	fromScript := http.Header{"Hx-Request": {"true"}}
	asks := attr(b.get("/admin?days=90").byID("overview"), "hx-get")
	if !strings.HasPrefix(asks, "/admin?days=90&shown=") {
		t.Fatalf("asks for %s", asks)
	}
	b.do(http.MethodGet, asks, nil, fromScript).want(http.StatusNoContent)
	s.breaks("acct_working")
	s.countAll()
	b.do(http.MethodGet, asks, nil, fromScript).want(http.StatusOK).shows("2 sellers can transact").hides("braked")
	asks = attr(b.get("/admin?days=90").byID("overview"), "hx-get")
	s.exec(`update accounts set held_back = true where id = 'acct_working'`)
	held := b.do(http.MethodGet, asks, nil, fromScript).want(http.StatusOK).shows("The scan is braked: it would take the yes of 1 more account")
	if to := held.link("Look at the scan"); to != "/admin/scans" {
		t.Errorf("leads to %s", to)
	}
	s.exec(`insert into stripe_events (id, type, created, received_at, outcome) values ('evt_x', 'account.updated', $1, $1, 'failed')`, t0)
	s.exec(`insert into event_endpoints (id, url, types, secret, created_at, after_position, disabled_at)
		values ('ep_x', 'https://shop.example/', '{}', 'whsec_x', $1, 0, $1)`, t0)
	all := b.get("/admin").shows("1 event could not be read", "Nothing is sent to 1 event endpoint")
	for words, page := range map[string]string{"Look at the failed events": "/admin/events?outcome=failed", "Look at the endpoints": "/admin/endpoints"} {
		if to := all.link(words); to != page {
			t.Errorf("%s leads to %s", words, to)
		}
	}
}

func TestOverviewSaysThatItIsBehind(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	b := s.signedIn()
	b.get("/admin").shows("These figures are made within seconds of a start").hides("being counted")
	s.exec(`insert into account_changes (position, account_id, seller_id, at, source, policy_version, after)
		values (40000, 'acct_working', 'seller_a', $1, 'scan', 1, '{"can_transact":true}')`, t0)
	s.exec(`update overview set position = 10000`)
	b.get("/admin").hides("being counted") // checks that changed nothing have positions too
	s.exec(`insert into account_changes (position, account_id, seller_id, at, source, policy_version, after)
		select i, 'acct_working', 'seller_a', $1, 'scan', 1, '{"can_transact":true}' from generate_series(20001, 30000) i`, t0)
	b.get("/admin").shows("The history is being counted, 25 % of it by now")
}

// TestWhatIsNeededLaterIsDue where it is what puts a seller at risk.
func TestWhatIsNeededLaterIsDue(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	later := works("Elderquay Leather")
	deadline := t0.Add(20 * 24 * time.Hour)
	later.FutureRequirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: &deadline}
	s.has("seller_later", "acct_later", later)
	s.countAll()
	for _, path := range []string{"/admin", "/admin/accounts?columns=requirements"} {
		s.signedIn().get(path).want(http.StatusOK).shows("Tax number of the company by 21 March 2026")
	}
}
