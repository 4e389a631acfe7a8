package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

type token struct {
	AccessToken          string `json:"access_token"`
	Livemode             *bool  `json:"livemode"`
	RefreshToken         string `json:"refresh_token"`
	TokenType            string `json:"token_type"`
	StripePublishableKey string `json:"stripe_publishable_key"`
	StripeUserID         string `json:"stripe_user_id"`
	Scope                string `json:"scope"`
	Error                string `json:"error"`
	Description          string `json:"error_description"`
}

func (r *running) connect(persona string) string {
	r.t.Helper()
	var got token
	r.exchange(r.grant(url.Values{"persona": {persona}}).Get("code")).into(r.t, &got)
	return got.StripeUserID
}

func TestGrantedCodeConnectsTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	back := s.grant(url.Values{"persona": {"enabled"}})
	if back.Get("state") != "st" || back.Get("kept") != "1" || back.Get("scope") != "read_write" {
		t.Errorf("way back lacks state, scope or the platform's own query: %v", back)
	}
	a := s.exchange(back.Get("code"))
	var got token
	a.into(t, &got)
	if a.status != http.StatusOK || got.Livemode == nil || *got.Livemode || got.TokenType != "bearer" ||
		got.AccessToken == "" || got.RefreshToken == "" || got.StripePublishableKey == "" || got.Scope != "read_write" {
		t.Errorf("token response is not whole: %d %s", a.status, a.body)
	}
	if a := s.api(http.MethodGet, "/v1/accounts/"+got.StripeUserID, ""); a.status != http.StatusOK {
		t.Errorf("connected account: %d %s", a.status, a.body)
	}
	event := rec.next()
	want := []any{"account.application.authorized", got.StripeUserID, s.Platform().ClientID, "application"}
	have := []any{event.Type, event.Account, event.Data.Object["id"], event.Data.Object["object"]}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("event of the grant (-want +got):\n%s", diff)
	}
}

func TestAccountIsNotConnectedBeforeItsCodeIsExchanged(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.grant(url.Values{"persona": {"complete"}})
	var page struct{ Data []struct{ ID string } }
	s.api(http.MethodGet, "/v1/accounts", "").into(t, &page)
	if len(page.Data) != 0 {
		t.Errorf("accounts before an exchange: %v", page.Data)
	}
}

func TestEachGrantByPersonaMakesAnotherAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	if first, second := s.connect("complete"), s.connect("complete"); first == second || first == "" {
		t.Errorf("two grants gave %q and %q", first, second)
	}
}

func TestExistingAccountCanBeGranted(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.connect("complete")
	s.control("/sandbox/accounts/"+id+"/deauthorize", "")
	var got token
	s.exchange(s.grant(url.Values{"account": {id}}).Get("code")).into(t, &got)
	if got.StripeUserID != id {
		t.Errorf("connected %q, want %q", got.StripeUserID, id)
	}
}

func TestLiveAccountSaysSoInTheExchange(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/accounts", `{"id":"acct_live","persona":"complete","livemode":true,"connected":false}`)
	var got token
	s.exchange(s.grant(url.Values{"account": {"acct_live"}}).Get("code")).into(t, &got)
	if got.Livemode == nil || !*got.Livemode {
		t.Errorf("livemode of a live account: %+v", got)
	}
}

func TestDenialIsToldByRedirect(t *testing.T) {
	t.Parallel()
	back := start(t).grant(url.Values{"persona": {"deny"}})
	if back.Get("error") != "access_denied" || back.Get("error_description") == "" || back.Get("state") != "st" {
		t.Errorf("denied: %v", back)
	}
}

func TestAuthorizeRefusesWhatItCannotAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	base := url.Values{
		"response_type": {"code"}, "client_id": {s.Platform().ClientID}, "scope": {"read_write"},
		"redirect_uri": {"http://localhost:3001/oauth/callback"}, "persona": {"complete"},
	}
	for name, test := range map[string]struct {
		parameter, value string
		status           int
		location         string
	}{
		"unknown client":       {"client_id", "ca_other", http.StatusBadRequest, ""},
		"no redirect":          {"redirect_uri", "", http.StatusBadRequest, ""},
		"redirect of a script": {"redirect_uri", "javascript:alert(1)", http.StatusBadRequest, ""},
		"unknown persona":      {"persona", "hero", http.StatusBadRequest, ""},
		"unknown account":      {"account", "acct_nobody", http.StatusBadRequest, ""},
		"other response type":  {"response_type", "token", http.StatusFound, "error=unsupported_response_type"},
		"other scope":          {"scope", "everything", http.StatusFound, "error=invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			query := url.Values{}
			for k, v := range base {
				query[k] = v
			}
			query.Set(test.parameter, test.value)
			a := s.do(s.request(http.MethodGet, "/oauth/authorize?"+query.Encode(), ""))
			if a.status != test.status || !strings.Contains(a.header.Get("Location"), test.location) {
				t.Errorf("%d %s %s", a.status, a.header.Get("Location"), a.body)
			}
		})
	}
}

func TestGrantPageOffersEveryPersonaByName(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	query := url.Values{
		"response_type": {"code"}, "client_id": {s.Platform().ClientID},
		"redirect_uri": {"http://localhost:3001/oauth/callback"}, "state": {`"><script>`},
	}
	for _, path := range []string{"/oauth/authorize", "/express/oauth/authorize"} {
		a := s.do(s.request(http.MethodGet, path+"?"+query.Encode(), ""))
		for _, name := range append(sandbox.Personas(), "Deny", id) {
			if !strings.Contains(a.body, ">"+name+"</button>") {
				t.Errorf("%s has no button %s", path, name)
			}
		}
		if !strings.Contains(a.body, "SANDBOX") || strings.Contains(a.body, "<script>") {
			t.Errorf("%s does not say that it is a sandbox, or lets a script in", path)
		}
	}
}

// TestExpressGrantMakesAnExpressAccount asks as Stripe's guide to Express does, without a response_type or a scope.
func TestExpressGrantMakesAnExpressAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	query := url.Values{
		"client_id": {s.Platform().ClientID}, "persona": {"complete"}, "suggested_capabilities[]": {"transfers"},
		"redirect_uri": {"http://localhost:3001/oauth/callback"},
	}
	a := s.do(s.request(http.MethodGet, "/express/oauth/authorize?"+query.Encode(), ""))
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	var got token
	s.exchange(u.Query().Get("code")).into(t, &got)
	if kind := s.object(got.StripeUserID)["type"]; kind != "express" || got.Scope != "express" {
		t.Errorf("type is %v, scope %q", kind, got.Scope)
	}
	query.Set("response_type", "token")
	a = s.do(s.request(http.MethodGet, "/express/oauth/authorize?"+query.Encode(), ""))
	if to := a.header.Get("Location"); !strings.Contains(to, "error=unsupported_response_type") {
		t.Errorf("another response_type leads to %q", to)
	}
}

func TestCodePresentedAgainDisconnectsWhatItConnected(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	code := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	var first, second token
	s.exchange(code).into(t, &first)
	a := s.exchange(code)
	a.into(t, &second)
	if a.status != http.StatusBadRequest || second.Error != "invalid_grant" ||
		!strings.Contains(second.Description, "All tokens issued with this code have been revoked") {
		t.Errorf("second presentation: %d %s", a.status, a.body)
	}
	if a := s.api(http.MethodGet, "/v1/accounts/"+first.StripeUserID, ""); a.status != http.StatusForbidden {
		t.Errorf("account after the second presentation: %d", a.status)
	}
	rec.next()
	if e := rec.next(); e.Type != "account.application.deauthorized" || e.Account != first.StripeUserID {
		t.Errorf("event after the second presentation: %s of %s", e.Type, e.Account)
	}
	if a := s.exchange(code); a.status != http.StatusBadRequest {
		t.Errorf("third presentation: %d", a.status)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	var other sandbox.Platform
	s.control("/sandbox/platforms", "{}").into(t, &other)
	late := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	s.control("/sandbox/clock", `{"advance":"5m"}`)
	fresh := s.grant(url.Values{"persona": {"complete"}}).Get("code")
	for name, test := range map[string]struct {
		key, form string
		status    int
		code      string
	}{
		"no grant type":      {s.Platform().Key, "code=" + fresh, http.StatusBadRequest, "invalid_request"},
		"other grant type":   {s.Platform().Key, "grant_type=password", http.StatusBadRequest, "unsupported_grant_type"},
		"no code":            {s.Platform().Key, "grant_type=authorization_code", http.StatusBadRequest, "invalid_request"},
		"unknown code":       {s.Platform().Key, "grant_type=authorization_code&code=ac_no", http.StatusBadRequest, "invalid_grant"},
		"expired code":       {s.Platform().Key, "grant_type=authorization_code&code=" + late, http.StatusBadRequest, "invalid_grant"},
		"other platform":     {other.Key, "grant_type=authorization_code&code=" + fresh, http.StatusBadRequest, "invalid_grant"},
		"no key":             {"", "grant_type=authorization_code&code=" + fresh, http.StatusUnauthorized, "invalid_client"},
		"wrong key":          {"sk_test_wrongwrongwrongwrong", "code=" + fresh, http.StatusUnauthorized, "invalid_client"},
		"malformed encoding": {s.Platform().Key, "code=%zz", http.StatusBadRequest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			req := s.request(http.MethodPost, "/oauth/token", test.form+"&client_secret="+test.key)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			a := s.do(req)
			if a.status != test.status || test.code != "" && !strings.Contains(a.body, `"error":"`+test.code+`"`) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if a := s.exchange(fresh); a.status != http.StatusOK {
		t.Errorf("the code that was refused to others: %d %s", a.status, a.body)
	}
}

func TestDeauthorizeDisconnectsOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	form := url.Values{"client_id": {s.Platform().ClientID}, "stripe_user_id": {id}}.Encode()
	if a := s.api(http.MethodPost, "/oauth/deauthorize", form); a.status != http.StatusOK || !strings.Contains(a.body, id) {
		t.Errorf("deauthorize: %d %s", a.status, a.body)
	}
	e := rec.next()
	if e.Type != "account.application.deauthorized" || e.Account != id || e.Data.Object["id"] != s.Platform().ClientID {
		t.Errorf("event: %s", e.Body)
	}
	a := s.api(http.MethodPost, "/oauth/deauthorize", form)
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `"error":"invalid_client"`) {
		t.Errorf("second deauthorize: %d %s", a.status, a.body)
	}
}

func TestOAuthCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/platforms/"+s.Platform().Account, `{"oauth":false}`)
	a := s.do(s.request(http.MethodGet, "/oauth/authorize?response_type=code&redirect_uri=http://a.example&client_id="+s.Platform().ClientID, ""))
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, "OAuth is disabled for this Stripe Connect integration") {
		t.Errorf("authorize: %d %s", a.status, a.body)
	}
}
