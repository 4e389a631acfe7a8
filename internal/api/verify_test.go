package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type oauthState struct {
	State        string `json:"state"`
	AuthorizeURL string `json:"authorize_url"`
	ExpiresAt    string `json:"expires_at"`
}

type verified struct {
	Account map[string]json.RawMessage `json:"account"`
	OAuth   map[string]any             `json:"oauth"`
	Analyis struct {
		HasConnectedAccount bool    `json:"hasConnectedAccount"`
		AccountID           string  `json:"accountId"`
		HasCompletedProcess bool    `json:"hasCompletedProcess"`
		IsValid             bool    `json:"isValid"`
		DisplayName         *string `json:"displayName"`
		Country             *string `json:"country"`
		Currency            *string `json:"currency"`
	} `json:"accountAnalysis"`
	ShouldAllowUnlink bool `json:"shouldAllowUnlink"`
}

// newState makes a state for the seller and returns it with the code that a grant of the persona's gives.
func (s server) newState(seller, persona string) (state, code string) {
	s.t.Helper()
	return s.grant(seller, "persona="+persona)
}

// grant is as newState, with what the seller chooses at Stripe as the sandbox takes it in the query.
func (s server) grant(seller, choice string) (state, code string) {
	s.t.Helper()
	made := decode[oauthState](s.post("/v1/oauth-states", `{"seller_id":"`+seller+`","redirect_uri":"https://shop.test/stripe"}`), http.StatusCreated)
	back := send(s.t, newRequest(s.t, http.MethodGet, made.AuthorizeURL+"&"+choice, "")).header.Get("Location")
	u, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, "https://shop.test/stripe?") || u.Query().Get("state") != made.State {
		s.t.Fatalf("the grant led to %q: %v", back, err)
	}
	return made.State, u.Query().Get("code")
}

// exchanges counts what reached Stripe's exchange.
func (s server) exchanges() int { return s.asked("/oauth/token") }

// asked counts what reached a path of Stripe's.
func (s server) asked(path string) int {
	s.t.Helper()
	return strings.Count(string(send(s.t, newRequest(s.t, http.MethodGet, s.box.URL()+"/sandbox/requests", "")).body), `"`+path+`"`)
}

func TestAPlatformsOwnPageConnectsASeller(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state, code := s.newState("s1", "complete")
	body := `{"code":"` + code + `","state":"` + state + `"}`
	got := decode[verified](s.post("/api/verifyStripe", body), http.StatusOK)
	a := got.Analyis
	if !a.HasConnectedAccount || !a.HasCompletedProcess || !a.IsValid || a.DisplayName == nil || a.Country == nil || got.ShouldAllowUnlink {
		t.Errorf("the analysis: %+v", got)
	}
	if string(got.Account["id"]) != `"`+a.AccountID+`"` {
		t.Errorf("the account is %s, the analysis of %s", got.Account["id"], a.AccountID)
	}
	for _, part := range []string{"individual", "company", "external_accounts", "tos_acceptance", "email"} {
		if _, there := got.Account[part]; there {
			t.Errorf("the account shows %s", part)
		}
	}
	if got.OAuth["access_token"] != "[redacted]" || got.OAuth["refresh_token"] != "[redacted]" || got.OAuth["stripe_user_id"] != a.AccountID {
		t.Errorf("oauth: %v", got.OAuth)
	}
	again := decode[verified](s.post("/api/verifyStripe", body), http.StatusOK)
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the same call again: %s", diff)
	}
	if n := s.exchanges(); n != 1 {
		t.Errorf("two calls reached the exchange %d times", n)
	}
	if strings.Contains(s.log.String(), code) || strings.Contains(s.log.String(), state) {
		t.Error("the log holds the code or the state")
	}
}

// TestTwentyVerificationsOverTwoProcessesAreOneExchange: both answer from one database, and none exchanges twice.
func TestTwentyVerificationsOverTwoProcessesAreOneExchange(t *testing.T) {
	t.Parallel()
	a := newServer(t)
	b := a.beside()
	state, code := a.newState("s1", "restricted")
	body := `{"code":"` + code + `","state":"` + state + `"}`
	answers := make([][]byte, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			got := []server{a, b}[i%2].post("/api/verifyStripe", body)
			if got.status != http.StatusOK {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			answers[i] = got.body
		})
	}
	wg.Wait()
	for _, got := range answers {
		if !bytes.Equal(got, answers[0]) {
			t.Errorf("answers differ:\n%s\n%s", answers[0], got)
		}
	}
	if n := a.exchanges(); n != 1 {
		t.Errorf("twenty calls reached the exchange %d times", n)
	}
}

func TestVerificationsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	used, code := s.newState("s1", "complete")
	decode[verified](s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+used+`"}`), http.StatusOK)
	fresh, otherCode := s.newState("s2", "complete")
	second, secondCode := s.newState("s1", "complete")
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		locations  []string
	}{
		{"a used state with another code", `{"code":"` + otherCode + `","state":"` + used + `"}`, 400, "code_refused", []string{"body.state"}},
		{"an unknown state", `{"code":"` + otherCode + `","state":"forged"}`, 400, "code_refused", []string{"body.state"}},
		{"a code that Stripe refuses", `{"code":"ac_unknown","seller_id":"s3"}`, 400, "code_refused", []string{"body.code"}},
		{"a code of another seller", `{"code":"` + code + `","seller_id":"s2"}`, 409, "conflict", nil},
		{"a second account", `{"code":"` + secondCode + `","state":"` + second + `"}`, 409, "conflict", nil},
		{"neither state nor seller", `{"code":"` + otherCode + `"}`, 422, "invalid", []string{"body.state"}},
		{"both", `{"code":"` + otherCode + `","state":"` + fresh + `","seller_id":"s2"}`, 422, "invalid", []string{"body.state"}},
		{"no code", `{"seller_id":"s2"}`, 422, "invalid", []string{"body.code"}},
		{"no seller's id", `{"code":"x","seller_id":"a b"}`, 422, "invalid", []string{"body.seller_id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.post("/api/verifyStripe", c.body)
			got.t = t
			wantProblem(got, c.status, c.code, c.locations...)
		})
	}
	ready := s.get("/v1/sellers/s1/readiness")
	if !bytes.Contains(ready.body, []byte(`"can_transact":true`)) {
		t.Errorf("a refusal cut the seller off: %s", ready.body)
	}
}

// TestAnAccountOfAnotherSellerIsLeftConnected: it may be the other's living.
func TestAnAccountOfAnotherSellerIsLeftConnected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.control("accounts", `{"id":"acct_1shared","persona":"complete","connected":false}`)
	state, code := s.grant("s1", "account=acct_1shared")
	decode[verified](s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`), http.StatusOK)
	state, code = s.grant("s2", "account=acct_1shared")
	for range 2 {
		wantProblem(s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`), http.StatusConflict, "conflict")
	}
	if n := s.asked("/oauth/deauthorize"); n != 0 {
		t.Errorf("%d deauthorizations", n)
	}
	if ready := s.get("/v1/sellers/s1/readiness"); !bytes.Contains(ready.body, []byte(`"can_transact":true`)) {
		t.Errorf("the holder: %s", ready.body)
	}
}

func TestAnAccountOfTheOtherModeIsNotStored(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.control("accounts", `{"id":"acct_1live","persona":"complete","connected":false,"livemode":true}`)
	state, code := s.grant("s1", "account=acct_1live")
	got := s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`)
	wantProblem(got, http.StatusBadRequest, "code_refused", "body.code")
	if !bytes.Contains(got.body, []byte("live Stripe account")) {
		t.Errorf("it does not say which: %s", got.body)
	}
	if list := s.get("/v1/accounts"); !bytes.Contains(list.body, []byte(`"data":[]`)) {
		t.Errorf("stored: %s", list.body)
	}
}

func TestAStateThatExpiredIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state, code := s.newState("s1", "complete")
	if _, err := s.pool.Exec(t.Context(), "update oauth_states set expires_at = created_at"); err != nil {
		t.Fatal(err)
	}
	got := s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`)
	wantProblem(got, http.StatusBadRequest, "code_refused", "body.state")
	if s.exchanges() != 0 || !bytes.Contains(got.body, []byte("begin again")) {
		t.Errorf("%d exchanges: %s", s.exchanges(), got.body)
	}
}

// TestAVerificationStandsWhereTheAccountCannotBeRead: the seller is connected, and the same call later shows the account.
func TestAVerificationStandsWhereTheAccountCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state, code := s.newState("s1", "complete")
	body := `{"code":"` + code + `","state":"` + state + `"}`
	s.control("faults", `[{"method":"GET","path":"/v1/accounts/*","drop":true}]`)
	wantProblem(s.post("/api/verifyStripe", body), http.StatusBadGateway, "stripe_unanswered")
	if ready := s.get("/v1/sellers/s1/readiness"); !bytes.Contains(ready.body, []byte(`"not_checked"`)) {
		t.Errorf("readiness: %s", ready.body)
	}
	s.control("faults", `[]`)
	decode[verified](s.post("/api/verifyStripe", body), http.StatusOK)
	if n := s.exchanges(); n != 1 {
		t.Errorf("%d exchanges", n)
	}
}

func TestAStateForNoPageOfThePlatformsIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, uri := range []string{
		"https://evil.test/", "javascript:alert(1)", "", "https://shop.test@evil.test/",
		"https://shop.test/stripe#top", "https://shop.test/stripe#", "http://connectd.test/oauth/callback",
		"http://CONNECTD.test:80/oauth/%63allback?x=1",
	} {
		wantProblem(s.post("/v1/oauth-states", `{"seller_id":"s1","redirect_uri":"`+uri+`"}`), http.StatusUnprocessableEntity, "invalid", "body.redirect_uri")
	}
}

// TestAnExchangeWithoutAnAnswerIsUnfinished: the code is never presented again, and the seller is told to begin again.
func TestAnExchangeWithoutAnAnswerIsUnfinished(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	state, code := s.newState("s1", "complete")
	s.control("faults", `[{"path":"/oauth/token","drop":true,"times":1}]`)
	got := s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`)
	wantProblem(got, http.StatusBadGateway, "exchange_unfinished")
	if n := s.exchanges(); n != 1 {
		t.Errorf("the exchange was reached %d times", n)
	}
}

// TestAnExchangeThatStripeRefusedThePlatformSaysWhy: it is neither the code's fault nor unfinished.
func TestAnExchangeThatStripeRefusedThePlatformSaysWhy(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for fault, said := range map[string]string{
		`"status":401,"code":"invalid_client"`: "invalid_client", `"status":429,"code":"rate_limit"`: "rate_limit",
	} {
		state, code := s.newState("s1", "complete")
		s.control("faults", `[{"path":"/oauth/token","times":1,`+fault+`}]`)
		for range 2 { // the second is answered as the first, without an exchange
			got := s.post("/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`)
			wantProblem(got, http.StatusBadGateway, "stripe_error")
			if !strings.Contains(string(got.body), `"code":"`+said+`"`) {
				t.Errorf("Stripe's code is not told: %s", got.body)
			}
		}
	}
}
