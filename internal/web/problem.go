package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/route"
	"github.com/connectd/connectd/internal/words"
)

// problemView is a page that says in a sentence what went wrong, and offers the way on.
type problemView struct {
	Title    string
	Sentence string
	Advice   string // "": none
	Ways     []way  // the first is the one that helps most
}

// way is what leads on: a link, or a button where it is a form.
type way struct {
	Words  string
	URL    string
	Method method
}

// method is how a way is gone.
type method string

const (
	follow method = "get"
	send   method = "post"
)

func (problemView) template() string { return "problem" }

// statuses map kinds of errors to HTTP, for all pages.
var statuses = map[account.ErrorKind]int{
	account.Invalid:    http.StatusBadRequest,
	account.NotFound:   http.StatusNotFound,
	account.Expired:    http.StatusGone,
	account.Forbidden:  http.StatusForbidden,
	account.Conflict:   http.StatusConflict,
	account.Unanswered: http.StatusBadGateway,
	account.Refused:    http.StatusBadGateway,
	account.Busy:       http.StatusServiceUnavailable,
}

// problem shows an error that someone can act on, with the way on; of any other it shows only that there was one.
func (s *site) problem(w http.ResponseWriter, r *http.Request, err error, v problemView) {
	e, ok := errors.AsType[*account.Error](err)
	status := statuses[account.KindOf(err)]
	l := languageOf(r)
	switch {
	case errors.Is(err, registry.ErrFull):
		s.render(w, r, http.StatusServiceUnavailable, problemView{
			Title: l.Say("problem.busy", nil), Sentence: l.Say("problem.busy_sentence", nil),
			Advice: l.Say("problem.busy_advice", nil), Ways: v.Ways,
		})
	case !ok || status == 0:
		s.brokenWith(w, r, err, v.Ways)
	default:
		v.Sentence = sentenceOf(e, l)
		s.render(w, r, status, v)
	}
}

// sentenceOf is what went wrong, in the reader's language where it is one of the catalog's sentences.
func sentenceOf(e *account.Error, l *words.Language) string {
	if e.Sentence == "" {
		return e.Message
	}
	return l.Say(e.Sentence, e.Args)
}

// broken logs what went wrong inside, of which the page says nothing.
func (s *site) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.brokenWith(w, r, err, nil)
}

func (s *site) brokenWith(w http.ResponseWriter, r *http.Request, err error, ways []way) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone: nothing is wrong, and nobody is there to be told
	}
	s.Logger.ErrorContext(r.Context(), "a page could not be served", "method", r.Method, "route", route.Pattern(r), "error", err)
	l := languageOf(r)
	v := problemView{
		Title: l.Say("problem.broken", nil), Sentence: l.Say("problem.broken_sentence", nil),
		Advice: l.Say("problem.broken_advice", nil), Ways: ways,
	}
	page, err := s.page(r, v)
	if err != nil {
		http.Error(w, v.Sentence, http.StatusInternalServerError) // the pages themselves are what is broken
		return
	}
	write(w, http.StatusInternalServerError, page)
}
