package web

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres"
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
	byLink method = "get"
	byForm method = "post"
)

func linkTo(words, url string) way { return way{Words: words, URL: url, Method: byLink} }

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

// sentenceOf is what went wrong, in the reader's language where it is one of the catalog's sentences; else an error's message as it
// stands alone, in which the name of a field stays as it is.
func sentenceOf(e *account.Error, l *words.Language) string {
	if e.Sentence != "" {
		return l.Say(e.Sentence, e.Args)
	}
	first, size := utf8.DecodeRuneInString(e.Message)
	if e.Field != "" && strings.HasPrefix(e.Message, e.Field) || size == 0 {
		return e.Message
	}
	return string(unicode.ToUpper(first)) + e.Message[size:]
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
	status, v := wrongInside(r, err)
	v.Ways = append(v.Ways, ways...)
	page, err := s.page(r, v)
	if err != nil {
		http.Error(w, v.Sentence, http.StatusInternalServerError) // the pages themselves are what is broken
		return
	}
	write(w, status, page)
}

// wrongInside tells admins, who run connectd, what they can see to; sellers, that the platform does.
func wrongInside(r *http.Request, err error) (status int, v problemView) {
	status = http.StatusInternalServerError
	if !forAdmins(r) {
		l := languageOf(r)
		return status, problemView{
			Title: l.Say("problem.broken", nil), Sentence: l.Say("problem.broken_sentence", nil), Advice: l.Say("problem.broken_advice", nil),
		}
	}
	v = problemView{
		Title: "Something went wrong", Sentence: "connectd could not do this; its log says why.", Advice: "Nothing that was stored is lost.",
		Ways: []way{linkTo("Try again", pageBehind(r))},
	}
	if postgres.IsUnavailable(err) {
		status = http.StatusServiceUnavailable
		v.Title, v.Sentence = "The database does not answer", "connectd can’t ask its database: see that it runs and can be reached from here."
	}
	return status, v
}

func forAdmins(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/admin") || strings.HasPrefix(r.URL.Path, statusPath)
}

// pageBehind is the page on which the admin was.
func pageBehind(r *http.Request) string {
	switch {
	case r.Method != http.MethodPost, r.URL.Path == exportPath, r.PostForm.Has("password"): // where the sign-in form stands
		return pageOf(r)
	case strings.HasPrefix(r.URL.Path, "/admin/logout"):
		return accountsPath
	case r.URL.Path == askAgainPath:
		return statusPath
	}
	return path.Dir(r.URL.EscapedPath()) // a button of the page
}
