package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

const searchPath = "/admin/search"

func (s *site) routeSearch(router *mux.Router) {
	s.get(router, searchPath, s.admin(s.search))
}

// search leads to the account that is meant, where it is named or only one is like that, or to the links of a seller who has those
// alone, and else to the table of those that are like that.
func (s *site) search(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" || !account.IsText(text) {
		seeOther(w, accountsLike(text))
		return
	}
	to, err := s.meant(r.Context(), text)
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	if to != "" {
		seeOther(w, to)
		return
	}
	page, err := s.Registry.Accounts(r.Context(), registry.AccountQuery{Text: text, Limit: 2})
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	if len(page.Accounts) == 1 && page.NextCursor == "" {
		seeOther(w, accountPath(page.Accounts[0].ID))
		return
	}
	seeOther(w, accountsLike(text))
}

// meant is the page of whoever has exactly this id or, alone, this e-mail address, also where others' ids begin with it: an account, a seller who holds one, or
// one who has only come as far as a link. "" is nobody.
func (s *site) meant(ctx context.Context, id string) (path string, err error) {
	a, err := s.Registry.Account(ctx, id)
	switch {
	case err == nil:
		return accountPath(a.ID), nil
	case account.KindOf(err) != account.NotFound:
		return "", err
	}
	held, ok, err := s.Registry.HeldBy(ctx, id)
	switch {
	case err != nil:
		return "", err
	case ok:
		return accountPath(held.ID), nil
	}
	mailed, err := s.Registry.AccountMailed(ctx, id)
	switch {
	case err != nil:
		return "", err
	case mailed != "":
		return accountPath(mailed), nil
	}
	links, err := s.Onboarding.Links(ctx, onboarding.LinkQuery{Which: onboarding.AllLinks, SellerID: id, Limit: 1})
	if err != nil || len(links.Links) == 0 {
		return "", err
	}
	return linksOf(id, onboarding.AllLinks).String(), nil
}
