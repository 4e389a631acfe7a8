package web

import (
	"net/http"
	"strings"
)

// contentSecurityPolicy lets a page use connectd's own style and images alone, and its forms lead to connectd and the given
// origins. It runs no scripts.
func contentSecurityPolicy(formOrigins ...string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"style-src 'self'",
		"img-src 'self'",
		"form-action " + strings.Join(append([]string{"'self'"}, formOrigins...), " "),
		"frame-ancestors 'none'",
		"base-uri 'none'",
	}, "; ")
}

// scriptedPolicy is that of pages which run connectd's own scripts, too; these ask nobody but connectd.
func scriptedPolicy() string {
	return contentSecurityPolicy() + "; script-src 'self'; connect-src 'self'"
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
