package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestAddressSaysWhichViewItIs(t *testing.T) {
	t.Parallel()
	asked := url.Values{"status": {"enabled"}, "q": {""}, "columns": {"id,status"}, "cursor": {"here"}, "shown": {"7"}, "strange": {"x"}}
	view := viewAt("/admin/accounts", asked, "status", "q", "columns", "cursor")
	for got, want := range map[string]string{
		view.String():                                  "/admin/accounts?columns=id,status&cursor=here&status=enabled",
		view.with("status", "").String():               "/admin/accounts?columns=id,status&cursor=here",
		view.on("/admin/other").String():               "/admin/other?columns=id,status&cursor=here&status=enabled",
		view.pages("there").NextURL:                    "/admin/accounts?columns=id,status&cursor=there&status=enabled",
		view.pages("there").FirstURL:                   "/admin/accounts?columns=id,status&status=enabled",
		view.pages("").NextURL:                         "",
		pageAt("/admin").pages("").FirstURL:            "",
		pageAt("/admin").with("q", "a&b %2C").String(): "/admin?q=a%26b+%252C",
		liveURL(view, 7):                               "/admin/accounts?columns=id,status&cursor=here&shown=7&status=enabled",
		view.String() + " still":                       "/admin/accounts?columns=id,status&cursor=here&status=enabled still",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFollowAnswersNothingToWhoShowsTheVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, query, htmx string
		changed           bool
	}{
		{"a script that shows it", "?shown=7", "true", false},
		{"a script that shows another", "?shown=6", "true", true},
		{"a person who opens the address", "?shown=7", "", true},
		{"a script that shows nothing yet", "", "true", true},
		{"a script without sense", "?shown=x", "true", true},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/admin"+test.query, nil)
		r.Header.Set("HX-Request", test.htmx)
		next, changed := follow(w, r, pageAt("/admin"), 7)
		if changed != test.changed || changed != (next == "/admin?shown=7") || changed == (w.Code == http.StatusNoContent) {
			t.Errorf("%s: %t, %q, %d", test.name, changed, next, w.Code)
		}
	}
}
