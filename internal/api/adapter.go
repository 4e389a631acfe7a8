package api

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
	"github.com/gorilla/mux"
)

// adapter puts huma's operations on the router. It is humamux's but for the paths: there a parameter ends at a slash, also
// at one that was sent as %2F, so that a seller_id with a slash would be an unknown path instead of a wrong value. (The
// router's UseEncodedPath is no way out: it would leave every other character encoded too.)
type adapter struct {
	router  *mux.Router
	service *service
}

func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	handle := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler(humamux.NewContext(op, r, w))
	})
	a.router.NewRoute().
		Path(routePattern(op.Path)).
		MatcherFunc(hasSegmentsOf(op.Path)).
		Methods(methodsOf(op)...).
		Handler(a.service.guard(op, handle))
}

func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

var (
	innerParam = regexp.MustCompile(`\{(\w+)\}/`)
	lastParam  = regexp.MustCompile(`\{(\w+)\}$`)
)

// routePattern lets a parameter be anything, slashes too. Only one at the path's end can't be empty: that is the path of
// a list, with a slash too many.
func routePattern(path string) string {
	path = innerParam.ReplaceAllString(path, `{$1:[\s\S]*}/`)
	return lastParam.ReplaceAllString(path, `{$1:[\s\S]+}`)
}

// hasSegmentsOf holds the slashes that were sent as such against the path's.
func hasSegmentsOf(path string) mux.MatcherFunc {
	want := strings.Count(path, "/")
	return func(r *http.Request, _ *mux.RouteMatch) bool {
		return strings.Count(r.URL.EscapedPath(), "/") == want
	}
}

// methodsOf adds HEAD to GET, as RFC 9110 (9.1) asks of servers; net/http leaves the body out.
func methodsOf(op *huma.Operation) []string {
	if op.Method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{op.Method}
}
