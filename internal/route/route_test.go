package route_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/route"
)

func TestAPatternHoldsNothingOfTheCallers(t *testing.T) {
	t.Parallel()
	var found string
	router := mux.NewRouter()
	handle := func(_ http.ResponseWriter, r *http.Request) { found = route.Pattern(r) }
	router.HandleFunc("/connect/{token}", handle)
	router.NotFoundHandler = http.HandlerFunc(handle)
	for path, want := range map[string]string{"/connect/secret": "/connect/{token}", "/secret": "none"} {
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if found != want {
			t.Errorf("%s: %q, want %q", path, found, want)
		}
	}
}

func TestAllowListsTheMethodsOfThePath(t *testing.T) {
	t.Parallel()
	router := mux.NewRouter()
	router.NotFoundHandler, router.MethodNotAllowedHandler = http.NotFoundHandler(), http.NotFoundHandler()
	router.Path("/a").Methods(http.MethodPost, http.MethodGet)
	router.Path("/{any}").Methods(http.MethodDelete)
	router.Path("/b/c").Methods(http.MethodPatch)
	for path, want := range map[string]string{"/a": "DELETE, GET, POST", "/x": "DELETE", "/b/c": "PATCH", "/b/d": ""} {
		asked := httptest.NewRequestWithContext(t.Context(), http.MethodPut, path, nil)
		if got := route.Allow(router, asked); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if asked.Method != http.MethodPut {
			t.Errorf("%s: the request's method became %s", path, asked.Method)
		}
	}
}

func TestAMethodIsOneOfHTTPs(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{http.MethodPut: http.MethodPut, "JANE-DOE": "other"} {
		if got := route.Method(httptest.NewRequestWithContext(t.Context(), method, "/", nil)); got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
}
