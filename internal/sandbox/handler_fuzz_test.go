package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzAnyRequestIsAnswered asks for any path by any method, with any headers: there is no panic, no redirect under /v1,
// and what is refused there is refused in Stripe's envelope.
func FuzzAnyRequestIsAnswered(f *testing.F) {
	s, err := Start(f.Context(), Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Stop(f.Context()) })
	own := s.Platform()
	a := account{ID: "acct_1fuzz", Type: custom, Platforms: []string{own.Account}}
	if err := s.state.update(func(tx *transaction) error { tx.putAccount(a); return nil }); err != nil {
		f.Fatal(err)
	}
	bearer, form := "Bearer "+own.Key, "application/x-www-form-urlencoded"
	for _, op := range operations() {
		f.Add(op.method, strings.ReplaceAll(op.path, "{id}", "acct_1fuzz"), bearer, "acct_1fuzz", "key", form, "limit=1")
	}
	for _, target := range []string{
		"/v1", "/v1/", "/v1//accounts", "/v1/accounts/", "/v1/accounts/../accounts", "/v1/./accounts", "/v1/accounts/%2e%2e", "/v1/%00",
		"/v1/accounts?limit[]=1", "/v1/accounts?starting_after=acct_1fuzz&ending_before=acct_1fuzz", "/v1/accounts/acct_1fuzz%2freject",
		"/v1/events?created[gte]=-1&types[]=*", "/v1/payment_pages/cs_1/confirm", "/oauth/authorize?client_id=x", "/oauth/token",
		"/oauth/deauthorize", "/sandbox/requests?since=-1", "/sandbox/accounts/x?silent=7", "/page/clock", "/mail/-1", "/c/pay/x", "/?before=x&q=%ff",
	} {
		f.Add(http.MethodGet, target, bearer, "", "", "", "")
		f.Add(http.MethodPost, target, "Basic "+own.Key, "acct_none", strings.Repeat("k", 256), "text/plain; charset", `{"a":[1`)
		f.Add("BREW", target, "Bearer", "\xff", "", form, "a[b]=%zz")
	}
	f.Fuzz(func(t *testing.T, method, target, authorization, acting, key, contentType, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || method == http.MethodConnect || !strings.HasPrefix(u.Path, "/") {
			t.Skip("net/http itself refuses it")
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, target
		r.Header = http.Header{
			"Authorization": {authorization}, "Stripe-Account": {acting}, "Idempotency-Key": {key}, "Content-Type": {contentType},
		}
		w := httptest.NewRecorder()
		s.server.Handler.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		if u.Path != "/v1" && !strings.HasPrefix(u.Path, "/v1/") {
			return
		}
		answer := w.Body.String()
		if !json.Valid(w.Body.Bytes()) || w.Code != http.StatusOK && !strings.HasPrefix(answer, `{"error":{`) {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, answer)
		}
	})
}
