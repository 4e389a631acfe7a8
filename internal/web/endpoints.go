package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
)

const (
	endpointsPath   = "/admin/endpoints"
	newEndpointPath = endpointsPath + "/new"
)

func (s *site) routeDeliveries(router *mux.Router) {
	s.getOrSignIn(router, endpointsPath, s.listEndpoints)
	s.get(router, newEndpointPath, s.session(s.toNewEndpoint)) // where one stands whose endpoint was not made
	s.post(router, newEndpointPath, s.admin(s.makeEndpoint))
	s.getOrSignIn(router, endpointsPath+"/{id}", s.showEndpoint)
	s.post(router, endpointsPath+"/{id}/test", s.admin(s.testEndpoint))
	s.post(router, endpointsPath+"/{id}/rotate", s.admin(s.rotateSecret))
	s.post(router, endpointsPath+"/{id}/enable", s.admin(s.enableEndpoint))
	s.post(router, endpointsPath+"/{id}/delete", s.admin(s.deleteEndpoint))
	s.getOrSignIn(router, deliveriesPath, s.listDeliveries)
	s.getOrSignIn(router, deliveriesPath+"/{id}", s.showDelivery)
	s.post(router, deliveriesPath+"/{id}/redeliver", s.admin(s.redeliver))
}

func (s *site) toNewEndpoint(w http.ResponseWriter, _ *http.Request) {
	seeOther(w, endpointsPath+"?new=yes")
}

// listEndpoints are all there are: at most 100. A page that shows them asks again and again whether anything is different.
func (s *site) listEndpoints(w http.ResponseWriter, r *http.Request) {
	v := newEndpoint{Asked: r.URL.Query().Get("new") != "", ID: notify.NewEndpointID(s.Now()), All: true}
	s.renderEndpoints(w, r, http.StatusOK, v)
}

func (s *site) renderEndpoints(w http.ResponseWriter, r *http.Request, status int, form newEndpoint) {
	all, err := s.Endpoints.Health(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v := newEndpointsView(all, form)
	var changed bool
	if v.LiveURL, changed = follow(w, r, pageAt(endpointsPath), digest(v.Rows)); !changed {
		return
	}
	v.Notice = s.notice(r)
	s.render(w, r, status, v)
}

// secretKey is where a session keeps an endpoint's id and its secret for the next page, which alone shows it.
const secretKey = "endpoint_secret"

// makeEndpoint makes an endpoint, whose page shows its secret once. What is wrong with the form is said in it.
func (s *site) makeEndpoint(w http.ResponseWriter, r *http.Request) {
	form := newEndpoint{
		Asked: true, ID: r.PostFormValue("id"), URL: strings.TrimSpace(r.PostFormValue("url")), Types: r.PostForm["types"], All: r.PostFormValue("which") != "some",
	}
	params := notify.EndpointParams{ID: form.ID, URL: form.URL, By: s.actor(r)}
	if form.All == (len(form.Types) > 0) {
		form.Problem, form.Field = "Choose all types, or these alone and which.", "types"
		s.renderEndpoints(w, r, http.StatusBadRequest, form)
		return
	}
	if !form.All {
		params.Types = form.Types
	}
	if !account.IsText(form.URL) {
		form.URL, params.URL = "", ""
	}
	made, err := s.Endpoints.Create(r.Context(), params)
	if account.KindOf(err) == account.Conflict && s.isEndpoint(r, form.ID) { // the same form, sent twice
		seeOther(w, endpointPath(form.ID))
		return
	}
	if e, ok := errors.AsType[*account.Error](err); ok {
		form.Problem, form.Field = fieldSentence(e), e.Field
		s.renderEndpoints(w, r, statuses[e.Kind], form)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), secretKey, made.ID+" "+made.Secret)
	s.sessions.Put(r.Context(), noticeKey, "The endpoint is made: it gets what happens from now on.")
	seeOther(w, endpointPath(made.ID))
}

func (s *site) isEndpoint(r *http.Request, id string) bool {
	_, err := s.Endpoints.Get(r.Context(), id)
	return err == nil
}

// fieldSentence is what is wrong with a field whose error goes on after its name.
func fieldSentence(e *account.Error) string {
	switch {
	case e.Field == "url":
		return "The URL " + strings.TrimPrefix(e.Message, "url ") + "."
	case strings.HasPrefix(e.Field, "types["):
		return "One of those picked " + strings.TrimPrefix(e.Message, e.Field+" ") + "."
	}
	return e.Message
}

func endpointPath(id string) string { return endpointsPath + "/" + url.PathEscape(id) }
