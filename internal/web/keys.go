package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

const (
	keysPath  = "/admin/keys"
	keysShown = 50 // a page
)

func (s *site) routeKeys(router *mux.Router) {
	s.get(router, keysPath, s.admin(s.listKeys))
	s.get(router, keysPath+"/create", s.session(s.toKeys)) // where one stands who has made a key
	s.post(router, keysPath+"/create", s.admin(s.createKey))
	s.post(router, keysPath+"/revoke", s.admin(s.revokeKey))
}

func (s *site) toKeys(w http.ResponseWriter, _ *http.Request) { seeOther(w, keysPath) }

// listKeys is the page of the API keys. One that shows it asks again and again whether anything has changed since.
func (s *site) listKeys(w http.ResponseWriter, r *http.Request) {
	view := viewAt(keysPath, r.URL.Query(), cursorParam)
	v, err := s.keysView(r.Context(), view)
	if err == nil {
		v.Revoking, err = s.revocationOf(r)
	}
	if err != nil {
		s.keysProblem(w, r, err)
		return
	}
	if _, changed := follow(w, r, view, digest(v.Rows)); !changed {
		return
	}
	v.Notice = s.notice(r)
	s.render(w, r, http.StatusOK, v)
}

func (s *site) keysView(ctx context.Context, view address) (keysView, error) {
	page, err := s.Keys.Page(ctx, view.get(cursorParam), keysShown)
	if err != nil {
		return keysView{}, err
	}
	v := newKeysView(page, view, s.Now())
	v.Livemode, v.Making, v.BaseURL = s.Livemode, newKeyForm(), s.BaseURL
	v.LiveURL = liveURL(view, digest(v.Rows))
	return v, nil
}

// revocationOf is the key that the address asks to revoke, nil where it asks for nothing.
func (s *site) revocationOf(r *http.Request) (*keyRevocation, error) {
	id := r.URL.Query().Get("revoke")
	if id == "" {
		return nil, nil
	}
	key, err := s.Keys.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	last, err := s.Keys.LastAct(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return newKeyRevocation(key, last, s.Now()), nil
}

// createKey makes a key and shows it in the answer: nothing keeps it, so that there is no page to lead to. The form brings the id
// that the key is to have, so that the same form, sent again by a reload, makes no second one, and is not shown the first.
func (s *site) createKey(w http.ResponseWriter, r *http.Request) {
	form := readKeyForm(r)
	params, err := form.params()
	if err == nil {
		params.Livemode, params.By = s.Livemode, s.actor(r)
		form.Made, err = s.Keys.Create(r.Context(), params)
	}
	status := http.StatusOK
	if err != nil {
		e, ok := errors.AsType[*account.Error](err)
		if !ok {
			s.broken(w, r, err)
			return
		}
		status, form.Problem, form.Field = statuses[e.Kind], e.Message, e.Field
	}
	s.renderKeys(w, r, status, form)
}

func (s *site) renderKeys(w http.ResponseWriter, r *http.Request, status int, form keyForm) {
	v, err := s.keysView(r.Context(), pageAt(keysPath))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	switch {
	case form.Made.ID != "":
		v.Made = &madeKey{ID: form.Made.ID, Name: form.Name, Secret: form.Made.Secret}
	case status == http.StatusConflict: // it was made, and what is filled in makes another
		v.Problem = form.Problem
	default:
		v.Making = form
	}
	s.render(w, r, status, v)
}

func (s *site) revokeKey(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("id")
	key, err := s.Keys.Get(r.Context(), id)
	if err == nil {
		err = s.Keys.Revoke(r.Context(), id, s.actor(r))
	}
	if err != nil {
		s.keysProblem(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), noticeKey, "Revoked: “"+key.Name+"” opens nothing any more.")
	seeOther(w, keysPath)
}

func (s *site) keysProblem(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(w, r, err, problemView{Title: "No key to show", Ways: []way{linkTo("Show all keys", keysPath)}})
}

// lives are how long a key may be made for.
var lives = []struct {
	Words string
	Life  time.Duration
}{
	{"when it is revoked", 0},
	{"in a day", 24 * time.Hour},
	{"in 7 days", 7 * 24 * time.Hour},
	{"in 30 days", 30 * 24 * time.Hour},
	{"in 90 days", 90 * 24 * time.Hour},
	{"in a year", 365 * 24 * time.Hour},
}

// params are what the form asks for. What is wrong with it is an account.Error.
func (f keyForm) params() (access.KeyParams, error) {
	p := access.KeyParams{ID: f.ID, Name: f.Name}
	for _, scope := range f.Scopes {
		if scope.Selected {
			p.Scopes = append(p.Scopes, access.Scope(scope.Value))
		}
	}
	for _, life := range lives {
		if f.ExpiresIn == life.Life.String() {
			p.ExpiresIn = life.Life
			return p, nil
		}
	}
	return p, account.InvalidField("expires_in", "Choose when the key ends.")
}
