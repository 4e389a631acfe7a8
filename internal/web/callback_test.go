package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"
)

func TestWayBackThatIsNotThisBrowsers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.link("seller_1")
	b := s.browser()
	good := b.wayBack(at, "complete")
	for name, c := range map[string]struct {
		by    *browser
		at    string
		words string
	}{
		"no state":        {b, "/oauth/callback", "without a state"},
		"forged state":    {b, "/oauth/callback?code=ac_1&state=forged", "was not begun here"},
		"another browser": {s.browser(), good, "in another browser"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.by.get(c.at).want(http.StatusBadRequest).shows("Not connected", c.words, "open the link that you were given")
			if to := p.link("Back to the platform"); to != "https://shop.example/" {
				t.Errorf("the way back is %s", to)
			}
		})
	}
	b.get(good).want(http.StatusSeeOther) // nothing of it has used the state
}

func TestWayBackThatLeadsOnFromThePage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := s.connected("seller_other", "complete")
	for name, c := range map[string]struct {
		prepare func(at string, b *browser) (back string)
		status  int
		words   string
	}{
		"a code that Stripe refuses": {
			func(at string, b *browser) string {
				return withQuery(t, b.wayBack(at, "complete"), "code", "ac_unknown")
			}, http.StatusBadRequest, "Authorization code",
		},
		"a code that is a part of words": {
			func(at string, b *browser) string { return withQuery(t, b.wayBack(at, "complete"), "code", "a") },
			http.StatusBadRequest, "Authorization code does not exist: a",
		},
		"a code that expired": {
			func(at string, b *browser) string {
				back := b.wayBack(at, "complete")
				s.control("clock", `{"advance":"6m"}`)
				return back
			}, http.StatusBadRequest, "Authorization code has expired",
		},
		"a state that expired": {
			func(at string, b *browser) string {
				back := b.wayBack(at, "complete")
				s.exec("update oauth_states set expires_at = created_at where used_at is null")
				return back
			}, http.StatusBadRequest, "It took too long to come back",
		},
		"no code": {
			func(at string, b *browser) string { return withQuery(t, b.wayBack(at, "complete"), "code", "") },
			http.StatusBadRequest, "without a code",
		},
		"Stripe's own error": {
			func(at string, b *browser) string {
				return withQuery(t, withQuery(t, b.wayBack(at, "complete"), "error", "invalid_scope"), "error_description", "No such scope")
			}, http.StatusBadRequest, "No such scope",
		},
	} {
		t.Run(name, func(t *testing.T) {
			at, b := s.link("seller_1"), s.browser()
			p := b.get(c.prepare(at, b)).want(c.status).shows("Not connected", c.words)
			if to := p.button("Connect again"); to != at+"/authorize" {
				t.Errorf("the button leads to %s", to)
			}
			if to := p.link("Back to your page"); to != at {
				t.Errorf("the way back is %s", to)
			}
		})
	}
	s.browser().get(other).shows("Connected: ")
}

// TestWayBackOfAConnectedSeller: whatever did not happen, the account is still connected, and that is said first.
func TestWayBackOfAConnectedSeller(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	back := b.wayBack(at, "complete")
	late, lost, other := b.wayBack(at, "complete"), b.wayBack(at, "complete"), b.wayBack(at, "restricted")
	b.get(back).want(http.StatusSeeOther)
	held, _, err := s.registry.HeldBy(t.Context(), "seller_1")
	if err != nil {
		t.Fatal(err)
	}
	s.exec("update oauth_states set expires_at = created_at where state_hash = sha256($1)", []byte(stateOf(t, late)))
	s.control("faults", `[{"path":"/oauth/token","drop":true,"times":1}]`)
	for _, c := range []struct {
		at     string
		status int
		words  string
	}{
		{lost, http.StatusBadGateway, "Stripe gave no answer"},
		{late, http.StatusBadRequest, "It took too long to come back"},
		{other, http.StatusConflict, "is connected already, and stays connected."},
		{withQuery(t, back, "code", "ac_another"), http.StatusBadRequest, "used already"},
		{withQuery(t, back, "code", ""), http.StatusBadRequest, "without a code"},
	} {
		p := b.get(c.at).want(c.status).shows(c.words, "Your account "+held.ID+" is connected, and stays as it is.")
		p.hides("Not connected", "Connect again", "connect again", "Connect another")
		if title := textOf(p.all(atom.H1)[0]); title != "Connected: "+*held.DisplayName {
			t.Errorf("the heading is %q", title)
		}
		if to := p.link("Back to your page"); to != at {
			t.Errorf("the way back is %s", to)
		}
	}
}

func stateOf(t *testing.T, back string) string {
	t.Helper()
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("state")
}

func TestAccountsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_1", "complete")
	held := s.accountOf("seller_1")

	t.Run("held by another seller", func(t *testing.T) {
		at, b := s.link("seller_2"), s.browser()
		stripe := b.post(at+"/authorize", nil).Header.Get("Location")
		p := b.get(b.get(stripe + "&account=" + held).Header.Get("Location")).want(http.StatusConflict)
		b.get(p.shows("connected by another seller").link("Back to your page")).button("Connect with Stripe")
	})
	t.Run("a second one", func(t *testing.T) {
		at, b := s.link("seller_1"), s.browser()
		p := b.grant(at, "complete").want(http.StatusConflict).shows(" is connected already, and stays connected.")
		b.get(p.link("Back to your page")).shows(held)
	})
}

func TestExchangeWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	s.control("faults", `[{"path":"/oauth/token","drop":true,"times":1}]`)
	p := b.grant(at, "complete").want(http.StatusBadGateway).shows("Stripe gave no answer")
	if to := p.button("Connect again"); to != at+"/authorize" {
		t.Errorf("the button leads to %s", to)
	}
}

// TestExchangeThatStripeRefusedThePlatform: the seller can do something about the one, not about the other.
func TestExchangeThatStripeRefusedThePlatform(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	s.control("faults", `[{"path":"/oauth/token","status":401,"code":"invalid_client","times":1}]`)
	p := b.grant(at, "complete").want(http.StatusBadGateway).shows("Not connected", "not set up right", "tell the platform")
	b.get(p.hides("Connect again", "no answer").link("Back to your page")).button("Connect with Stripe")

	s.control("faults", `[{"path":"/oauth/token","status":429,"code":"rate_limit","times":1}]`)
	p = b.grant(at, "complete").want(http.StatusServiceUnavailable).shows("Not connected", "in a moment").hides("no answer")
	if to := p.button("Connect again"); to != at+"/authorize" {
		t.Errorf("the button leads to %s", to)
	}
}

func withQuery(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// TestOAuthThatIsSwitchedOffIsNoDeadEnd: from Stripe's own error page there would be no way back.
func TestOAuthThatIsSwitchedOffIsNoDeadEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	s.control("platforms/"+s.sandbox.Platform().Account, `{"oauth":false}`)
	p := b.post(at+"/authorize", nil).want(http.StatusConflict).shows("OAuth is disabled for this Stripe Connect integration", "tell the platform")
	b.get(p.link("Back to your page")).button("Connect with Stripe")
	s.control("platforms/"+s.sandbox.Platform().Account, `{"oauth":true}`)
	if to := b.post(at+"/authorize", nil).want(http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(to, s.sandbox.URL()) {
		t.Errorf("it leads to %s", to)
	}
}
