package web

import (
	"errors"
	"net/http"
	"net/url"
	"path"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// comeBack is where Stripe sends the seller's browser to.
func (s *site) comeBack(w http.ResponseWriter, r *http.Request) {
	arrival, err := s.Onboarding.Arrive(r.Context(), r.URL.Query(), cookiesOf(r))
	switch {
	case err != nil:
		s.arrivalProblem(w, r, err)
	case arrival.Denied:
		s.showDenied(w, r, arrival)
	default:
		seeOther(w, arrival.Location)
	}
}

// cookiesOf reads a request's cookies by name; "" where there is none.
func cookiesOf(r *http.Request) func(name string) string {
	return func(name string) string {
		cookie, err := r.Cookie(name)
		if err != nil {
			return ""
		}
		return cookie.Value
	}
}

// showDenied is the seller's page itself, for who said no at Stripe.
func (s *site) showDenied(w http.ResponseWriter, r *http.Request, arrival onboarding.Arrival) {
	at := pathOf(arrival.PageURL)
	page, err := s.Onboarding.Page(r.Context(), path.Base(at))
	if err != nil {
		s.linkProblem(w, r, err)
		return
	}
	v := newConnectView(at, page)
	v.Denied = true
	v.ReturnURL = arrival.ReturnURL
	s.render(w, r, http.StatusOK, v)
}

// arrivalProblem leads on from the seller's page, where it is known whose browser this is.
func (s *site) arrivalProblem(w http.ResponseWriter, r *http.Request, err error) {
	if account.KindOf(err) == account.Expired {
		s.linkProblem(w, r, err)
		return
	}
	e, ok := errors.AsType[*onboarding.ArrivalError](err)
	if !ok {
		s.problem(w, r, err, problemView{Title: "Not connected", Advice: adviceOn(err), Ways: s.toPlatform(err)})
		return
	}
	s.problem(w, r, err, newArrivalView(e))
}

// adviceOn is for who came back without a page to lead on from.
func adviceOn(err error) string {
	if errors.Is(err, onboarding.ErrPlatformsState) {
		return "Please begin again at the platform, and tell it if you come back here."
	}
	return "Please open the link that you were given once more, in this browser. " +
		"If it no longer works, ask the platform for a new one."
}

// newArrivalView: who has an account sees first that it is still connected, and on the page how to change; else connecting
// is what helps.
func newArrivalView(e *onboarding.ArrivalError) problemView {
	at := pathOf(e.PageURL)
	back := way{Words: "Back to your page", URL: at, Method: follow}
	if e.Account != nil {
		return problemView{
			Title:  "Connected: " + nameOrID(e.Account.DisplayName, e.Account.ID),
			Advice: "Your account " + e.Account.ID + " is connected, and stays as it is.", Ways: []way{back},
		}
	}
	again := way{Words: "Connect again", URL: at + "/authorize", Method: send}
	switch account.KindOf(e) {
	case account.Refused: // connecting again is refused again, until the platform has mended it
		return problemView{Title: "Not connected", Ways: []way{back}}
	case account.Conflict:
		again.Words = "Connect another account"
	}
	return problemView{Title: "Not connected", Ways: []way{again, back}}
}

// pathOf keeps forms and links on the origin that the browser is at.
func pathOf(pageURL string) string {
	u, err := url.Parse(pageURL)
	if err != nil {
		return "/"
	}
	return u.Path
}
