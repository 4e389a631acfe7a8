package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
)

// showConnect is the seller's page. A page that is open asks again and again whether there is something else to show; while
// there is not, the answer is empty.
func (s *site) showConnect(w http.ResponseWriter, r *http.Request) {
	token, shown := mux.Vars(r)["token"], r.URL.Query().Get("shown")
	read := s.Onboarding.Page
	if shown != "" {
		read = s.Onboarding.PageAgain
	}
	page, err := read(r.Context(), token)
	switch {
	case err != nil:
		s.linkProblem(w, r, err, backToPage(languageOf(r), connectPath(token)))
	case shown == page.Version():
		w.WriteHeader(http.StatusNoContent)
	default:
		if shown == "" {
			s.keepLanguage(r, page.SellerID)
		}
		s.render(w, r, http.StatusOK, s.connectView(languageOf(r), connectPath(token), page).asking(r.URL.Query().Get("confirm")))
	}
}

// toConnect is for a browser that shows again, by itself, what a form of the page led to: it asks for that as for a page.
func (s *site) toConnect(w http.ResponseWriter, r *http.Request) {
	seeOther(w, connectPath(url.PathEscape(mux.Vars(r)["token"])))
}

// authorize sends the seller to Stripe.
func (s *site) authorize(w http.ResponseWriter, r *http.Request) {
	token := mux.Vars(r)["token"]
	departure, err := s.Onboarding.Depart(r.Context(), token)
	if err != nil {
		s.linkProblem(w, r, err, backToPage(languageOf(r), connectPath(token)))
		return
	}
	for _, cookie := range s.Onboarding.Cookies(departure, cookiesOf(r)) {
		http.SetCookie(w, cookie)
	}
	seeOther(w, departure.URL)
}

// unlink disconnects the seller's account, where that is allowed.
func (s *site) unlink(w http.ResponseWriter, r *http.Request) {
	token := mux.Vars(r)["token"]
	if err := s.Onboarding.UnlinkByLink(r.Context(), token); err != nil {
		s.linkProblem(w, r, err, backToPage(languageOf(r), connectPath(token)))
		return
	}
	seeOther(w, connectPath(token))
}

// linkProblem shows why a link does not do what was asked; the ways are those that help where the link itself is good.
func (s *site) linkProblem(w http.ResponseWriter, r *http.Request, err error, ways ...way) {
	l := languageOf(r)
	v := problemView{Title: l.Say("problem.not_done", nil), Ways: ways}
	switch account.KindOf(err) {
	case account.Forbidden:
		v.Ways = append(v.Ways, s.toPlatform(l, err)...)
	case account.NotFound, account.Expired:
		v = problemView{Title: l.Say("problem.link", nil), Advice: l.Say("problem.link_advice", nil), Ways: s.toPlatform(l, err)}
	}
	s.problem(w, r, err, v)
}

// toPlatform leads who has no link that works to where new ones are made; nowhere if connectd was not told where that is.
func (s *site) toPlatform(l *words.Language, err error) []way {
	at := s.Onboarding.PlatformURL()
	if e, ok := errors.AsType[*onboarding.LinkError](err); ok && e.ReturnURL != "" {
		at = e.ReturnURL
	}
	if at == "" {
		return nil
	}
	return []way{linkTo(s.backToPlatform(l), at)}
}

func (s *site) backToPlatform(l *words.Language) string {
	if s.Brand.Name == "" {
		return l.Say("way.platform", nil)
	}
	return l.Say("way.platform_named", words.Args{"Platform": s.Brand.Name})
}

func backToPage(l *words.Language, path string) way {
	return linkTo(l.Say("way.page", nil), path)
}

func connectPath(token string) string { return "/connect/" + token }
