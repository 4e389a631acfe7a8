package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

const (
	linksPath  = "/admin/links"
	linksShown = 50 // a page
)

func (s *site) routeLinks(router *mux.Router) {
	s.get(router, linksPath, s.admin(s.listLinks))
	s.post(router, linksPath+"/revoke", s.admin(s.revokeLink))
}

// listLinks is the page of onboarding links. One that shows it asks again and again whether anything has changed since.
func (s *site) listLinks(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	v, err := s.linksView(r.Context(), asked)
	if err != nil {
		s.linksProblem(w, r, err)
		return
	}
	if shownVersion(r) == v.version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if id := asked.Get("revoke"); id != "" {
		link, err := s.Onboarding.Link(r.Context(), id)
		if err != nil {
			s.linksProblem(w, r, err)
			return
		}
		v.Revoking = newLinkRevocation(link, asked, s.Now())
	}
	if !fromScript(r) { // a script takes parts of the page, of which the notice is none
		v.Notice = s.sessions.PopString(r.Context(), noticeKey)
	}
	s.render(w, r, http.StatusOK, v)
}

func (s *site) linksView(ctx context.Context, asked url.Values) (linksView, error) {
	query, err := readLinkQuery(asked)
	if err != nil {
		return linksView{}, err
	}
	page, err := s.Onboarding.Links(ctx, query)
	if err != nil {
		return linksView{}, err
	}
	v := newLinksView(asked, page, s.Now())
	v.BaseURL = s.BaseURL
	v.version, err = digest(v.Rows)
	v.LiveURL = withShown(linksURL(asked, query.Cursor), v.version)
	return v, err
}

func readLinkQuery(asked url.Values) (onboarding.LinkQuery, error) {
	q := onboarding.LinkQuery{
		Which: onboarding.OpenLinks, SellerID: strings.TrimSpace(asked.Get("seller_id")), Cursor: asked.Get("cursor"), Limit: linksShown,
	}
	switch which := onboarding.Which(asked.Get("which")); which {
	case "", onboarding.OpenLinks:
	case onboarding.AllLinks:
		q.Which = which
	default:
		return q, account.InvalidField("which", "which is open or all, not %q.", which)
	}
	return q, nil
}

// revokeLink ends a link, and leads back to the view in which it was.
func (s *site) revokeLink(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("id")
	link, err := s.Onboarding.Link(r.Context(), id)
	if err == nil {
		err = s.Onboarding.RevokeLink(r.Context(), id, s.actor(r))
	}
	if err != nil {
		s.linksProblem(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), noticeKey, "Revoked: the link "+id+" of seller "+link.SellerID+" leads nowhere any more.")
	seeOther(w, linksURL(r.PostForm, ""))
}

func (s *site) linksProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{Title: "No link to show", Ways: []way{{Words: "Show the open links", URL: linksPath, Method: follow}}})
}
