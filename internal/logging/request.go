package logging

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
)

// RequestIDHeader is where a request's id stands, in what a trusted proxy asks and in each answer.
const RequestIDHeader = "X-Request-Id"

const longestID = 128

// Requests gives each request an id, which its answer and all that is logged of it have: that which the proxy has given it, where
// the proxy is trusted, else one that is drawn.
func Requests(trusted func(*http.Request) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !isID(id) || !trusted(r) {
			id = rand.Text()
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(With(r.Context(), slog.String("request", id))))
	})
}

// isID takes what common proxies draw (UUIDs, hexadecimal digits), and nothing that a line of a log would have to quote.
func isID(id string) bool {
	return id != "" && len(id) <= longestID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '.'
	})
}
