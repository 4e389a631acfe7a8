package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// notesView is what admins wrote down about an account, and what is being written.
type notesView struct {
	Notes   []registry.Note
	Older   bool // there are more
	Typed   string
	Problem string // why it was not kept; ""
}

// notesShown is how many an account's page shows: each may be long.
const notesShown = 50

func (v *notesView) show(notes []registry.Note) {
	v.Notes, v.Older = notes[:min(len(notes), notesShown)], len(notes) > notesShown
}

// addNote writes something down about the account. What can't be kept stays in its field.
func (s *site) addNote(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	typed := r.PostFormValue("note")
	_, err = s.Registry.AddNote(r.Context(), a.ID, typed, s.actor(r))
	if e, ok := errors.AsType[*account.Error](err); ok {
		s.renderAccount(w, r, statuses[e.Kind], a, actView{Note: notesView{Typed: typed, Problem: e.Message}})
		return
	}
	s.noted(w, r, a, err)
}

// deleteNote deletes a note; one that is gone already was deleted.
func (s *site) deleteNote(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	id, err := strconv.ParseInt(r.PostFormValue("note_id"), 10, 64)
	if err == nil {
		err = s.Registry.DeleteNote(r.Context(), a.ID, id, s.actor(r))
	}
	if account.KindOf(err) == account.NotFound || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	s.noted(w, r, a, err)
}

func (s *site) noted(w http.ResponseWriter, r *http.Request, a client.Account, err error) {
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	seeOther(w, accountPath(a.ID)+"#notes")
}

// deed is what somebody did to an account.
type deed struct {
	At             time.Time
	Who, What      string
	Subject, Where string // ""
	Key            string // the name of the API key that it was done with; ""
}

// deedsShown is how many an account's page shows at once.
const deedsShown = 20

// deedsView is a page of what people did to an account.
type deedsView struct {
	Shown  []deed
	Older  int64 // the act's id before which it goes on; 0 where it ends
	Newest bool  // it begins with the newest
	URL    string
}

func (s *site) deeds(ctx context.Context, a client.Account, before int64) (deedsView, error) {
	acts, err := s.Registry.Acts(ctx, a, before, deedsShown+1)
	if err != nil {
		return deedsView{}, err
	}
	v := deedsView{Newest: before == 0, URL: accountPath(a.ID)}
	if len(acts) > deedsShown {
		acts = acts[:deedsShown]
		v.Older = acts[deedsShown-1].ID
	}
	for _, act := range acts {
		v.Shown = append(v.Shown, newDeed(act))
	}
	return v, nil
}

func newDeed(act registry.Act) deed {
	d := deed{At: act.At, Who: act.By.Name, Key: act.KeyName, What: deedWords(act.Action), Subject: act.Subject, Where: act.By.Address}
	switch {
	case act.Action == "reassign" && act.Subject != "":
		d.What, d.Subject = "reassigned the account from "+act.Subject+" to "+act.SellerID, ""
	case act.Action == "reassign":
		d.What = "reassigned the account to " + act.SellerID
	case act.Action == "unlink" && act.Subject != "":
		d.What, d.Subject = "had the account unlinked although it worked", ""
	}
	return d
}

// deedWords says what was done. What is not known is shown as the audit names it.
func deedWords(action string) string {
	words := map[string]string{
		"recheck": "re-checked the account", "unlink": "had the account unlinked",
		"create_link": "made an onboarding link", "revoke_link": "revoked an onboarding link",
		"add_note": "wrote a note", "delete_note": "deleted a note", "erase": "erased the seller’s personal data",
		"replay": "had events applied again",
	}[action]
	if words == "" {
		return action
	}
	return words
}
