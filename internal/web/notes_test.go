package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/account"
)

func TestNotesStayUntilTheSellerIsErased(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	id := s.accountOf("seller_1")
	b, at := s.signedIn(), "/admin/accounts/"+id
	to := b.get(at).shows("It goes when the seller is erased.").button("Keep the note")
	if back := b.post(to, url.Values{"note": {"Called on Monday. <b>"}}).want(http.StatusSeeOther).Header.Get("Location"); back != at+"#notes" {
		t.Errorf("leads to %s", back)
	}
	b.post(to, url.Values{"note": {"Called again."}})
	shown := b.get(at).shows("Called on Monday. <b>", "Called again.", "admin wrote a note", "from 127.0.0.1")
	if strings.Index(shown.text(), "Called again.") > strings.Index(shown.text(), "Called on Monday.") {
		t.Error("the newest is not the first")
	}

	b.post(at+"/unlink", nil).want(http.StatusSeeOther)
	if err := s.registry.EraseSeller(t.Context(), "seller_1", account.Actor{Name: "cli"}); err != nil {
		t.Fatal(err)
	}
	b.get(at).hides("Called").shows("cli erased the seller’s personal data")
}

func TestNoteIsDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.post(at+"/notes", url.Values{"note": {"Called on Monday."}})
	shown := b.get(at).shows("Called on Monday.")
	form := url.Values{"note_id": {shown.value("note_id")}}
	b.post(at+"/delete-note", form).want(http.StatusSeeOther)
	b.get(at).hides("Called on Monday.").shows("admin deleted a note")
	for _, id := range []string{form.Get("note_id"), "", "x", "99999999999999999999"} {
		b.post(at+"/delete-note", url.Values{"note_id": {id}}).want(http.StatusSeeOther) // there is no such note any more
	}
}

func TestOnlyTheLatestNotesAreShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	id := s.accountOf("seller_1")
	b, at := s.signedIn(), "/admin/accounts/"+id
	for i := range 51 {
		s.exec(`insert into account_notes (account_id, seller_id, at, actor, note) values ($1, 'seller_1', $2, 'admin', $3)`, id, t0, fmt.Sprintf("Call %02d.", i))
		if i == 49 {
			b.get(at).shows("Call 49.", "Call 00.").hides("There are older ones.")
		}
	}
	b.get(at).shows("Call 50.", "Call 01.", "There are older ones.").hides("Call 00.")
}

func TestNoteThatCannotBeKeptStaysInItsField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	long := strings.Repeat("ö", 10_001)
	b.post(at+"/notes", url.Values{"note": {long}}).want(http.StatusBadRequest).shows("A note has 1 to 10000 characters.", long)
	b.post(at+"/notes", url.Values{"note": {" "}}).want(http.StatusBadRequest)
	b.post(at+"/notes", url.Values{"note": {strings.Repeat("💶", 10_000)}}).want(http.StatusSeeOther)
}

// TestWhatPeopleDidIsShown: each act, by whom, and from where.
func TestWhatPeopleDidIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.post(at+"/recheck", nil)
	b.post(at+"/link", nil)
	b.post(at+"/reassign", url.Values{"seller_id": {"seller_2"}}).want(http.StatusSeeOther)
	b.get(at).shows("admin re-checked the account from 127.0.0.1", "admin reassigned the account from seller_1 to seller_2 from 127.0.0.1")
}

// TestWhatPeopleDidGoesOn where there is more of it than a page shows.
func TestWhatPeopleDidGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "no_payouts")
	b, at := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	b.post(at+"/notes", url.Values{"note": {"Called on Monday."}}).want(http.StatusSeeOther)
	for range 25 {
		b.post(at+"/recheck", nil).want(http.StatusSeeOther)
	}
	newest := b.get(at).hides("admin wrote a note")
	older := b.get(newest.link("Older acts")).want(http.StatusOK).shows("admin wrote a note")
	if n, m := strings.Count(newest.text(), "admin re-checked"), strings.Count(older.text(), "admin re-checked"); n != 20 || m != 5 {
		t.Errorf("%d re-checks, then %d", n, m)
	}
	b.post(at+"/recheck", nil).want(http.StatusSeeOther)
	b.live(older).want(http.StatusOK).shows("admin wrote a note") // it stays that page
	if back := older.link("Latest acts"); back != at+"#acts" {
		t.Errorf("back leads to %s", back)
	}
	b.get(at + "?acts_before=1").shows("Nothing older.")
	b.get(at + "?acts_before=x").want(http.StatusBadRequest)
}
