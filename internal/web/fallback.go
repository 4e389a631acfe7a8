package web

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/route"
)

var toFirstPage = way{Words: "To the first page", URL: "/", Method: follow}

func (s *site) showNotFound(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, problemView{
		Title: "Not found", Sentence: "There is no such page.", Ways: []way{toFirstPage},
	})
}

// methodNotAllowed says in Allow what the router's routes take at this address (RFC 9110, 15.5.6).
func (s *site) methodNotAllowed(router *mux.Router) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", route.Allow(router, r))
		s.render(w, r, http.StatusMethodNotAllowed, problemView{
			Title: "Not possible", Sentence: "This address does not take the method " + r.Method + ".",
			Ways: []way{toFirstPage},
		})
	}
}

func (s *site) showTooLarge(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	s.render(w, r, http.StatusRequestEntityTooLarge, problemView{
		Title: l.Say("problem.too_large", nil), Sentence: l.Say("problem.too_large_sentence", nil),
	})
}

func (s *site) showTooSlow(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	s.render(w, r, http.StatusRequestTimeout, problemView{
		Title: l.Say("problem.too_slow", nil), Sentence: l.Say("problem.too_slow_sentence", nil), Advice: l.Say("problem.send_again", nil),
	})
}

func (s *site) showUnreadable(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	s.render(w, r, http.StatusBadRequest, problemView{
		Title: l.Say("problem.unreadable", nil), Sentence: l.Say("problem.unreadable_sentence", nil), Advice: l.Say("problem.send_again", nil),
	})
}

func (s *site) showForeignForm(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	s.render(w, r, http.StatusForbidden, problemView{
		Title: l.Say("problem.refused", nil), Sentence: l.Say("problem.foreign_sentence", nil), Advice: l.Say("problem.foreign_advice", nil),
	})
}
