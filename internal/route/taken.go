package route

import (
	"context"
	"net/http"
)

// taken is the pattern of the route that took a request, for those who stand before the router.
type taken struct{ pattern string }

type takenKey struct{}

// Tracked lets who comes after it ask, once the request was answered, which route Took it.
func Tracked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), takenKey{}, &taken{pattern: none})))
	})
}

// Noted is a router's middleware: it notes which route took the request.
func Noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Take(r.Context(), Pattern(r))
		next.ServeHTTP(w, r)
	})
}

// Take notes that a request is answered before the router as the route of that pattern would.
func Take(ctx context.Context, pattern string) {
	if t, ok := ctx.Value(takenKey{}).(*taken); ok {
		t.pattern = pattern
	}
}

// Took is the pattern of the route that took the request, "none" where none did.
func Took(ctx context.Context) string {
	if t, ok := ctx.Value(takenKey{}).(*taken); ok {
		return t.pattern
	}
	return none
}
