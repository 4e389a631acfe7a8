package web

import (
	"errors"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

// signInView is the form that stands in the place of a page until its reader has signed in.
type signInView struct {
	Action   string // the page that was asked for
	Wrong    bool
	Busy     bool // too many try at once
	Minutes  int  // until the next attempt is taken from here; 0: now
	Possible bool // a password is set
}

func (signInView) template() string { return "sign_in" }

// signedIn shows others the sign-in form in the page's place.
func (s *site) signedIn(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.Sessions.SignedIn(r.Context()):
			h(w, r)
		case fromScript(r): // the page that asks is to be loaded anew, which shows the form
			w.Header().Set("HX-Refresh", "true")
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPost: // a button of the page above it, pressed after the session's end
			s.render(w, r, http.StatusUnauthorized, s.signInView(path.Dir(r.URL.EscapedPath())))
		default:
			s.render(w, r, http.StatusOK, s.signInView(pageOf(r)))
		}
	}
}

// pageOf is the page that was asked for: of a file, the page that shows the same.
func pageOf(r *http.Request) string {
	return strings.Replace(r.URL.RequestURI(), exportPath, accountsPath, 1)
}

// signIn takes the form, and leads to the page in whose place it stood: so it never leads elsewhere.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	right, err := s.Admin.Check(r.Context(), r.RemoteAddr, r.PostFormValue("password"))
	switch {
	case tooMany(err) != nil:
		s.refuseTooMany(w, r, tooMany(err).RetryAfter)
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

func tooMany(err error) *access.TooManyAttemptsError {
	e, _ := errors.AsType[*access.TooManyAttemptsError](err)
	return e
}

func (s *site) refuseTooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	s.refuseSignIn(w, r, http.StatusTooManyRequests, signInView{Minutes: int(math.Ceil(wait.Minutes()))})
}

// refuseSignIn shows the form once more.
func (s *site) refuseSignIn(w http.ResponseWriter, r *http.Request, status int, v signInView) {
	s.Logger.WarnContext(r.Context(), "a sign-in was refused", "status", status, "address", access.HostOf(r.RemoteAddr))
	v.Action, v.Possible = r.URL.RequestURI(), s.Admin.Configured()
	s.render(w, r, status, v)
}

func (s *site) admit(w http.ResponseWriter, r *http.Request) {
	if err := s.Sessions.SignIn(r.Context(), s.Now(), access.TheAdmin(r.RemoteAddr)); err != nil {
		s.broken(w, r, err)
		return
	}
	seeOther(w, r.URL.RequestURI())
}

func (s *site) signInView(action string) signInView {
	return signInView{Action: action, Possible: s.Admin.Configured()}
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	if err := s.Sessions.SignOut(r.Context(), s.Now(), s.actor(r)); err != nil {
		s.broken(w, r, err)
		return
	}
	seeOther(w, accountsPath)
}

// signOutEverywhere ends all sessions, for who has left one open elsewhere.
func (s *site) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	if err := s.Sessions.SignOutEverywhere(r.Context(), s.Now(), s.actor(r)); err != nil {
		s.broken(w, r, err)
		return
	}
	seeOther(w, accountsPath)
}

// actor is who is signed in, for the audit.
func (s *site) actor(r *http.Request) account.Actor {
	return s.Sessions.Actor(r.Context(), r.RemoteAddr)
}
