package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/onboarding"
)

func TestSellerConnects(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	if to := b.get(at).want(http.StatusOK).button("Connect with Stripe"); to != at+"/authorize" {
		t.Fatalf("the button leads to %s", to)
	}
	back := b.grant(at, "complete").want(http.StatusSeeOther)
	if to := back.Header.Get("Location"); to != s.url+at {
		t.Fatalf("Stripe's answer leads to %s", to)
	}
	b.get(at).want(http.StatusOK).
		shows("Connected: ", s.accountOf("seller_1"), "Payouts yes", "Charges yes", "Details yes", "Enabled", "Unlinking is not offered", "All is well").
		hides("Connect with Stripe", "What Stripe needs")
}

func TestSellerIsSentBackToThePlatform(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.linkWith(onboarding.LinkParams{SellerID: "seller_1", ReturnURL: "https://shop.example/done?tab=2"})
	to, err := url.Parse(s.browser().grant(at, "complete").want(http.StatusSeeOther).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := to.Query()
	if to.Host != "shop.example" || query.Get("tab") != "2" || query.Get("status") != "enabled" || query.Get("seller_id") != "seller_1" {
		t.Errorf("sent to %s", to)
	}
}

func TestSellerPageSaysHowTheAccountStands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for persona, words := range map[string][]string{
		"enabled":         {"Payouts yes", "Charges yes", "you can sell", "Status: Enabled"},
		"restricted_soon": {"You can sell.", "Restricted soon", "Tax number of the company By "},
		"restricted":      {"Charges no", "Payouts no", "A bank account for payouts Past due", "You cannot sell"},
		"no_payouts":      {"Payouts no", "Charges yes", "If it lasts, its support can tell you. It is for Stripe to act", "until it does"},
		"document_failed": {"A document that proves the company’s identity", "The document could not be read."},
		"incomplete":      {"Details no", "Incomplete", "You may unlink this account"},
		"in_review":       {"What Stripe is checking", "In review"},
		"rejected":        {"Rejected", "for suspected fraud. You can ask Stripe’s support about it, or connect another account."},
		"unsupported":     {"Unsupported", "are not supported here", "You may unlink"},
		"nameless":        {"Connected: acct_", "since it has no name"},
	} {
		t.Run(persona, func(t *testing.T) {
			at := s.connected("seller_"+persona, persona)
			p := s.browser().get(at).want(http.StatusOK).shows(words...)
			if persona == "rejected" {
				p.hides("It is for you to act")
				s.browser().reading("zh", at).shows("您可以就此咨询 Stripe 客服，或关联其他账户。").hides("需要您来处理")
			}
		})
	}
}

func TestDetailsFollowWhereStripeCouldNotBeRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.control("faults", `[{"method":"GET","path":"/v1/accounts/*","status":500}]`)
	at := s.connected("seller_1", "complete")
	s.browser().get(at).want(http.StatusOK).shows("Connected: acct_", "Payouts not known yet Details follow.", "Incomplete")
}

func TestDeniedShowsThePageWithTheWayOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.linkWith(onboarding.LinkParams{SellerID: "seller_1", ReturnURL: "https://shop.example/done"})
	b := s.browser()
	denied := b.grant(at, "deny").want(http.StatusOK).shows("You did not connect")
	if to := denied.button("Connect with Stripe"); to != at+"/authorize" {
		t.Errorf("the button leads to %s", to)
	}
	to, err := url.Parse(denied.link("Back to the platform"))
	if err != nil || to.Host != "shop.example" || to.Query().Get("status") != "denied" {
		t.Errorf("the way back is %s (%v)", to, err)
	}
	b.grant(at, "complete").want(http.StatusSeeOther)
}

func TestSellerUnlinksAndConnectsAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.connected("seller_1", "unsupported"), s.browser()
	first := s.accountOf("seller_1")

	ask := b.get(at).link("Unlink")
	confirm := b.get(ask).want(http.StatusOK).shows("can no longer act for this account").button("Unlink")
	if to := b.post(confirm, nil).want(http.StatusSeeOther).Header.Get("Location"); to != at {
		t.Fatalf("unlinking leads to %s", to)
	}
	b.get(at).want(http.StatusOK).shows("is not connected any more").button("Connect with Stripe")

	b.grant(at, "complete").want(http.StatusSeeOther)
	b.get(at).shows("Connected: ").hides(first)
}

func TestWorkingAccountIsNotUnlinked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.connected("seller_1", "complete"), s.browser()
	b.get(at + "?confirm=unlink").want(http.StatusOK).hides("Keep it")
	refused := b.post(at+"/unlink", nil).want(http.StatusConflict).shows("This account works")
	if to := refused.link("Back to your page"); to != at {
		t.Errorf("the way back is %s", to)
	}
	b.get(at).shows("Connected: ")
}

func TestLinkThatMayNotUnlinkSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.connected("seller_1", "unsupported")
	s.exec("update onboarding_links set may_unlink = false")
	b := s.browser()
	b.get(at + "?confirm=unlink").want(http.StatusOK).shows("this link cannot do it").hides("Keep it")
	b.post(at+"/unlink", nil).want(http.StatusForbidden).shows("This link can't unlink")
}

// TestMailedLinkDoesNotConnect: who was forwarded the mail would be paid in the seller's place.
func TestMailedLinkDoesNotConnect(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	s.exec("update onboarding_links set may_unlink = false")
	p := b.get(at).want(http.StatusOK).shows("This link cannot connect an account. Ask the platform for a link to connect.").hides("What will happen")
	if to := p.link("Back to the platform"); to != "https://shop.example/" {
		t.Errorf("it leads to %s", to)
	}
	refused := b.post(at+"/authorize", nil).want(http.StatusForbidden).shows("This link can't connect an account; ask the platform for a link to connect.")
	if to := refused.link("Back to the platform"); to != "https://shop.example/" || refused.link("Back to your page") != at {
		t.Errorf("it leads to %s", to)
	}
	if n := s.count("select count(*) from oauth_states"); n != 0 {
		t.Errorf("%d states", n)
	}
	b.reading("zh", at).shows("此链接不能用于关联账户。请向平台索取可关联账户的链接。")

	formerly := s.connected("seller_2", "unsupported")
	b.post(formerly+"/unlink", nil).want(http.StatusSeeOther)
	s.exec("update onboarding_links set may_unlink = false")
	b.get(formerly).shows("is not connected any more.", "Ask the platform for a link to connect").hides("You can connect it again")
	b.post(formerly+"/authorize", nil).want(http.StatusForbidden)
	s.exec("update onboarding_links set expires_at = created_at")
	b.post(formerly+"/authorize", nil).want(http.StatusGone).shows("ask the platform that sent you here for a new link")
}

func TestLinksThatDoNotWork(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	expired, revoked := s.link("seller_1"), s.linkWith(onboarding.LinkParams{SellerID: "seller_2", ReturnURL: "https://shop.example/done"})
	returning := s.linkWith(onboarding.LinkParams{SellerID: "seller_1", ReturnURL: "https://shop.example/done?a=1"})
	s.exec("update onboarding_links set expires_at = created_at where seller_id = 'seller_1'")
	s.exec("update onboarding_links set revoked_at = created_at where seller_id = 'seller_2'")
	const platform = "https://shop.example/"
	for name, c := range map[string]struct {
		at     string
		status int
		words  string
		back   string // to the platform
	}{
		"unknown":               {"/connect/nothing", http.StatusNotFound, "There is no such link.", platform},
		"odd":                   {"/connect/%00%ff", http.StatusNotFound, "There is no such link.", platform},
		"expired":               {expired, http.StatusGone, "This link has expired.", platform},
		"expired, with its own": {returning, http.StatusGone, "This link has expired.", platform + "done?a=1&"},
		"revoked":               {revoked, http.StatusGone, "This link was revoked.", platform},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			b.get(c.at).want(c.status).shows("ask the platform that sent you here for a new link")
			for _, p := range []*page{b.get(c.at), b.post(c.at+"/authorize", nil), b.post(c.at+"/unlink", nil)} {
				to := p.want(c.status).shows(c.words).link("Back to the platform")
				if own := strings.HasSuffix(c.back, "&"); !strings.HasPrefix(to, c.back) || !own && to != c.back {
					t.Errorf("the way back is %s, want %s", to, c.back)
				}
			}
		})
	}
}

func TestTokensAreNotLogged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	s.exec("drop table oauth_states")
	b.post(at+"/authorize", nil).want(http.StatusInternalServerError).
		shows("Something went wrong").hides("oauth_states", "SQLSTATE")
	logged := s.logs.String()
	if !strings.Contains(logged, "route=/connect/{token}/authorize") || !strings.Contains(logged, "oauth_states") {
		t.Errorf("the log says nothing of the error: %s", logged)
	}
	if token := strings.TrimPrefix(at, "/connect/"); strings.Contains(logged, token) {
		t.Errorf("the token is in the log: %s", logged)
	}
}
