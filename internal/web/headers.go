package web

import (
	"net/http"
	"strings"
)

// origins are where a page may go beyond connectd itself.
type origins struct {
	images []string // whose images it may show
	forms  []string // where its forms may lead
}

// contentSecurityPolicy lets a page use connectd's own style and images alone, and its forms lead to connectd, but for the
// given origins. It runs no scripts.
func contentSecurityPolicy(to origins) string {
	return strings.Join([]string{
		"default-src 'none'",
		"style-src 'self'",
		"img-src " + ownAnd(to.images),
		"form-action " + ownAnd(to.forms),
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}, "; ")
}

func ownAnd(others []string) string { return strings.Join(append([]string{"'self'"}, others...), " ") }

// scriptedPolicy is that of pages which run connectd's own scripts, too; these ask nobody but connectd.
func scriptedPolicy(to origins) string {
	return contentSecurityPolicy(to) + "; script-src 'self'; connect-src 'self'"
}

// sellersPolicy lets the seller's forms lead to Stripe, and shows the platform's logo where it is of another origin.
func sellersPolicy(logo string, formOrigins []string) string {
	to := origins{forms: formOrigins}
	if logo != "" {
		to.images = []string{logo}
	}
	return scriptedPolicy(to)
}

func withHeaders(csp string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", csp)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

// private keeps what is shown out of every cache, the browser's too. It has the last word: scs adds a Cache-Control of its own
// beside its cookie.
func private(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&uncached{ResponseWriter: w}, r)
	})
}

type uncached struct{ http.ResponseWriter }

func (w *uncached) WriteHeader(status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
}

func (w *uncached) Write(b []byte) (int, error) {
	w.Header().Set("Cache-Control", "no-store")
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (w *uncached) Unwrap() http.ResponseWriter { return w.ResponseWriter }
