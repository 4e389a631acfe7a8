package web

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/connectd/connectd/internal/words"
)

// languageCookie keeps the language that a seller has chosen, by its tag, and nothing else.
const languageCookie = "connectd_language"

const languageLife = 365 * 24 * 60 * 60 // seconds

// languageParam chooses a language, in the address of any of the seller's pages.
const languageParam = "lang"

type readerKey struct{}

// inLanguage finds the language that a seller reads: the one that was chosen now or before, else what the browser asks for.
func (s *site) inLanguage(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wanted := strings.Join(r.Header.Values("Accept-Language"), ",")
		chosen := cookiesOf(r)(languageCookie)
		if asked := r.URL.Query().Get(languageParam); asked != "" {
			chosen = asked
		}
		reads := words.Choose(chosen, wanted)
		if r.URL.Query().Get(languageParam) == reads.Tag() {
			http.SetCookie(w, s.rememberLanguage(reads))
		}
		w.Header().Set("Content-Language", reads.Tag())
		w.Header().Add("Vary", "Accept-Language")
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), readerKey{}, reads)))
	})
}

func (s *site) rememberLanguage(l *words.Language) *http.Cookie {
	return &http.Cookie{
		Name: languageCookie, Value: l.Tag(), Path: "/", MaxAge: languageLife, HttpOnly: true,
		Secure: strings.HasPrefix(s.BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

// sellersLanguage is the language of who reads one of the seller's pages.
func sellersLanguage(r *http.Request) (l *words.Language, sellers bool) {
	l, sellers = r.Context().Value(readerKey{}).(*words.Language)
	return l, sellers
}

// languageOf is the reader's language; other pages than the seller's are in English.
func languageOf(r *http.Request) *words.Language {
	if l, sellers := sellersLanguage(r); sellers {
		return l
	}
	return words.English()
}

// languageLink leads to the same page in a language.
type languageLink struct {
	Tag, Name, URL string
	Current        bool
}

func languageLinks(r *http.Request) []languageLink {
	var links []languageLink
	for _, l := range words.Languages() {
		links = append(links, languageLink{Tag: l.Tag(), Name: l.Name(), URL: inLanguageURL(r, l), Current: l == languageOf(r)})
	}
	return links
}

// inLanguageURL is where the page is in the language; that of what a form of the seller's page led to is the page itself.
func inLanguageURL(r *http.Request, l *words.Language) string {
	at, query := r.URL.EscapedPath(), r.URL.Query()
	if r.Method == http.MethodPost && !strings.HasPrefix(at, unsubscribePath) {
		at, query = path.Dir(at), url.Values{}
	}
	query.Del("shown")
	query.Set(languageParam, l.Tag())
	return at + "?" + query.Encode()
}
