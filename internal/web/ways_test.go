package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

// asked counts the requests to a path of Stripe's.
func (s *site) asked(path string) int {
	s.t.Helper()
	return strings.Count(s.browser().get(s.sandbox.URL()+"/sandbox/requests").body, `"path":"`+path+`"`)
}

// newAccount makes an account at the sandbox that is connected with nobody; more are further fields.
func (s *site) newAccount(id, more string) string {
	s.t.Helper()
	s.control("accounts", `{"id":"`+id+`","persona":"complete","connected":false`+more+`}`)
	return id
}

// wayBackOf is the address that Stripe sends the browser to once the seller has picked an existing account.
func (b *browser) wayBackOf(page, account string) string {
	b.t.Helper()
	stripe := b.post(page+"/authorize", nil).want(http.StatusSeeOther).Header.Get("Location")
	return b.get(stripe + "&account=" + account).Header.Get("Location")
}

func TestReloadedWayBackIsAnsweredAsAtFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for seller, returnURL := range map[string]string{"seller_1": "", "seller_2": "https://shop.example/done"} {
		at, b := s.linkWith(onboarding.LinkParams{SellerID: seller, ReturnURL: returnURL}), s.browser()
		before := s.asked("/oauth/token")
		back := b.wayBack(at, "complete")
		first := b.get(back).want(http.StatusSeeOther).Header.Get("Location")
		for range 3 {
			if again := b.get(back).want(http.StatusSeeOther).Header.Get("Location"); again != first {
				t.Errorf("%s is sent to %s, first to %s", seller, again, first)
			}
		}
		if n := s.asked("/oauth/token") - before; n != 1 {
			t.Errorf("%d exchanges", n)
		}
	}
}

// TestBackButtonLeadsToNoDeadEnd: the page that the browser still shows offers what was done since.
func TestBackButtonLeadsToNoDeadEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b, acct := s.link("seller_1"), s.browser(), s.newAccount("acct_1back", "")
	b.get(b.wayBackOf(at, acct)).want(http.StatusSeeOther)
	s.control("accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	b.get(at).shows("Payouts yes")

	b.get(b.wayBackOf(at, acct)).want(http.StatusSeeOther) // the same account once more: it is read anew
	b.get(at).shows("Connected: ", acct, "Payouts no")
	if s.accountOf("seller_1") != acct {
		t.Error("another account is connected")
	}

	denied := b.grant(at, "deny").want(http.StatusOK).shows("You did not connect", "Nothing was changed", "Connected: ", acct)
	denied.hides("Connect with Stripe")
	if to := b.post(at+"/unlink", nil).want(http.StatusSeeOther).Header.Get("Location"); to != at {
		t.Errorf("unlinking leads to %s", to)
	}
	b.post(at+"/unlink", nil).want(http.StatusSeeOther) // the form is still there, and what it asks for is done
	b.get(at + "?confirm=unlink").want(http.StatusOK).hides("Keep it").button("Connect with Stripe")
}

// TestGrantPageThatIsUsedAgain: the browser goes back to Stripe's page and grants once more, with the state that was used.
func TestGrantPageThatIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	stripe := b.post(at+"/authorize", nil).want(http.StatusSeeOther).Header.Get("Location")
	b.get(b.get(stripe + "&persona=complete").Header.Get("Location")).want(http.StatusSeeOther)
	p := b.get(b.get(stripe + "&persona=complete").Header.Get("Location")).want(http.StatusBadRequest)
	p.shows("Connected: ", s.accountOf("seller_1"), "used already").hides("Not connected", "Connect again")
	b.get(p.link("Back to your page")).shows("Connected: ")
	if n := s.asked("/oauth/token"); n != 1 {
		t.Errorf("%d exchanges", n)
	}
}

func TestTwoTabsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b, acct := s.link("seller_1"), s.browser(), s.newAccount("acct_1tabs", "")
	t.Run("with one account", func(t *testing.T) {
		tabs := []string{b.wayBackOf(at, acct), b.wayBackOf(at, acct)}
		var group sync.WaitGroup
		for _, back := range tabs {
			group.Go(func() { b.get(back).want(http.StatusSeeOther) })
		}
		group.Wait()
		b.get(at).shows("Connected: ", acct)
	})
	t.Run("with two", func(t *testing.T) {
		p := b.grant(at, "restricted").want(http.StatusConflict).shows(" is connected already, and stays connected.", "unlink it first")
		p.shows("Connected: ", acct).hides("Not connected", "Connect another account")
		b.get(p.link("Back to your page")).shows("Connected: ", acct)
	})
	t.Run("on one address", func(t *testing.T) {
		other := s.link("seller_2")
		back := b.wayBack(other, "complete")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { b.get(back).want(http.StatusSeeOther) })
		}
		group.Wait()
		b.get(other).shows("Connected: ")
	})
}

func TestLinkThatEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	t.Run("revoked", func(t *testing.T) {
		at, b := s.link("seller_1"), s.browser()
		back := b.wayBack(at, "complete")
		s.exec("update onboarding_links set revoked_at = created_at where seller_id = 'seller_1'")
		b.get(back).want(http.StatusGone).shows("This link was revoked.", "ask the platform that sent you here for a new link")
		if _, connected, err := s.registry.HeldBy(t.Context(), "seller_1"); connected || err != nil {
			t.Errorf("connected: %v, %v", connected, err)
		}
	})
	t.Run("expired", func(t *testing.T) {
		at, b := s.link("seller_2"), s.browser()
		back := b.wayBack(at, "complete")
		s.exec("update onboarding_links set expires_at = created_at where seller_id = 'seller_2'")
		to := b.get(back).want(http.StatusSeeOther).Header.Get("Location")
		b.get(to).want(http.StatusGone).shows("This link has expired.", "An account that is connected stays connected.")
		s.accountOf("seller_2")
	})
	t.Run("expired, with a way back to the platform", func(t *testing.T) {
		at, b := s.linkWith(onboarding.LinkParams{SellerID: "seller_3", ReturnURL: "https://shop.example/done"}), s.browser()
		back := b.wayBack(at, "complete")
		s.exec("update onboarding_links set expires_at = created_at where seller_id = 'seller_3'")
		if to := b.get(back).want(http.StatusSeeOther).Header.Get("Location"); !strings.HasPrefix(to, "https://shop.example/done?") {
			t.Errorf("sent to %s", to)
		}
	})
	t.Run("expired, and denied", func(t *testing.T) {
		at, b := s.link("seller_4"), s.browser()
		back := b.wayBack(at, "deny")
		s.exec("update onboarding_links set expires_at = created_at where seller_id = 'seller_4'")
		b.get(back).want(http.StatusGone).shows("This link has expired.")
	})
}

func TestStripeThatIsUnreachableInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	t.Run("on the way there", func(t *testing.T) {
		s.control("faults", `[{"path":"/oauth/authorize","drop":true,"times":1}]`)
		s.browser().post(s.link("seller_1")+"/authorize", nil).want(http.StatusSeeOther)
	})
	t.Run("in the exchange", func(t *testing.T) {
		at, b, acct := s.link("seller_2"), s.browser(), s.newAccount("acct_1cut", "")
		back := b.wayBackOf(at, acct)
		s.control("faults", `[{"path":"/oauth/token","drop":true,"times":1}]`)
		again := b.get(back).want(http.StatusBadGateway).shows("Stripe gave no answer", "Please connect again").button("Connect again")
		b.get(b.wayBackOf(strings.TrimSuffix(again, "/authorize"), acct)).want(http.StatusSeeOther)
		b.get(at).shows("Connected: ", acct)
	})
	t.Run("after it", func(t *testing.T) {
		s.control("faults", `[{"method":"GET","path":"/v1/accounts/*","drop":true}]`)
		at := s.connected("seller_3", "complete")
		s.browser().get(at).shows("Connected: ", "Payouts not known yet Details follow.")
		s.control("faults", `[]`)
		if err := s.checker.Check(t.Context(), s.accountOf("seller_3"), registry.Scan); err != nil {
			t.Fatal(err)
		}
		s.browser().get(at).shows("Payouts yes")
	})
}

func TestAccountOfTheOtherMode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b, live := s.link("seller_1"), s.browser(), s.newAccount("acct_1live", `,"livemode":true`)
	p := b.get(b.wayBackOf(at, live)).want(http.StatusBadRequest).shows("live Stripe account", "connect a test account")
	if to := p.button("Connect again"); to != at+"/authorize" {
		t.Errorf("the button leads to %s", to)
	}
	b.grant(at, "complete").want(http.StatusSeeOther)
}

// TestAccountOfAnotherSellerIsLeftAlone: it may be the other's living.
func TestAccountOfAnotherSellerIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.connected("seller_1", "complete")
	at, b := s.link("seller_2"), s.browser()
	back := b.wayBackOf(at, s.accountOf("seller_1"))
	for range 2 { // a reload is told the same
		p := b.get(back).want(http.StatusConflict).shows("connected by another seller", "was left as it is")
		if to := p.button("Connect another account"); to != at+"/authorize" {
			t.Errorf("the button leads to %s", to)
		}
	}
	if n := s.asked("/oauth/deauthorize"); n != 0 {
		t.Errorf("%d deauthorizations", n)
	}
	b.get(first).shows("Connected: ", s.accountOf("seller_1"), "you can sell")
	b.grant(at, "complete").want(http.StatusSeeOther)
}

func TestWhatAnotherPlatformControlsIsSaidBeforehand(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser().get(s.link("seller_1")).shows("An account that another platform controls can't be connected: Stripe then has you open a new one.")
}

// TestPlatformsOwnStateIsNotTaken: who owns the redirect page exchanges the code.
func TestPlatformsOwnStateIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	made, err := s.onboarding.CreateState(t.Context(), "seller_1", "https://shop.example/stripe")
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	_, query, _ := strings.Cut(b.get(made.AuthorizeURL+"&persona=complete").Header.Get("Location"), "?")
	p := b.get("/oauth/callback?"+query).want(http.StatusBadRequest).shows("Not connected", "a page of the platform's own")
	if to := p.hides("another browser", "in this browser").link("Back to the platform"); to != "https://shop.example/" {
		t.Errorf("the way back is %s", to)
	}
	if n := s.asked("/oauth/token"); n != 0 {
		t.Errorf("%d exchanges", n)
	}
}

// TestBeginningAgainAndAgain: the browser's cookies stay few, and the newest ways lead back.
func TestBeginningAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	first := b.wayBack(at, "complete")
	var backs []string
	for range 10 {
		backs = append(backs, b.wayBack(at, "deny"))
	}
	callback, err := url.Parse(s.url + "/oauth/callback")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.client.Jar.Cookies(callback)); n != 10 {
		t.Errorf("the browser keeps %d cookies", n)
	}
	for _, back := range backs {
		b.get(back).want(http.StatusOK).shows("You did not connect")
	}
	b.get(first).want(http.StatusBadRequest).shows("another browser, or is too long ago")
}
