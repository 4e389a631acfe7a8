package web

import "net/http"

type welcomeView struct{}

func (welcomeView) template() string { return "welcome" }

func (s *site) showWelcome(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, welcomeView{})
}
