package onboarding_test

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
)

func TestDepartureIsStripesAuthorizeRequest(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	at, err := url.Parse(p.depart("s1").away)
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	state := query.Get("state")
	if len(state) != 43 {
		t.Errorf("state %q is not 32 bytes", state)
	}
	query.Del("state")
	want := url.Values{
		"response_type": {"code"}, "scope": {"read_write"}, "client_id": {p.stripe.box.Platform().ClientID},
		"redirect_uri": {baseURL + "/oauth/callback"},
	}
	if diff := cmp.Diff(want, query); diff != "" || at.Path != "/oauth/authorize" {
		t.Errorf("sent to %s:\n%s", at.Path, diff)
	}
}

func TestStateIsStoredAsAHashForTenMinutes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1")
	at, err := url.Parse(w.away)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(at.Query().Get("state")))
	row, err := db.New(p.pool).State(t.Context(), hash[:])
	if err != nil {
		t.Fatal(err)
	}
	if life := row.ExpiresAt.Sub(row.CreatedAt); life != 10*time.Minute || row.SellerID != "s1" || row.UsedAt != nil {
		t.Errorf("state of seller %s for %s, used at %v", row.SellerID, life, row.UsedAt)
	}
}

func TestEachStateHasACookieOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1"})
	names, values, states := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for range 5 {
		d, err := p.Depart(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		state := at.Query().Get("state")
		if strings.Contains(d.Cookie.String(), state) || strings.Contains(d.Cookie.String(), token) {
			t.Error("the cookie holds the state or the link's token")
		}
		names[d.Cookie.Name], values[d.Cookie.Value], states[state] = true, true, true
	}
	if len(names) != 5 || len(values) != 5 || len(states) != 5 {
		t.Errorf("5 departures gave %d cookies with %d values for %d states", len(names), len(values), len(states))
	}
}

func TestCookieIsForTheCallbackAndNoScript(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for base, want := range map[string]http.Cookie{
		baseURL:                 {Path: "/oauth/callback", Secure: true},
		"http://localhost:3001": {Path: "/oauth/callback"},
		"https://x.test/pay":    {Path: "/pay/oauth/callback", Secure: true},
	} {
		s := onboarding.New(onboarding.Config{
			Registry: p.registry, Queries: db.New(p.pool), Stripe: p.stripe.client(t, nil), BaseURL: base, Now: p.clock.now,
		})
		d, err := s.Depart(t.Context(), p.link(onboarding.LinkParams{SellerID: "s1"}))
		if err != nil {
			t.Fatal(err)
		}
		got := *d.Cookie
		got.Name, got.Value = "", ""
		want.HttpOnly, want.SameSite, want.MaxAge = true, http.SameSiteLaxMode, 60*60
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", base, diff)
		}
		if err := d.Cookie.Valid(); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestTwoTabsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1"})
	first, second := p.departFrom(token), p.departFrom(token)
	for name, value := range second.cookies {
		first.cookies[name] = value
	}
	second.cookies = first.cookies
	second.decide("persona=deny").mustArrive()
	first.decide("persona=complete").mustArrive()
	p.wantStatus("s1", "enabled")
}

// TestSellersAreSentToStripeWhereOnlyWeAreTurnedAway: a browser may be let in where a program was not.
func TestSellersAreSentToStripeWhereOnlyWeAreTurnedAway(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, trouble := range []string{`"drop":true`, `"status":500`, `"status":429,"code":"rate_limit"`} {
		p.fault("/oauth/authorize", trouble)
		p.depart("s1")
	}
	p.control("faults", `[]`)
	p.stripe.gate.on("/oauth/authorize", func() { panic(http.ErrAbortHandler) })
	p.depart("s1")
}
