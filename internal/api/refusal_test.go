package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
)

func TestRefusalsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	reader := s.newKey(access.ReadinessRead)
	tooLarge := `{"x":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name, key, method, path, body string
		status                        int
		code                          string
		locations                     []string
	}{
		{"no key, body too large", "", "POST", "/v1/readiness", tooLarge, 401, "unauthorized", nil},
		{"no key, malformed", "", "POST", "/v1/readiness", `{`, 401, "unauthorized", nil},
		{"no key, unknown account", "", "GET", "/v1/accounts/acct_none", "", 401, "unauthorized", nil},
		{"no key, unknown path", "", "GET", "/v1/nothing", "", 401, "unauthorized", nil},
		{"no key, the API's own path", "", "GET", "/v1", "", 401, "unauthorized", nil},
		{"no key, wrong method", "", "PUT", "/v1/accounts", "", 401, "unauthorized", nil},
		{"wrong key, unknown path", "ck_test_0000", "GET", "/v1/nothing", "", 401, "unauthorized", nil},
		{"wrong key, wrong method", "ck_test_0000", "GET", "/v1/onboarding-links", "", 401, "unauthorized", nil},
		{"wrong key", "ck_test_0000", "GET", "/v1/accounts", "", 401, "unauthorized", nil},
		{"Stripe's key", "sk_test_0000", "GET", "/v1/accounts", "", 401, "unauthorized", nil},
		{"small scope, body too large", reader, "POST", "/v1/onboarding-links", tooLarge, 403, "scope_too_small", nil},
		{"small scope, unknown account", reader, "POST", "/v1/accounts/acct_none/recheck", "", 403, "scope_too_small", nil},
		{"small scope, wrong value", reader, "GET", "/v1/accounts?limit=0", "", 403, "scope_too_small", nil},
		{"too large", s.key, "POST", "/v1/readiness", tooLarge, 413, "body_too_large", nil},
		{"too large, unknown account", s.key, "POST", "/v1/accounts/acct_none/unlink", tooLarge, 413, "body_too_large", nil},
		{"too large, unknown query", s.key, "POST", "/v1/readiness?x=1", tooLarge, 413, "body_too_large", nil},
		{"malformed", s.key, "POST", "/v1/readiness", `{"seller_ids":["a"`, 400, "malformed_body", []string{"body"}},
		{"malformed link", s.key, "POST", "/v1/onboarding-links", `{"seller_id`, 400, "malformed_body", []string{"body"}},
		{"malformed, unknown account", s.key, "POST", "/v1/accounts/acct_none/recheck", `nope`, 400, "malformed_body", []string{"body"}},
		{"two values", s.key, "POST", "/v1/readiness", `{"seller_ids":[]}{}`, 400, "malformed_body", []string{"body"}},
		{"no body", s.key, "POST", "/v1/readiness", ``, 400, "malformed_body", nil},
		{"a list", s.key, "POST", "/v1/readiness", `["a"]`, 422, "invalid", []string{"body"}},
		{"null", s.key, "POST", "/v1/readiness", `null`, 422, "invalid", []string{"body"}},
		{"null list", s.key, "POST", "/v1/readiness", `{"seller_ids":null}`, 422, "invalid", []string{"body.seller_ids"}},
		{"missing list", s.key, "POST", "/v1/readiness", `{}`, 422, "invalid", []string{"body.seller_ids"}},
		{"wrong item", s.key, "POST", "/v1/readiness", `{"seller_ids":["a","b/c",7]}`, 422, "invalid", []string{"body.seller_ids[1]", "body.seller_ids[2]"}},
		{"wrong seller", s.key, "POST", "/v1/readiness", `{"seller_ids":["a",".."]}`, 422, "invalid", []string{"body.seller_ids[1]"}},
		{"unknown field", s.key, "POST", "/v1/readiness", `{"seller_ids":[],"x":1}`, 422, "invalid", []string{"body.x"}},
		{"field in other case", s.key, "POST", "/v1/readiness", `{"seller_ids":[],"SELLER_IDS":["a"]}`, 422, "invalid", []string{"body.SELLER_IDS"}},
		{"unknown field of a recheck", s.key, "POST", "/v1/accounts/acct_none/recheck", `{"x":1}`, 422, "invalid", []string{"body.x"}},
		{"unknown field of an unlink", s.key, "POST", "/v1/accounts/acct_none/unlink", `{"x":1}`, 422, "invalid", []string{"body.x"}},
		{"wrong value of an unlink", s.key, "POST", "/v1/accounts/acct_none/unlink", `{"force":"yes"}`, 422, "invalid", []string{"body.force"}},
		{"unknown field of a resume", s.key, "POST", "/v1/scans/1/resume", `{"x":1}`, 422, "invalid", []string{"body.x"}},
		{"a resume too large", s.key, "POST", "/v1/scans/1/resume", tooLarge, 413, "body_too_large", nil},
		{"unknown sort", s.key, "GET", "/v1/accounts?sort=policy_version", "", 422, "invalid", []string{"query.sort"}},
		{"unknown query parameter", s.key, "GET", "/v1/sellers/a/readiness?max_ago=1s", "", 422, "invalid", []string{"query.max_ago"}},
		{"unknown account", s.key, "GET", "/v1/accounts/acct_none", "", 404, "not_found", nil},
		{"an account's id with NUL", s.key, "GET", "/v1/accounts/a%00b", "", 404, "not_found", nil},
		{"an account's id with a slash", s.key, "GET", "/v1/accounts/a%2Fb", "", 404, "not_found", nil},
		{"an account's id not UTF-8", s.key, "POST", "/v1/accounts/%ff/recheck", "", 404, "not_found", nil},
		{"history of an unknown account", s.key, "GET", "/v1/accounts/acct_none/changes", "", 404, "not_found", nil},
		{"recheck of an unknown account", s.key, "POST", "/v1/accounts/acct_none/recheck", "", 404, "not_found", nil},
		{"unlink of an unknown account", s.key, "POST", "/v1/accounts/acct_none/unlink", "", 404, "not_found", nil},
		{"small scope, unknown path", reader, "POST", "/v1/nothing", "", 404, "unknown_path", nil},
		{"small scope, wrong method", reader, "DELETE", "/v1/accounts", "", 405, "method_not_allowed", nil},
		{"unknown path", s.key, "GET", "/v1/nothing", "", 404, "unknown_path", nil},
		{"a slash too many", s.key, "GET", "/v1/accounts/", "", 404, "unknown_path", nil},
		{"a path's slash encoded", s.key, "GET", "/v1%2Faccounts", "", 404, "unknown_path", nil},
		{"a seller's id of two segments", s.key, "GET", "/v1/sellers/a/b/readiness", "", 404, "unknown_path", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := s.callAs(c.key, c.method, c.path, c.body)
			got.t = t
			wantProblem(got, c.status, c.code, c.locations...)
			if got.header.Get("Connectd-Position") != "0" {
				t.Errorf("Connectd-Position %q", got.header.Get("Connectd-Position"))
			}
			if got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", got.header.Get("Cache-Control"))
			}
			if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (c.status == 401 || c.status == 403) {
				t.Errorf("WWW-Authenticate %q", got.header.Get("WWW-Authenticate"))
			}
		})
	}
}

// TestAWrongMethodWithoutAKeyIsUnauthorized: also on the one path of the API that is not under /v1.
func TestAWrongMethodWithoutAKeyIsUnauthorized(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{"/api/verifyStripe", "/v1/oauth-states", "/v1/accounts/acct_1/recheck"} {
		got := s.callAs("", http.MethodGet, path, "")
		wantProblem(got, http.StatusUnauthorized, "unauthorized")
		if got.header.Get("Allow") != "" {
			t.Errorf("%s: Allow %q", path, got.header.Get("Allow"))
		}
		wantProblem(s.get(path), http.StatusMethodNotAllowed, "method_not_allowed")
	}
}

func TestWhatIsOpenNeedsNoKey(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for path, status := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/openapi.json": http.StatusOK, "/api/nothing": http.StatusNotFound,
	} {
		if got := s.callAs("", http.MethodGet, path, ""); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestABodyOfTheLimitIsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body := `{"seller_ids":["a"]}`
	body += strings.Repeat(" ", 1<<20-len(body))
	if got := s.post("/v1/readiness", body); got.status != http.StatusOK {
		t.Errorf("%d bytes: %d %s", len(body), got.status, got.body)
	}
	wantProblem(s.post("/v1/readiness", body+" "), http.StatusRequestEntityTooLarge, "body_too_large")
}

func TestABodyIsJSONWhateverItsContentType(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/xml; a=b", "image/svg+xml", ";+"} {
		req := newRequest(t, http.MethodPost, s.url+"/v1/readiness", `{"seller_ids":["a"]}`)
		req.Header.Set("Authorization", "Bearer "+s.key)
		req.Header.Set("Content-Type", kind)
		if got := send(t, req); got.status != http.StatusOK {
			t.Errorf("%q: %d %s", kind, got.status, got.body)
		}
	}
}

func TestAnswersAreJSONWhateverIsAccepted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, accept := range []string{"", "*/*", "text/html", "application/xml;q=0.9", "nonsense"} {
		req := newRequest(t, http.MethodGet, s.url+"/v1/sellers/a/readiness", "")
		req.Header.Set("Authorization", "bearer "+s.key)
		req.Header.Set("Accept", accept)
		if got := send(t, req); got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %s", accept, got.status, got.header.Get("Content-Type"))
		}
	}
}

func TestOnlyABearerKeyOpens(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, header := range []string{"", s.key, "Basic " + s.key, "Bearer", "Bearer ", "Bearer " + s.key + "0", "Bearer x" + s.key} {
		req := newRequest(t, http.MethodGet, s.url+"/v1/accounts", "")
		req.Header.Set("Authorization", header)
		got := send(t, req)
		wantProblem(got, http.StatusUnauthorized, "unauthorized")
		if strings.Contains(string(got.body), s.key) {
			t.Errorf("the answer holds the key: %s", got.body)
		}
	}
	if strings.Contains(s.log.String(), s.key) {
		t.Error("the log holds the key")
	}
}

func TestAKeyThatExpiresOrIsRevokedOpensNoMore(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	short, err := s.keys.Create(t.Context(), access.KeyParams{
		Name: "short", Scopes: []access.Scope{access.AccountsRead}, ExpiresIn: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.callAs(short.Secret, http.MethodGet, "/v1/accounts", ""); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.clock.Store(3601)
	wantProblem(s.callAs(short.Secret, http.MethodGet, "/v1/accounts", ""), http.StatusUnauthorized, "unauthorized")

	keys, err := s.keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.keys.Revoke(t.Context(), keys[0].ID, account.Actor{Name: "test"}); err != nil { // the oldest is the server's own
		t.Fatal(err)
	}
	wantProblem(s.get("/v1/accounts"), http.StatusUnauthorized, "unauthorized")
}

func TestAWrongMethodIsToldWhichThereAre(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodPut, "/v1/readiness", "GET, HEAD, POST"},
		{http.MethodGet, "/v1/oauth-states", "POST"},
		{http.MethodPost, "/v1/changes", "GET, HEAD"},
		{http.MethodDelete, "/v1/changes/stream", "GET, HEAD"},
		{http.MethodDelete, "/v1/accounts", "GET, HEAD"},
		{http.MethodPost, "/v1/sellers/a/readiness", "GET, HEAD"},
		{http.MethodPut, "/v1/accounts/acct_1/recheck", "POST"},
		{http.MethodOptions, "/v1/onboarding-links", "POST"},
		{http.MethodPost, "/healthz", "GET, HEAD"},
		{http.MethodPost, "/openapi.json", "GET, HEAD"},
	} {
		got := s.call(c.method, c.path, "")
		wantProblem(got, http.StatusMethodNotAllowed, "method_not_allowed")
		if allow := got.header.Get("Allow"); allow != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, allow, c.allow)
		}
	}
	if got := s.call(http.MethodHead, "/v1/accounts", ""); got.status != http.StatusOK || len(got.body) != 0 {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}
