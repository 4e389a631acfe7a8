package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestAccountPageSaysTheVerdictAndWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "document_failed")
	s.signedIn().get("/admin/accounts/"+s.accountOf("seller_1")).want(http.StatusOK).shows(
		"Cannot transact: Stripe has switched charges and payouts off because a document that proves the company’s identity is past due.",
		"Restricted", "The seller must act", "A document that proves the company’s identity company.verification.document past due",
		"Stripe says: The document could not be read.", "card_payments inactive",
		"test mode", "History", "the seller connecting", "Not connected → Incomplete", "Incomplete → Restricted",
	)
}

// TestVerdictSaysSinceWhenSomethingIsPastDue: Stripe's deadline is null once it has passed, and older pages of the history say it, too.
func TestVerdictSaysSinceWhenSomethingIsPastDue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "restricted_soon")
	id := s.accountOf("seller_1")
	a, err := s.registry.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	missed := a.Requirements.CurrentDeadline.UTC().Format("2 January 2006")
	s.control("clock", `{"advance":"`+(time.Until(*a.Requirements.CurrentDeadline)+24*time.Hour).String()+`"}`)
	b, at := s.signedIn(), "/admin/accounts/"+id
	b.post(at+"/recheck", nil).want(http.StatusSeeOther)
	for _, page := range []string{at, at + "?before=1"} {
		b.get(page).shows("because the tax number of the company was past due on "+missed, "company.tax_id past due on "+missed)
	}
}

// TestPageSaysWhatReadinessSaysOfAStaleAccount: that the last check is too long ago, and what the policy makes of it.
func TestPageSaysWhatReadinessSaysOfAStaleAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.get(at).hides("Stripe has not confirmed this")
	s.exec("update accounts set checked_at = now() - interval '36 days'")
	b.get(at).shows("Can transact: nothing stands in the way.", "Stripe has not confirmed this since")
	deny := account.DefaultPolicy()
	deny.DenyWhenStale = true
	if _, err := s.registry.ApplyPolicy(t.Context(), deny, 1, account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b.get(at).shows("Cannot transact: the account was not checked for too long.", "The platform must act", "Press Re-check now.")
	b.post(at+"/recheck", nil).want(http.StatusSeeOther)
	b.get(at).shows("Can transact: nothing stands in the way.").hides("Stripe has not confirmed this")
}

func TestRecheckFindsWhatNoWebhookTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id := s.accountOf("seller_1")
	s.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)

	b := s.signedIn()
	at := "/admin/accounts/" + id
	to := b.get(at).shows("Can transact: nothing stands in the way.").button("Re-check now")
	if back := b.post(to, nil).want(http.StatusSeeOther).Header.Get("Location"); back != at {
		t.Fatalf("leads to %s", back)
	}
	b.get(at).shows("Checked: this is what Stripe says now.", "Cannot transact: Stripe has switched charges off and does not say why.", "re-check", "Enabled → Restricted")
	b.get(at).hides("Checked:") // it is said once
}

func TestRecheckSaysWhatStripeDid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fault, words string }{
		"an error":     {`[{"path":"/v1/accounts/*","status":500}]`, "Stripe gave no answer that can be used"},
		"too much":     {`[{"path":"/v1/accounts/*","status":429}]`, "asked too much"},
		"a wrong key":  {`[{"path":"/v1/accounts/*","status":401}]`, "STRIPE_SECRET_KEY"},
		"another no":   {`[{"path":"/v1/accounts/*","status":404}]`, "Stripe refused"},
		"disconnected": {`[{"path":"/v1/accounts/*","status":403}]`, "no longer connected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.connected("seller_1", "complete")
			s.control("faults", c.fault)
			b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
			b.post(at+"/recheck", nil).want(http.StatusSeeOther)
			b.get(at).shows(c.words)
		})
	}
}

func TestDisconnectedAccountHasNoRecheck(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.connected("seller_1", "unsupported")
	id := s.accountOf("seller_1")
	b := s.signedIn()
	b.post(at+"/unlink", nil).want(http.StatusSeeOther)
	page := "/admin/accounts/" + id
	b.get(page).shows("Cannot transact: the account was disconnected on", "unlinked here", "its seller can connect it again", "a person")
	b.post(page+"/recheck", nil).want(http.StatusSeeOther)
	b.get(page).shows("is disconnected; only its seller can connect it again")
}

func TestAccountsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	b := newSite(t).signedIn()
	for _, id := range []string{"acct_nothing", "%00", "%ff", "a%20b"} {
		b.get("/admin/accounts/" + id).want(http.StatusNotFound).link("Show all accounts")
		b.post("/admin/accounts/"+id+"/recheck", nil).want(http.StatusNotFound)
	}
}

func TestHistoryGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id := s.accountOf("seller_1")
	from := time.Now().Add(time.Hour).Truncate(time.Second)
	for i := range 52 {
		charges := i%2 == 1
		s.report(id, "evt_"+time.Duration(i).String(), from.Add(time.Duration(i)*time.Second), &charges)
	}
	b, at := s.signedIn(), "/admin/accounts/"+id
	newest := b.get(at).want(http.StatusOK)
	older := b.get(newest.link("Older")).want(http.StatusOK)
	if n, m := len(newest.changes()), len(older.changes()); n != 50 || m < 4 || older.link("Newest") != at+"#history" {
		t.Errorf("%d changes, then %d", n, m)
	}
	b.get(at + "?before=1").shows("There are no older changes")
	for _, before := range []string{"x", "0", "-1", "9999999999999999999"} {
		b.get(at + "?before=" + before).want(http.StatusBadRequest)
	}
}

// report is an account.updated event, of an account that works but for its charges.
func (s *site) report(id, event string, at time.Time, charges *bool) {
	s.t.Helper()
	on := true
	_, err := s.registry.Observe(s.t.Context(), []registry.Observation{registry.Reported(
		registry.Event{ID: event, Type: "account.updated", Account: id, Created: at},
		account.Facts{Connected: true, DisplayName: "Blue Kiln", ChargesEnabled: charges, PayoutsEnabled: &on, DetailsSubmitted: &on},
	)})
	if err != nil {
		s.t.Fatal(err)
	}
}

// changes are the texts of the history's entries.
func (p *page) changes() []string {
	p.t.Helper()
	var changes []string
	for _, li := range p.all(atom.Li) {
		if strings.HasPrefix(attr(li, "id"), "change-") {
			changes = append(changes, textOf(li))
		}
	}
	return changes
}
