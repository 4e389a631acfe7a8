package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

var ann = account.Actor{Name: "ann", Address: "192.0.2.7"}

func (f fixture) note(accountID, text string) registry.Note {
	f.t.Helper()
	note, err := f.AddNote(f.t.Context(), accountID, text, ann)
	if err != nil {
		f.t.Fatal(err)
	}
	return note
}

// notes are those on acct_1.
func (f fixture) notes() (texts []string) {
	f.t.Helper()
	notes, err := f.Notes(f.t.Context(), "acct_1", 10)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, n := range notes {
		texts = append(texts, n.By+" of "+n.SellerID+": "+n.Text)
	}
	return texts
}

func TestNotesOnAnAccount(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s2", "acct_2", span(9, 10))))
	first := f.note("acct_1", " called on Monday\n")
	f.note("acct_1", "sent the passport")
	f.note("acct_2", "another's")
	if diff := cmp.Diff([]string{"ann of s1: sent the passport", "ann of s1: called on Monday"}, f.notes()); diff != "" {
		t.Error(diff)
	}
	if err := f.DeleteNote(t.Context(), "acct_2", first.ID, ann); account.KindOf(err) != account.NotFound {
		t.Errorf("a note of another account: %v", err)
	}
	if err := f.DeleteNote(t.Context(), "acct_1", first.ID, ann); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ann of s1: sent the passport"}, f.notes()); diff != "" {
		t.Error(diff)
	}
	want := []string{"ann 192.0.2.7 add_note 1 acct_1", "ann 192.0.2.7 add_note 2 acct_1", "ann 192.0.2.7 add_note 3 acct_2", "ann 192.0.2.7 delete_note 1 acct_1"}
	if diff := cmp.Diff(want, f.lines(`select format('%s %s %s %s %s', actor, address, action, subject, account_id) from audit order by id`)); diff != "" {
		t.Error(diff)
	}
	if found := f.lines(`select 'x' from audit a where a::text ~ 'Monday|passport'`); len(found) > 0 {
		t.Error("the audit holds a note's text")
	}
}

func TestANoteThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	for _, text := range []string{"", " \n", "a\x00b", "\xff", strings.Repeat("ü", 10_001)} {
		if _, err := f.AddNote(t.Context(), "acct_1", text, ann); account.KindOf(err) != account.Invalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := f.AddNote(t.Context(), "acct_9", "of nothing", ann); account.KindOf(err) != account.NotFound {
		t.Errorf("a note on nothing: %v", err)
	}
	if n := f.lines(`select action from audit`); len(n) > 0 {
		t.Errorf("what was refused was audited: %v", n)
	}
}

// TestNotesOfAFormerHolderGoToo: they are about an account that the seller who is erased held last.
func TestNotesOfAFormerHolderGoToo(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.note("acct_1", "of the first")
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(ann))
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_2", "account.application.deauthorized", at(20))))
	if err := f.EraseSeller(t.Context(), "s2", ann); err != nil {
		t.Fatal(err)
	}
	if left := f.notes(); len(left) > 0 {
		t.Error(left)
	}
}

// TestNotesGoWithTheirSeller: those from when the seller held the account, and those on what the seller held last.
func TestNotesGoWithTheirSeller(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.note("acct_1", "of the first")
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(ann))
	f.note("acct_1", "of the second")
	if err := f.EraseSeller(t.Context(), "s1", ann); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ann of s2: of the second"}, f.notes()); diff != "" {
		t.Error(diff)
	}
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_2", "account.application.deauthorized", at(20))))
	if err := f.EraseSeller(t.Context(), "s2", ann); err != nil {
		t.Fatal(err)
	}
	if left := f.notes(); len(left) > 0 {
		t.Error(left)
	}
}
