package web

import (
	"context"
	"net/http"
	"net/url"
)

const accountsPath = "/admin/accounts"

// listAccounts is the account table. A page that shows it asks again and again whether anything has changed since; while
// nothing has, the answer is empty.
func (s *site) listAccounts(w http.ResponseWriter, r *http.Request) {
	view := accountsAt(r.URL.Query())
	latest, err := s.Registry.LastChange(r.Context()) // before the rows are read: what changes in between is told again
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	liveURL, changed := follow(w, r, view, latest)
	if !changed {
		return
	}
	v, err := s.accountsView(r.Context(), view)
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	v.LiveURL = liveURL
	v.markFresh(shownVersion(r))
	s.render(w, r, http.StatusOK, v)
}

func (s *site) accountsView(ctx context.Context, view address) (accountsView, error) {
	query, err := readAccountQuery(view.query)
	if err != nil {
		return accountsView{}, err
	}
	chosen, err := readColumns(view.query)
	if err != nil {
		return accountsView{}, err
	}
	page, err := s.Registry.Accounts(ctx, query)
	if err != nil {
		return accountsView{}, err
	}
	counts, err := s.Registry.StatusCounts(ctx)
	if err != nil {
		return accountsView{}, err
	}
	v := newAccountsView(view, chosen, page, counts, s.Now())
	v.BaseURL = s.BaseURL
	return v, nil
}

func (s *site) queryProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{
		Title: "Not understood", Ways: []way{linkTo("Show all accounts", accountsPath)},
	})
}

func accountPath(id string) string { return accountsPath + "/" + url.PathEscape(id) }
