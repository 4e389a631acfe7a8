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
	s.render(w, r, http.StatusRequestEntityTooLarge, problemView{
		Title: "Too large", Sentence: "This form is larger than any that connectd's pages send.",
	})
}

func (s *site) showTooSlow(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusRequestTimeout, problemView{
		Title: "Too slow", Sentence: "This form took too long to arrive.", Advice: "Please go back and send it again.",
	})
}

func (s *site) showUnreadable(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusBadRequest, problemView{
		Title: "Not understood", Sentence: "This form could not be read.", Advice: "Please go back and send it again.",
	})
}

func (s *site) showForeignForm(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusForbidden, problemView{
		Title: "Refused", Sentence: "This form was not sent from one of connectd's own pages.",
		Advice: "Open the page anew and try again there. A browser tells where a form comes from only over https or on " +
			"localhost, so connectd's pages have to be opened there.",
	})
}
