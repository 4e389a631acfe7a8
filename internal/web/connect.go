package web

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// showConnect is the seller's page.
func (s *site) showConnect(w http.ResponseWriter, r *http.Request) {
	token := mux.Vars(r)["token"]
	page, err := s.Onboarding.Page(r.Context(), token)
	if err != nil {
		s.linkProblem(w, r, err)
		return
	}
	v := newConnectView(connectPath(token), page)
	v.Confirming = r.URL.Query().Get("confirm") == "unlink" && v.Account != nil && v.Account.Unlink.Offered
	s.render(w, r, http.StatusOK, v)
}

// authorize sends the seller to Stripe.
func (s *site) authorize(w http.ResponseWriter, r *http.Request) {
	token := mux.Vars(r)["token"]
	departure, err := s.Onboarding.Depart(r.Context(), token)
	if err != nil {
		s.linkProblem(w, r, err, way{Words: "Back to your page", URL: connectPath(token), Method: follow})
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
		s.linkProblem(w, r, err, way{Words: "Back to your page", URL: connectPath(token), Method: follow})
		return
	}
	seeOther(w, connectPath(token))
}

// linkProblem shows why a link does not do what was asked; the ways are those that help where the link itself is good.
func (s *site) linkProblem(w http.ResponseWriter, r *http.Request, err error, ways ...way) {
	v := problemView{Title: "Not done", Ways: ways}
	if kind := account.KindOf(err); kind == account.NotFound || kind == account.Expired {
		v = problemView{Title: "This link does not work", Advice: askForLink, Ways: s.toPlatform(err)}
	}
	s.problem(w, r, err, v)
}

// toPlatform leads who has no link that works to where new ones are made; nowhere if connectd was not told where that is.
func (s *site) toPlatform(err error) []way {
	at := s.Onboarding.PlatformURL()
	if e, ok := errors.AsType[*onboarding.LinkError](err); ok && e.ReturnURL != "" {
		at = e.ReturnURL
	}
	if at == "" {
		return nil
	}
	return []way{{Words: "Back to the platform", URL: at, Method: follow}}
}

const askForLink = "Please ask the platform that sent you here for a new link. An account that is connected stays connected."

func connectPath(token string) string { return "/connect/" + token }
