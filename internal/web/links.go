package web

import (
	"context"
	"net/http"
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
	view := viewAt(linksPath, r.URL.Query(), "seller_id", "which", cursorParam)
	v, err := s.linksView(r.Context(), view)
	if err != nil {
		s.linksProblem(w, r, err)
		return
	}
	var changed bool
	if v.LiveURL, changed = follow(w, r, view, digest(v.Rows)); !changed {
		return
	}
	if id := r.URL.Query().Get("revoke"); id != "" {
		link, err := s.Onboarding.Link(r.Context(), id)
		if err != nil {
			s.linksProblem(w, r, err)
			return
		}
		v.Revoking = newLinkRevocation(link, view, s.Now())
	}
	v.Notice = s.notice(r)
	s.render(w, r, http.StatusOK, v)
}

func (s *site) linksView(ctx context.Context, view address) (linksView, error) {
	query, err := readLinkQuery(view)
	if err != nil {
		return linksView{}, err
	}
	page, err := s.Onboarding.Links(ctx, query)
	if err != nil {
		return linksView{}, err
	}
	v := newLinksView(view, page, s.Now())
	v.BaseURL, v.Which, v.SellerID = s.BaseURL, query.Which, query.SellerID
	return v, nil
}

func readLinkQuery(view address) (onboarding.LinkQuery, error) {
	q := onboarding.LinkQuery{
		Which: onboarding.OpenLinks, SellerID: strings.TrimSpace(view.get("seller_id")), Cursor: view.get(cursorParam), Limit: linksShown,
	}
	switch which := onboarding.Which(view.get("which")); which {
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
	seeOther(w, viewAt(linksPath, r.PostForm, "seller_id", "which").String())
}

func (s *site) linksProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{Title: "No link to show", Ways: []way{linkTo("Show the open links", linksPath)}})
}
