package web

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

// mend leads the seller into Stripe's form for what is due.
func (s *site) mend(w http.ResponseWriter, r *http.Request) {
	token := mux.Vars(r)["token"]
	departure, err := s.Onboarding.Mend(r.Context(), token)
	if err != nil {
		s.linkProblem(w, r, err, backToPage(languageOf(r), connectPath(token)))
		return
	}
	http.SetCookie(w, departure.Cookie)
	seeOther(w, departure.URL)
}

// comeBackMended is where Stripe's form leads to afterwards.
func (s *site) comeBackMended(w http.ResponseWriter, r *http.Request) {
	pageURL, end, err := s.Onboarding.Mended(r.Context(), r.URL.Query().Get(onboarding.MendParam), cookiesOf(r))
	switch {
	case account.KindOf(err) == account.NotFound:
		l := languageOf(r)
		s.problem(w, r, err, problemView{
			Title: l.Say("problem.not_done", nil), Advice: l.Say("problem.open_link", nil), Ways: s.toPlatform(l, err),
		})
	case err != nil:
		s.linkProblem(w, r, err)
	default:
		http.SetCookie(w, end)
		seeOther(w, pathOf(pageURL))
	}
}
