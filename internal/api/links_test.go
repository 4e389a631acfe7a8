package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
)

type link struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func TestALinkIsMade(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, c := range []struct {
		body string
		life time.Duration
	}{
		{`{"seller_id":"s1"}`, 7 * 24 * time.Hour},
		{`{"seller_id":"s1","email":null,"return_url":null,"expires_in":null}`, 7 * 24 * time.Hour},
		{`{"seller_id":"s1","email":"a@b.test","return_url":"https://shop.test/back?x=1","expires_in":1}`, time.Second},
		{`{"seller_id":"s1","return_url":"http://connectd.test/","expires_in":2592000}`, 30 * 24 * time.Hour},
	} {
		before := time.Now().Add(c.life).Truncate(time.Microsecond)
		got := decode[link](s.post("/v1/onboarding-links", c.body), http.StatusCreated)
		if !strings.HasPrefix(got.URL, "http://connectd.test/connect/") {
			t.Errorf("%s: %s", c.body, got.URL)
		}
		if got.ExpiresAt.Before(before) || got.ExpiresAt.After(time.Now().Add(c.life)) {
			t.Errorf("%s: expires at %s, made at about %s", c.body, got.ExpiresAt, before)
		}
		if token := strings.TrimPrefix(got.URL, "http://connectd.test/connect/"); strings.Contains(s.log.String(), token) {
			t.Error("the log holds the token")
		}
	}
}

func TestALinkForNoSellerOrNowhereIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for body, location := range map[string]string{
		`{}`:                                                  "body.seller_id",
		`{"seller_id":""}`:                                    "body.seller_id",
		`{"seller_id":"a b"}`:                                 "body.seller_id",
		`{"seller_id":".."}`:                                  "body.seller_id",
		`{"seller_id":"a\u0000"}`:                             "body.seller_id",
		`{"seller_id":7}`:                                     "body.seller_id",
		`{"seller_id":"s","email":"x"}`:                       "body.email",
		`{"seller_id":"s","expires_in":0}`:                    "body.expires_in",
		`{"seller_id":"s","expires_in":2592001}`:              "body.expires_in",
		`{"seller_id":"s","expires_in":"1h"}`:                 "body.expires_in",
		`{"seller_id":"s","expires_in":1.5}`:                  "body.expires_in",
		`{"seller_id":"s","return_url":"https://evil.test/"}`: "body.return_url",
		`{"seller_id":"s","return_url":"https://shop.test@evil.test/"}`:  "body.return_url",
		`{"seller_id":"s","return_url":"javascript:alert(1)"}`:           "body.return_url",
		`{"seller_id":"s","return_url":"https://shop.test/?a=1;b"}`:      "body.return_url",
		`{"seller_id":"s","return_url":"https://shop.test/?a=%zz"}`:      "body.return_url",
		`{"seller_id":"s","return_url":"https://shop.test/?position=1"}`: "body.return_url",
		`{"seller_id":"s","state":"x"}`:                                  "body.state",
	} {
		got := s.post("/v1/onboarding-links", body)
		wantProblem(got, http.StatusUnprocessableEntity, "invalid", location)
		if strings.Contains(string(got.body), "evil") || strings.Contains(string(got.body), `"value"`) {
			t.Errorf("the answer repeats what was sent: %s", got.body)
		}
	}
}

// TestALinksFaultsAreAllNamedAtOnce, those that only connectd's settings show among them.
func TestALinksFaultsAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	got := newServer(t).post("/v1/onboarding-links", `{"seller_id":"s","email":"x","return_url":"https://evil.test/"}`)
	wantProblem(got, http.StatusUnprocessableEntity, "invalid", "body.email", "body.return_url")
}

func TestABoundIsWrittenOut(t *testing.T) {
	t.Parallel()
	got := newServer(t).post("/v1/onboarding-links", `{"seller_id":"s","expires_in":2592001}`)
	if !strings.Contains(string(got.body), `2592000"`) {
		t.Errorf("the bound is not said: %s", got.body)
	}
}

func TestALinkNeedsItsScope(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, scope := range access.Scopes() {
		got := s.callAs(s.newKey(scope), http.MethodPost, "/v1/onboarding-links", `{"seller_id":"s1"}`)
		want := http.StatusForbidden
		if scope == access.OnboardingWrite {
			want = http.StatusCreated
		}
		if got.status != want {
			t.Errorf("%s: %d, want %d", scope, got.status, want)
		}
	}
}
