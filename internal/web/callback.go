package web

import (
	"errors"
	"net/http"
	"net/url"
	"path"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
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
	page.ReturnURL = arrival.ReturnURL
	v := s.connectView(languageOf(r), at, page)
	v.Denied, v.Live = true, "" // the address is that of the way back
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
		l := languageOf(r)
		s.problem(w, r, err, problemView{Title: l.Say("problem.not_connected", nil), Advice: adviceOn(l, err), Ways: s.toPlatform(l, err)})
		return
	}
	s.problem(w, r, err, newArrivalView(languageOf(r), e))
}

// adviceOn is for who came back without a page to lead on from.
func adviceOn(l *words.Language, err error) string {
	if errors.Is(err, onboarding.ErrPlatformsState) {
		return l.Say("problem.begin_at_platform", nil)
	}
	return l.Say("problem.open_link", nil)
}

// newArrivalView: who has an account sees first that it is still connected, and on the page how to change; else connecting
// is what helps.
func newArrivalView(l *words.Language, e *onboarding.ArrivalError) problemView {
	at := pathOf(e.PageURL)
	back := backToPage(l, at)
	if e.Account != nil {
		return problemView{
			Title:  l.Say("connected.title", words.Args{"Name": nameOrID(e.Account.DisplayName, e.Account.ID)}),
			Advice: l.Say("problem.stays", words.Args{"ID": e.Account.ID}), Ways: []way{back},
		}
	}
	again := way{Words: l.Say("way.again", nil), URL: at + "/authorize", Method: byForm}
	v := problemView{Title: l.Say("problem.not_connected", nil), Ways: []way{again, back}}
	switch account.KindOf(e) {
	case account.Refused: // connecting again is refused again, until the platform has mended it
		v.Ways = []way{back}
	case account.Conflict:
		v.Ways[0].Words = l.Say("way.another", nil)
	}
	return v
}

// pathOf keeps forms and links on the origin that the browser is at.
func pathOf(pageURL string) string {
	u, err := url.Parse(pageURL)
	if err != nil {
		return "/"
	}
	return u.Path
}
