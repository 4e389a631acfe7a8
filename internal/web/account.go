package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
)

// historyLength is how many changes an account's page shows at once, one more where the last is the second of a reassignment's.
const historyLength = 50

// showAccount is an account's page. A page that shows it asks again and again whether anything was learned since; while
// nothing was, the answer is empty.
func (s *site) showAccount(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	if _, changed := follow(w, r, pageAt(accountPath(a.ID)), versionOf(a)); !changed {
		return
	}
	s.renderAccount(w, r, http.StatusOK, a, askedOf(r, a))
}

// renderAccount shows an account and what is being done to it.
func (s *site) renderAccount(w http.ResponseWriter, r *http.Request, status int, a client.Account, act actView) {
	from, err := readPageStart(r.URL.Query())
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	v, err := s.accountView(r.Context(), a, from)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v.Act, v.Notes.Typed, v.Notes.Problem = act, act.Note.Typed, act.Note.Problem
	v.Notice = s.notice(r)
	s.render(w, r, status, v)
}

func (s *site) accountView(ctx context.Context, a client.Account, from pageStart) (accountView, error) {
	changes, err := s.Registry.History(ctx, a.ID, from.history, historyLength+2)
	if err != nil {
		return accountView{}, err
	}
	newest := changes
	if from.history != 0 {
		if newest, err = s.Registry.History(ctx, a.ID, 0, historyLength); err != nil {
			return accountView{}, err
		}
	}
	now := s.Now()
	a, stale := s.judgedNow(a)
	v := newAccountView(withMissedDeadlines(a, newest, now), changes, from, now)
	notes, err := s.Registry.Notes(ctx, a.ID, notesShown+1)
	if err != nil {
		return accountView{}, err
	}
	v.Stale = stale
	v.Notes.show(notes)
	v.Deeds, err = s.deeds(ctx, a, from.acts)
	return v, err
}

// judgedNow is the account as its readiness reads now, which a check too long ago may make a no.
func (s *site) judgedNow(a client.Account) (judged client.Account, stale bool) {
	if a.DisconnectedAt != nil {
		return a, false
	}
	now := client.Readiness{CheckedAt: a.CheckedAt, CanTransact: a.CanTransact, Reasons: a.Reasons}
	s.Registry.JudgeAge(&now)
	a.CanTransact, a.Reasons = now.CanTransact, now.Reasons
	return a, now.Stale
}

func (s *site) accountOf(r *http.Request) (client.Account, error) {
	id := mux.Vars(r)["id"]
	if !account.IsText(id) {
		return client.Account{}, account.Errorf(account.NotFound, "There is no such account here.")
	}
	return s.Registry.Account(r.Context(), id)
}

// pageStart is before what position the history is asked for, and before which act what people did; 0 is from the newest.
type pageStart struct{ history, acts int64 }

// of is the account's page from there on.
func (p pageStart) of(a client.Account) address {
	return pageAt(accountPath(a.ID)).with("before", writtenNumber(p.history)).with("acts_before", writtenNumber(p.acts))
}

func readPageStart(asked url.Values) (from pageStart, err error) {
	if from.history, err = readNumber(asked, "before", "a position in the feed"); err != nil {
		return from, err
	}
	from.acts, err = readNumber(asked, "acts_before", "an id in the audit")
	return from, err
}

func (s *site) accountProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "No account to show", Ways: []way{linkTo("Show all accounts", accountsPath)},
	})
}
