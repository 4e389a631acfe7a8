// Package route says what a router knows of a request, for those who answer where no route does and for logs.
//
// It may import nothing of connectd's. Its one rule: nothing that it returns holds anything of the caller's.
package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// none is the pattern of no route.
const none = "none"

// Pattern is that of the route that took the request, "none" where none did. Unlike the path, it holds no link's token.
func Pattern(r *http.Request) string {
	if route := mux.CurrentRoute(r); route != nil {
		if pattern, err := route.GetPathTemplate(); err == nil {
			return readable(pattern)
		}
	}
	return none
}

// readable is the pattern without what its variables have to match, {name} for {name:[a-z]*}.
func readable(pattern string) string {
	if !strings.Contains(pattern, ":") {
		return pattern
	}
	var kept strings.Builder
	depth, skip := 0, false
	for _, r := range pattern {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
			skip = skip && depth > 0
		case ':':
			skip = skip || depth == 1
		}
		if !skip {
			kept.WriteRune(r)
		}
	}
	return kept.String()
}

// Method is the request's, "other" of those that HTTP does not know: a client may make methods up.
func Method(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "other"
}

var methods = []string{
	http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut,
}

// Allow lists the methods that some route takes at the request's path, as the header of that name has them (RFC 9110, 10.2.1).
func Allow(router *mux.Router, r *http.Request) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(methods), func(method string) bool { return !takes(router, r, method) }), ", ")
}

func takes(router *mux.Router, r *http.Request, method string) bool {
	asked := *r
	asked.Method = method
	var match mux.RouteMatch
	return router.Match(&asked, &match) && match.MatchErr == nil && match.Route != nil
}
