package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/web"
)

func TestEveryPageHasItsHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.connected("seller_1", "unsupported")
	id := s.accountOf("seller_1")
	account := "/admin/accounts/" + id
	b, stranger, guesser := s.signedIn(), s.browser(), s.browser().at("198.51.100.1")
	for range 10 {
		guesser.post("/admin/accounts", url.Values{"password": {"no"}}).want(http.StatusUnauthorized)
	}

	for name, p := range map[string]*page{
		"welcome":            b.get("/"),
		"not found":          b.get("/nothing"),
		"wrong method":       b.post("/", nil),
		"asset":              b.get(b.get("/").stylesheet()),
		"unknown asset":      b.get("/assets/0123456789abcdef/style.css"),
		"seller":             b.get(at),
		"unlink asked":       b.get(at + "?confirm=unlink"),
		"unknown link":       b.get("/connect/nothing"),
		"callback":           b.get("/oauth/callback?state=x"),
		"denied":             b.grant(s.link("seller_2"), "deny"),
		"authorize":          b.post(at+"/authorize", nil),
		"unlink":             b.post(at+"/unlink", nil),
		"foreign form":       b.do(http.MethodPost, at+"/unlink", nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}),
		"sign-in":            stranger.get("/admin/accounts"),
		"wrong password":     stranger.post("/admin/accounts", url.Values{"password": {"no"}}),
		"guessed too often":  guesser.post("/admin/accounts", url.Values{"password": {"no"}}).want(http.StatusTooManyRequests),
		"file":               b.get("/admin/accounts.csv"),
		"file of the picked": b.post("/admin/accounts.csv", url.Values{"id": {id}}),
		"file not read":      b.get("/admin/accounts.csv?limit=0"),
		"table":              b.get("/admin/accounts"),
		"table not read":     b.get("/admin/accounts?limit=0"),
		"account":            b.get(account),
		"status":             b.get("/statusz"),
		"ask again":          b.post("/statusz/ask", nil),
		"settings":           b.get("/admin/settings"),
		"help":               b.get("/admin/help"),
		"search":             b.get("/admin/search?q=seller_1"),
		"search not read":    b.get("/admin/search?q=%ff"),
		"link for":           b.post(account+"/link", nil),
		"unlink by admin":    b.post(account+"/unlink", nil),
		"reassign":           b.post(account+"/reassign", url.Values{"seller_id": {"seller_2"}}),
		"note":               b.post(account+"/notes", url.Values{"note": {"x"}}),
		"delete note":        b.post(account+"/delete-note", url.Values{"note_id": {"1"}}),
		"unknown account":    b.get("/admin/accounts/acct_0"),
		"recheck":            b.post(account+"/recheck", nil),
		"overview":           b.get("/admin"),
		"to the overview":    b.get("/admin/"),
		"keys":               b.get("/admin/keys"),
		"key":                b.post("/admin/keys/create", b.get("/admin/keys").keyForm("shop", "readiness:read")),
		"no key":             b.post("/admin/keys/create", nil),
		"revoke key":         b.post("/admin/keys/revoke", nil),
		"links":              b.get("/admin/links"),
		"revoke link":        b.post("/admin/links/revoke", nil),
		"policy":             b.get("/admin/policy"),
		"plan":               b.get("/admin/policy?plan=yes"),
		"apply":              b.post("/admin/policy/apply", nil),
		"sign out":           b.post("/admin/logout", nil),
		"too large a form":   stranger.post("/admin/accounts", url.Values{"password": {strings.Repeat("x", 140_000)}}),
		"nothing new":        b.get(b.get(at).liveOf()),
		"in Chinese":         b.get(at + "?lang=zh-Hans"),
		"mend":               b.post(at+"/mend", nil),
		"mended":             b.get("/oauth/mended"),
		"endpoints":          b.get("/admin/endpoints?new=endpoint"),
		"new endpoint":       b.post("/admin/endpoints/new", url.Values{"url": {"https://shop.example/"}}),
		"no endpoint":        b.post("/admin/endpoints/new", nil),
		"unknown endpoint":   b.get("/admin/endpoints/ep_0"),
		"deliveries":         b.get("/admin/deliveries"),
		"unknown delivery":   b.get("/admin/deliveries/dlv_0"),
		"mail":               b.get("/admin/mail"),
		"mail again":         b.post("/admin/mail/again", nil),
		"previews":           b.get("/preview"),
		"preview":            b.get("/preview/new"),
	} {
		t.Run(name, func(t *testing.T) {
			csp := p.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'", "form-action 'self'"} {
				if !strings.Contains(csp, part) {
					t.Errorf("no %s in %q", part, csp)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
				t.Errorf("too wide: %q", csp)
			}
			if got := p.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options: %q", got)
			}
			if got := p.Header.Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("Referrer-Policy: %q", got)
			}
			path := p.Request.URL.Path
			private := strings.HasPrefix(path, "/connect/") || strings.HasPrefix(path, "/admin") || strings.HasPrefix(path, "/statusz") || strings.HasPrefix(path, "/oauth/")
			if got := p.Header.Values("Cache-Control"); private && !slices.Equal(got, []string{"no-store"}) {
				t.Errorf("Cache-Control: %q", got)
			}
			if strings.Contains(p.body, "style=") || strings.Contains(p.body, "<script>") || strings.Contains(p.body, "<style") {
				t.Error("the page has something that its policy forbids")
			}
		})
	}
}

func TestOnlyTheSellersFormsLeadToStripe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	for at, leads := range map[string]bool{s.link("seller_1"): true, "/oauth/callback": true, "/admin/accounts": false, "/": false} {
		csp := b.get(at).Header.Get("Content-Security-Policy")
		if strings.Contains(csp, "form-action 'self' "+s.sandbox.URL()) != leads {
			t.Errorf("%s: %s", at, csp)
		}
	}
}

func (p *page) stylesheet() string {
	_, after, _ := strings.Cut(p.body, `rel="stylesheet" href="`)
	address, _, _ := strings.Cut(after, `"`)
	return address
}

func TestAssetsAreKeptForEver(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser()
	css := b.get(b.get("/").stylesheet()).want(http.StatusOK)
	if got := css.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("Content-Type: %q", got)
	}
	if got := css.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control: %q", got)
	}
	b.get("/assets/0123456789abcdef/style.css").want(http.StatusNotFound)
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.connected("seller_1", "unsupported")
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"another site":              {http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
		"a sister domain":           {http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
		"an old browser, elsewhere": {http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		"no origin that is told":    {http.Header{"Origin": {"null"}}, http.StatusForbidden},
		"an old browser, here":      {http.Header{"Origin": {s.url}}, http.StatusSeeOther},
		"a page of ours":            {http.Header{"Sec-Fetch-Site": {"same-origin"}}, http.StatusSeeOther},
	} {
		t.Run(name, func(t *testing.T) {
			s.browser().do(http.MethodPost, at+"/authorize", nil, c.header).want(c.status)
		})
	}
	s.browser().do(http.MethodPost, at+"/unlink", nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}).shows("was not sent from one of these pages")
	admin, account := s.signedIn(), "/admin/accounts/"+s.accountOf("seller_1")
	for _, act := range []string{"/recheck", "/link", "/unlink", "/reassign", "/notes", "/delete-note"} {
		admin.do(http.MethodPost, account+act, nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}).want(http.StatusForbidden)
	}
	for _, at := range []string{
		"/admin/accounts.csv", "/admin/logout", "/admin/logout-everywhere", "/admin/endpoints/new", "/admin/endpoints/ep_1/test",
		"/admin/endpoints/ep_1/rotate", "/admin/endpoints/ep_1/enable", "/admin/endpoints/ep_1/delete", "/admin/deliveries/dlv_1/redeliver", "/admin/mail/again",
		"/statusz/ask",
	} {
		admin.do(http.MethodPost, at, nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}).want(http.StatusForbidden)
	}
	admin.get("/admin/accounts").shows("Sign out") // still signed in
	s.accountOf("seller_1")                        // still connected
}

// TestASignInFromElsewhereSignsNobodyIn, whoever knows the password: a browser that another site signed in would act in that site's
// name.
func TestASignInFromElsewhereSignsNobodyIn(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser()
	for _, at := range []string{"/admin/accounts", "/admin", "/statusz"} {
		p := b.do(http.MethodPost, at, strings.NewReader(url.Values{"password": {password}}.Encode()), http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"},
		})
		if p.want(http.StatusForbidden); len(p.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("a sign-in at %s from elsewhere was given a cookie", at)
		}
	}
}

func TestFormsHaveABound(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser()
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	large := "password=" + strings.Repeat("x", 140_000)
	b.do(http.MethodPost, "/admin/accounts", strings.NewReader(large), form).want(http.StatusRequestEntityTooLarge)
	unsized := struct{ *strings.Reader }{strings.NewReader(large)} // of a type whose length net/http does not know
	b.do(http.MethodPost, "/admin/accounts", unsized, form).want(http.StatusRequestEntityTooLarge)
	b.do(http.MethodPost, "/admin/accounts", strings.NewReader("password=%zz"), form).want(http.StatusBadRequest)
}

func TestFormThatNeverComesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	never, sender := io.Pipe()
	t.Cleanup(func() { _ = sender.Close() })
	s.browser().do(http.MethodPost, s.link("seller_1")+"/authorize", never, nil).want(http.StatusRequestTimeout).shows("took too long")
}

func TestWrongMethodsAreToldTheRightOnes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.link("seller_1")
	b := s.browser()
	for path, allow := range map[string]string{
		"/":                              "GET, HEAD",
		at:                               "GET, HEAD",
		at + "/authorize":                "GET, HEAD, POST",
		at + "/unlink":                   "GET, HEAD, POST",
		"/oauth/callback":                "GET, HEAD",
		"/admin/accounts":                "GET, HEAD, POST",
		"/admin/accounts/acct_1":         "GET, HEAD, POST",
		"/admin/accounts/acct_1/recheck": "POST",
		"/assets/0123456789abcdef/a.css": "GET, HEAD",
	} {
		got := b.do(http.MethodDelete, path, nil, nil).want(http.StatusMethodNotAllowed).shows("DELETE").Header.Get("Allow")
		if got != allow {
			t.Errorf("%s allows %q, want %q", path, got, allow)
		}
	}
}

// TestWhereAFormLedIsAskedForAsAPage: a telephone does that which shows again what it had shown when it was put away.
func TestWhereAFormLedIsAskedForAsAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.link("seller_1")
	for _, beyond := range []string{"/authorize", "/unlink", "/mend", "/", "/other", "/one/more"} {
		p := s.browser().get(at + beyond).want(http.StatusSeeOther)
		if to := p.Header.Get("Location"); to != at || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s leads to %s", beyond, to)
		}
	}
}

// TestWhatASellerDoesNotFindIsSaidInTheirLanguage in the platform's look, with the way to it.
func TestWhatASellerDoesNotFindIsSaidInTheirLanguage(t *testing.T) {
	t.Parallel()
	s := brandedSite(t, brand.Brand{Name: "Kiln & Co"})
	for _, at := range []string{"/connect", "/connect/", "/oauth/nothing"} {
		p := s.browser().reading("zh-CN", at).want(http.StatusNotFound).shows("没有这个页面", "Kiln & Co").hides("connectd")
		if to := p.link("返回 Kiln & Co"); p.language() != "zh-Hans" || to != "https://shop.example/" {
			t.Errorf("%s, in %s, leads to %s", at, p.language(), to)
		}
	}
	refused := s.browser().do(http.MethodDelete, s.link("seller_1"), nil, http.Header{"Accept-Language": {"zh"}})
	refused.want(http.StatusMethodNotAllowed).shows("此地址不接受 DELETE 请求")
}

func TestHeadIsAsGet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	for _, path := range []string{"/", s.link("seller_1"), "/admin/accounts", "/admin/accounts.csv", "/nothing", "/oauth/callback", "/admin"} {
		get, head := b.get(path), b.do(http.MethodHead, path, nil, nil)
		if head.StatusCode != get.StatusCode || head.body != "" {
			t.Errorf("HEAD %s: %s and %d bytes; GET: %s", path, head.Status, len(head.body), get.Status)
		}
		if diff := cmp.Diff(get.Header.Get("Content-Security-Policy"), head.Header.Get("Content-Security-Policy")); diff != "" {
			t.Errorf("HEAD %s (-GET +HEAD):\n%s", path, diff)
		}
	}
}

func TestPanicIsAPageAndALine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	router, logs := mux.NewRouter(), &testlog.Buffer{}
	web.Register(router, web.Config{ // without an onboarding service every seller's page panics
		Sessions: access.NewSessions(s.pool, access.SessionParams{}), Admin: newAdmin(t, access.AdminConfig{}, s.pool),
		Logger: slog.New(slog.NewTextHandler(logs, nil)), Now: time.Now,
	})
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	p := s.browser().get(server.URL + "/connect/the-token").want(http.StatusInternalServerError)
	p.shows("Something went wrong").hides("nil pointer", "goroutine")
	if got := p.Header.Get("Content-Security-Policy"); got == "" {
		t.Error("the page has no policy")
	}
	logged := logs.String()
	if !strings.Contains(logged, "level=ERROR") || !strings.Contains(logged, "nil pointer") || strings.Contains(logged, "the-token") {
		t.Errorf("logged: %s", logged)
	}
}
