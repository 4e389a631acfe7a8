package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/registry"
)

const searchPath = "/admin/search"

func (s *site) routeSearch(router *mux.Router) {
	s.get(router, searchPath, s.admin(s.search))
}

// search leads to the account that is meant, where only one is like that, and else to the table of those that are.
func (s *site) search(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" || !isText(text) {
		seeOther(w, addressOf(viewOf(url.Values{"q": {text}})))
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
	seeOther(w, addressOf(viewOf(url.Values{"q": {text}})))
}
