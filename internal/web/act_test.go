package web_test

import (
	"net/http"
	"net/url"
	"testing"

	"golang.org/x/net/html/atom"
)

func TestNewLinkIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	made := b.post(b.get(at).button("New onboarding link"), nil).want(http.StatusOK).shows("A new onboarding link for seller_1")
	link := ""
	for _, in := range made.all(atom.Input) {
		if attr(in, "id") == "new-link" {
			link = attr(in, "value")
		}
	}
	s.browser().get(link).want(http.StatusOK).shows("Connected:")
	b.get(at).hides("A new onboarding link for")
}

func TestUnlinkByAdmin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	asked := b.get(b.get(at).link("Unlink…")).want(http.StatusOK).shows(
		"Unlink", "can transact no more", "Subscriptions that run on the account go on at Stripe, and so do the fees")
	for _, in := range within(asked.all(atom.Main)[0], atom.Input) {
		t.Errorf("it asks for %s", attr(in, "name"))
	}
	if to := b.post(asked.button("Unlink"), nil).want(http.StatusSeeOther).Header.Get("Location"); to != at {
		t.Errorf("leads to %s", to)
	}
	b.get(at).shows("Unlinked.", "unlinked here").hides("Unlink…", "Reassign…")
	b.post(at+"/unlink", nil).want(http.StatusSeeOther) // done already
	b.get(at + "?confirm=unlink").hides("can transact no more")
}

// TestWorkingAccountIsUnlinkedBySellersID: by nothing less.
func TestWorkingAccountIsUnlinkedBySellersID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id := s.accountOf("seller_1")
	b, at := s.signedIn(), "/admin/accounts/"+id
	b.get(at + "?confirm=unlink").shows("This account works. To unlink it nevertheless, type the seller’s id: seller_1")
	for _, typed := range []string{"", "seller_2", "SELLER_1", "seller_1 2"} {
		b.post(at+"/unlink", url.Values{"seller_id": {typed}}).want(http.StatusConflict).shows("type the seller’s id, seller_1.").button("Unlink")
	}
	s.accountOf("seller_1") // still connected
	b.post(at+"/unlink", url.Values{"seller_id": {" seller_1 "}}).want(http.StatusSeeOther)
	b.get(at).shows("Disconnected", "by a person", "admin had the account unlinked although it worked")
}

// TestNamelessAccountThatWorksIsUnlinkedBySellersID: the seller may unlink it by a press, and an admin not.
func TestNamelessAccountThatWorksIsUnlinkedBySellersID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "nameless")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.get(at + "?confirm=unlink").shows("This account works. To unlink it nevertheless, type the seller’s id: seller_1")
	b.post(at+"/unlink", nil).want(http.StatusConflict)
	s.accountOf("seller_1") // still connected
	b.post(at+"/unlink", url.Values{"seller_id": {"seller_1"}}).want(http.StatusSeeOther)
}

func TestUnlinkThatStripeDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	s.control("faults", `[{"path":"/oauth/deauthorize","status":500}]`)
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.post(at+"/unlink", nil).want(http.StatusBadGateway).shows("Stripe gave no answer; please try again.").button("Unlink")
}

func TestReassign(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	s.connected("seller_2", "complete")
	id := s.accountOf("seller_1")
	b, at := s.signedIn(), "/admin/accounts/"+id
	to := b.get(b.get(at).link("Reassign…")).shows("Seller seller_1 then holds no account").button("Reassign")
	b.post(to, url.Values{"seller_id": {"seller_2"}}).want(http.StatusConflict).shows("Seller seller_2 is connected with another account.")
	b.post(to, url.Values{"seller_id": {"no seller"}}).want(http.StatusBadRequest).shows("A seller's id is 1 to 255").button("Reassign")
	b.post(to, url.Values{"seller_id": {"seller_1"}}).want(http.StatusSeeOther)
	b.get(at).shows("Nothing was changed: seller seller_1 holds this account already.").hides("admin reassigned")
	b.post(to, url.Values{"seller_id": {"seller_3 "}}).want(http.StatusSeeOther)
	b.get(at).shows("Reassigned: seller seller_3 holds this account now.", "Enabled by a person reassigned from seller seller_1 to seller seller_3").
		hides("Disconnected")
	if s.accountOf("seller_3") != id {
		t.Error("seller_3 does not hold the account")
	}
}

func TestNothingIsDoneToAccountsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	b := newSite(t).signedIn()
	for _, act := range []string{"link", "unlink", "reassign", "notes", "delete-note"} {
		b.post("/admin/accounts/acct_nothing/"+act, url.Values{"seller_id": {"seller_1"}}).want(http.StatusNotFound)
	}
}

// value is what a form of the page sends in a field.
func (p *page) value(name string) string {
	p.t.Helper()
	for _, in := range p.all(atom.Input) {
		if attr(in, "name") == name {
			return attr(in, "value")
		}
	}
	p.t.Fatalf("%s has no field %s", p.Request.URL.Path, name)
	return ""
}
