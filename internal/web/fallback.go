package web

import (
	"net/http"
	"regexp"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/route"
	"github.com/connectd/connectd/internal/words"
)

// sellersPaths are where the seller's pages are: what is not there is said to a seller, too.
var sellersPaths = regexp.MustCompile(`^/(connect|oauth)(/|$)`)

// fallback answers where no route does, in the layout and the language of who is there.
func (s *site) fallback(h http.HandlerFunc) http.Handler {
	seller, others := s.seller(h), s.public(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sellersPaths.MatchString(r.URL.Path) {
			seller.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

// firstWay leads a seller to the platform, and anyone else to connectd's first page.
func (s *site) firstWay(r *http.Request) []way {
	if l, sellers := sellersLanguage(r); sellers {
		return s.toPlatform(l, nil)
	}
	return []way{linkTo("To the first page", "/")}
}

func (s *site) showNotFound(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	s.render(w, r, http.StatusNotFound, problemView{
		Title: l.Say("problem.not_found", nil), Sentence: l.Say("problem.not_found_sentence", nil), Ways: s.firstWay(r),
	})
}

// methodNotAllowed says in Allow what the router's routes take at this address (RFC 9110, 15.5.6).
func (s *site) methodNotAllowed(router *mux.Router) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		l := languageOf(r)
		w.Header().Set("Allow", route.Allow(router, r))
		s.render(w, r, http.StatusMethodNotAllowed, problemView{
			Title:    l.Say("problem.not_possible", nil),
			Sentence: l.Say("problem.method", words.Args{"Method": r.Method}), Ways: s.firstWay(r),
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
