package web

import (
	"context"
	"net/http"
	"net/url"
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
	if text == "" || !isText(text) {
		seeOther(w, addressOf(viewOf(url.Values{"q": {text}})))
		return
	}
	if named, err := s.accountNamed(r.Context(), text); err != nil || named != "" {
		s.leadTo(w, r, named, err)
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
	if len(page.Accounts) > 0 {
		seeOther(w, addressOf(viewOf(url.Values{"q": {text}})))
		return
	}
	links, err := s.Onboarding.Links(r.Context(), onboarding.LinkQuery{Which: onboarding.AllLinks, SellerID: text, Limit: 1})
	if err == nil && len(links.Links) > 0 {
		seeOther(w, linksPath+"?"+url.Values{"which": {string(onboarding.AllLinks)}, "seller_id": {text}}.Encode())
		return
	}
	s.leadTo(w, r, addressOf(viewOf(url.Values{"q": {text}})), err)
}

// leadTo leads to a page, unless that could not be found out.
func (s *site) leadTo(w http.ResponseWriter, r *http.Request, to string, err error) {
	if err != nil {
		s.queryProblem(w, r, err)
		return
	}
	seeOther(w, to)
}

// accountNamed is the page of the account of that id, or of the seller's of that id; "" where there is neither.
func (s *site) accountNamed(ctx context.Context, id string) (string, error) {
	a, err := s.Registry.Account(ctx, id)
	if err == nil {
		return accountPath(a.ID), nil
	}
	if account.KindOf(err) != account.NotFound {
		return "", err
	}
	ready, err := s.Registry.Readiness(ctx, id)
	if account.KindOf(err) == account.Invalid { // no id at all
		return "", nil
	}
	if err != nil || ready.AccountID == nil {
		return "", err
	}
	return accountPath(*ready.AccountID), nil
}
