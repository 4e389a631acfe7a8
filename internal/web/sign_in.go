package web

import (
	"errors"
	"net/http"
	"path"

	"github.com/connectd/connectd/internal/access"
)

// signInView is the form that stands in the place of a page until its reader has signed in.
type signInView struct {
	Action   string // the page that was asked for
	Wrong    bool
	Busy     bool // too many try at once
	Possible bool // a password is set
}

func (signInView) template() string { return "sign_in" }

// signedIn shows others the sign-in form in the page's place.
func (s *site) signedIn(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.Sessions.SignedIn(r.Context()):
			h(w, r)
		case r.Method == http.MethodPost: // a button of the page above it, pressed after the session's end
			s.render(w, r, http.StatusUnauthorized, s.signInView(path.Dir(r.URL.EscapedPath())))
		default:
			s.render(w, r, http.StatusOK, s.signInView(r.URL.RequestURI()))
		}
	}
}

// signIn takes the form, and leads to the page in whose place it stood: so it never leads elsewhere.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	right, err := s.Admin.Check(r.Context(), r.RemoteAddr, r.PostFormValue("password"))
	switch {
	case errors.Is(err, access.ErrBusy):
		s.refuseSignIn(w, r, http.StatusServiceUnavailable, signInView{Busy: true})
	case err != nil:
		s.broken(w, r, err)
	case !right:
		s.refuseSignIn(w, r, http.StatusUnauthorized, signInView{Wrong: true})
	default:
		s.admit(w, r)
	}
}

// refuseSignIn shows the form once more.
func (s *site) refuseSignIn(w http.ResponseWriter, r *http.Request, status int, v signInView) {
	s.Logger.WarnContext(r.Context(), "a sign-in was refused", "status", status)
	v.Action, v.Possible = r.URL.RequestURI(), s.Admin.Configured()
	s.render(w, r, status, v)
}

func (s *site) admit(w http.ResponseWriter, r *http.Request) {
	if err := s.Sessions.SignIn(r.Context(), s.Now()); err != nil {
		s.broken(w, r, err)
		return
	}
	seeOther(w, r.URL.RequestURI())
}

func (s *site) signInView(action string) signInView {
	return signInView{Action: action, Possible: s.Admin.Configured()}
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.Sessions.SignOut(r.Context()); err != nil {
		s.broken(w, r, err)
		return
	}
	seeOther(w, accountsPath)
}
