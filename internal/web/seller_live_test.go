package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

// liveOf is what the page asks whether there is something else to show.
func (p *page) liveOf() string {
	p.t.Helper()
	at := attr(p.all(atom.Main)[0], "data-live")
	if at == "" {
		p.t.Fatalf("%s asks nothing", p.Request.URL.Path)
	}
	return at
}

func TestSellersPageAsksForWhatChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	fresh := b.get(at).liveOf()
	if p := b.get(fresh).want(http.StatusNoContent); p.body != "" || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v\n%s", p.Header, p.body)
	}
	b.grant(at, "in_review")
	if to := b.get(fresh).link("简体中文"); strings.Contains(to, "shown=") {
		t.Errorf("the choice of a language asks only for what has changed: %s", to) // and could be answered by an empty page
	}
	reviewed := b.get(fresh).want(http.StatusOK).shows("Stripe is reviewing your account", "What Stripe is checking").liveOf()
	b.get(reviewed).want(http.StatusNoContent)
	s.control("accounts/"+s.accountOf("seller_1")+"?silent=1", `{"charges_enabled":true,"payouts_enabled":true,
		"capabilities":{"card_payments":"active","transfers":"active"},"requirements":{"pending_verification":[],"disabled_reason":null}}`)
	b.get(b.wayBackOf(at, s.accountOf("seller_1"))) // read anew
	b.get(reviewed).want(http.StatusOK).shows("All is well")
}

// TestAskingAgainIsNoNewUseOfTheLink: a page that is left open would use it for ever.
func TestAskingAgainIsNoNewUseOfTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.link("seller_1"), s.browser()
	shown := b.get(at).liveOf()
	s.exec("update onboarding_links set last_used_at = created_at")
	b.get(shown).want(http.StatusNoContent)
	if n := s.count("select count(*) from onboarding_links where last_used_at = created_at"); n != 1 {
		t.Error("asking again counts as a use")
	}
	s.exec("update onboarding_links set expires_at = created_at")
	b.get(shown).want(http.StatusGone).shows("This link has expired.")
}

func (s *site) count(sql string) (n int) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), sql).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// typed connects a seller with an account of the type, as an import does.
func (s *site) typed(seller, kind, persona string) string {
	s.t.Helper()
	acct := "acct_1" + strings.TrimPrefix(seller, "seller_")
	s.control("accounts", `{"id":"`+acct+`","persona":"`+persona+`","connected":false,"type":"`+kind+`"}`)
	at, b := s.link(seller), s.browser()
	b.get(b.wayBackOf(at, acct)).want(http.StatusSeeOther)
	return at
}

// TestFirstSentenceCountsWhatItSpeaksOf: what becomes due years later is in the list alone.
func TestFirstSentenceCountsWhatItSpeaksOf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.connected("seller_1", "complete"), s.browser()
	const later = `"future_requirements":{"currently_due":["company.tax_id"],"current_deadline":1990000000}`
	s.become("seller_1", `{"requirements":{"currently_due":["external_account"],"current_deadline":1900000000},`+later+`}`)
	b.get(at).shows("Stripe needs one thing from you by 17 March 2030", "Tax number of the company By 22 January 2033")
	b.reading("zh", at).shows("Stripe 需要您在2030年3月17日前提供 1 项资料")
	s.become("seller_1", `{"charges_enabled":false,"requirements":{"disabled_reason":"requirements.past_due","past_due":["external_account"],
		"currently_due":["external_account"],"current_deadline":1700000000},`+later+`}`)
	b.get(at).shows("Stripe needs one thing from you first", "Tax number of the company By 22 January 2033")
	b.reading("zh", at).shows("Stripe 需要您先提供 1 项资料")
}

// become has the seller's account be another at Stripe, and connectd read it.
func (s *site) become(seller, change string) {
	s.t.Helper()
	s.control("accounts/"+s.accountOf(seller)+"?silent=1", change)
	if err := s.checker.Check(s.t.Context(), s.accountOf(seller), registry.Recheck); err != nil {
		s.t.Fatal(err)
	}
}

func TestWhereAnAccountIsMended(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	t.Run("standard", func(t *testing.T) {
		at := s.connected("seller_standard", "restricted")
		to := s.browser().get(at).link("Open your Stripe Dashboard")
		if want := "https://dashboard.stripe.com/" + s.accountOf("seller_standard") + "/test/account/status"; to != want {
			t.Errorf("it leads to %s, want %s", to, want)
		}
	})
	t.Run("express", func(t *testing.T) {
		at, b := s.typed("seller_express", "express", "restricted"), s.browser()
		form := b.post(b.get(at).button("Go on at Stripe"), nil).want(http.StatusSeeOther).Header.Get("Location")
		if !strings.HasPrefix(form, s.sandbox.URL()+"/setup/") || strings.Contains(form, at) {
			t.Fatalf("it leads to %s", form)
		}
		b.get(form).want(http.StatusOK)
		back := b.post(form, url.Values{"persona": {"complete"}}).want(http.StatusSeeOther).Header.Get("Location")
		if strings.Contains(back, strings.TrimPrefix(at, "/connect/")) {
			t.Errorf("Stripe is told the token: %s", back)
		}
		if to := b.get(back).want(http.StatusSeeOther).Header.Get("Location"); to != at {
			t.Fatalf("the way back leads to %s", to)
		}
		b.get(at).shows("All is well").hides("Go on at Stripe")
		b.get(back).want(http.StatusNotFound).shows("no longer knows") // the cookie is gone
		s.browser().get(back).want(http.StatusNotFound).shows("open the link that you were given")
	})
	t.Run("in two shops at once", func(t *testing.T) {
		one, two, b := s.typed("seller_one", "express", "restricted"), s.typed("seller_two", "custom", "restricted"), s.browser()
		form := b.post(b.get(one).button("Go on at Stripe"), nil).want(http.StatusSeeOther).Header.Get("Location")
		other := b.post(b.get(two).button("Go on at Stripe"), nil).want(http.StatusSeeOther).Header.Get("Location")
		for _, c := range []struct{ form, page string }{{form, one}, {other, two}} {
			back := b.post(c.form, url.Values{"persona": {"complete"}}).want(http.StatusSeeOther).Header.Get("Location")
			if to := b.get(back).want(http.StatusSeeOther).Header.Get("Location"); to != c.page {
				t.Errorf("the way back leads to %s, want %s", to, c.page)
			}
			b.get(c.page).shows("All is well")
		}
	})
	t.Run("the account is gone", func(t *testing.T) {
		at, b := s.typed("seller_gone", "express", "restricted"), s.browser()
		s.control("accounts/"+s.accountOf("seller_gone")+"/deauthorize?silent=1", "")
		b.post(at+"/mend", nil).want(http.StatusConflict).shows("Stripe opens no form", "ask the platform")
		b.get(at).shows("is not connected any more")
	})
	t.Run("nothing is due", func(t *testing.T) {
		for seller, persona := range map[string]string{"seller_well": "complete", "seller_reviewed": "in_review", "seller_away": "unsupported"} {
			s.browser().get(s.connected(seller, persona)).hides("Open your Stripe Dashboard", "You give it at Stripe")
		}
	})
	t.Run("a form of which Stripe names nothing yet", func(t *testing.T) {
		at := s.typed("seller_unnamed", "express", "incomplete")
		s.become("seller_unnamed", `{"requirements":{"currently_due":[],"past_due":[],"eventually_due":[],"disabled_reason":"fields_needed"}}`)
		form := s.browser().get(at).shows("Stripe still waits for your details").button("Go on at Stripe")
		s.browser().post(form, nil).want(http.StatusSeeOther)
	})
	t.Run("Stripe does not say what", func(t *testing.T) {
		s.browser().get(s.connected("seller_off", "no_payouts")).hides("You give it at Stripe").link("Open your Stripe Dashboard")
	})
	t.Run("Stripe refuses", func(t *testing.T) {
		at, b := s.typed("seller_custom", "custom", "restricted"), s.browser()
		s.control("faults", `[{"path":"/v1/account_links","status":400,"times":1}]`)
		p := b.post(at+"/mend", nil).want(http.StatusConflict).shows("Stripe opens no form", "ask the platform")
		s.control("faults", `[{"path":"/v1/account_links","drop":true}]`)
		b.post(at+"/mend", nil).want(http.StatusBadGateway).shows("Stripe gave no answer")
		s.control("faults", `[]`)
		b.get(p.link("Back to your page")).button("Go on at Stripe")
	})
	t.Run("the key may not", func(t *testing.T) {
		at, b := s.link("seller_custom"), s.browser()
		s.control("faults", `[{"path":"/v1/account_links","status":403,"code":"more_permissions_required","times":1}]`)
		b.post(at+"/mend", nil).want(http.StatusBadGateway).shows("not set up to open Stripe's form", "tell the platform")
	})
	t.Run("nothing is connected", func(t *testing.T) {
		s.browser().post(s.link("seller_new")+"/mend", nil).want(http.StatusConflict).shows("No account is connected")
	})
}

// TestMailedLinkMends: it looks and mends, and does not unlink.
func TestMailedLinkMends(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at, b := s.typed("seller_1", "express", "restricted"), s.browser()
	s.exec("update onboarding_links set may_unlink = false")
	b.get(at).shows("You may unlink this account, but this link cannot do it").hides("Keep it")
	b.post(b.get(at).button("Go on at Stripe"), nil).want(http.StatusSeeOther)
	b.post(at+"/unlink", nil).want(http.StatusForbidden).shows("This link can't unlink")
}

func TestThePlatformsOwnPage(t *testing.T) {
	t.Parallel()
	yellow := brand.Colour{R: 0xff, G: 0xe6}
	support, err := brand.ParseSupport("help@shop.example")
	if err != nil {
		t.Fatal(err)
	}
	s := brandedSite(t, brand.Brand{
		Name: "Kiln & Co", Colour: &yellow, Support: support,
		Logo: brand.Logo{Content: []byte("<svg/>"), Type: "image/svg+xml", Width: 300, Height: 100},
	})
	at, b := s.linkWith(onboarding.LinkParams{SellerID: "seller_1", ReturnURL: "https://shop.example/done"}), s.browser()
	p := b.get(at).shows("With your account, Kiln & Co can take payments for you", "Back to Kiln & Co", "Questions? Kiln & Co helps:")
	if to := p.link("help@shop.example"); to != "mailto:help@shop.example" {
		t.Errorf("support is at %s", to)
	}
	image := p.all(atom.Img)[0]
	if attr(image, "width") != "108" || attr(image, "height") != "36" {
		t.Errorf("the logo has room for %s × %s", attr(image, "width"), attr(image, "height"))
	}
	if logo := b.get(attr(image, "src")).want(http.StatusOK); logo.body != "<svg/>" || logo.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the logo is %s: %s", logo.Header.Get("Content-Type"), logo.body)
	}
	for _, link := range p.all(atom.Link) {
		if attr(link, "rel") == "stylesheet" && !strings.Contains(b.get(attr(link, "href")).body, "--fill:#ffe600;--on-fill:#000000") {
			t.Error("the style sheet does not have the colour")
		}
	}
	b.get("/connect/nothing").want(http.StatusNotFound).shows("Kiln & Co", "help@shop.example").link("Back to Kiln & Co")
	b.reading("zh", at).shows("关联账户后 Kiln & Co 即可为您收款", "请联系 Kiln & Co：", "开立新账户。您的密码")
	due := s.connected("seller_2", "nameless")
	b.reading("zh", due+"?confirm=unlink").shows("之后 Kiln & Co 将无法操作")
	b.reading("zh", s.connected("seller_3", "complete")).shows("请向 Kiln & Co 提出。")
}

// TestLogoOfAnotherOrigin is all that the page asks anyone else for.
func TestLogoOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := brandedSite(t, brand.Brand{Logo: brand.Logo{URL: "https://cdn.shop.example/logo.png"}})
	at, b := s.link("seller_1"), s.browser()
	p := b.get(at)
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "; img-src 'self' https://cdn.shop.example; ") || strings.Count(csp, "cdn") != 1 {
		t.Errorf("the page may ask for %s", csp)
	}
	if csp := b.get("/").Header.Get("Content-Security-Policy"); strings.Contains(csp, "cdn") {
		t.Errorf("others may too: %s", csp)
	}
	if logo := p.all(atom.Img)[0]; attr(logo, "class") != "elsewhere" || attr(logo, "width") != "144" {
		t.Error("the page does not know how much room the logo needs, and keeps none")
	}
	if alt := attr(p.all(atom.Img)[0], "alt"); alt != "the platform" {
		t.Errorf("without images one reads %q", alt)
	}
}

// TestSellersPageIsLight: all of it, with the largest logo, is under 50 KB as it is sent, headers included.
func TestSellersPageIsLight(t *testing.T) {
	t.Parallel()
	s := brandedSite(t, brand.Brand{
		Name:    strings.Repeat("Kiln ", 12),
		Logo:    brand.Logo{Content: make([]byte, 24<<10), Type: "image/png", Width: 300, Height: 100},
		Support: brand.Support{Words: "help@shop.example", URL: "mailto:help@shop.example"},
	})
	for persona, languages := range map[string]string{"incomplete": "zh", "document_failed": "en"} {
		at, b := s.connected("seller_"+persona, persona), s.browser()
		p := b.reading(languages, at)
		total := weight(p)
		for _, file := range p.files() {
			total += weight(b.get(file).want(http.StatusOK))
		}
		if total > 50_000 || total < 24<<10 {
			t.Errorf("%s: %d bytes", persona, total)
		}
		t.Logf("%s: %d bytes, the logo's 24,576 among them", persona, total)
	}
}

// files are what the browser asks for beside the page, each once.
func (p *page) files() []string {
	seen := map[string]bool{}
	for _, n := range append(append(p.all(atom.Link), p.all(atom.Script)...), p.all(atom.Img)...) {
		if at := attr(n, "href") + attr(n, "src"); at != "" {
			seen[at] = true
		}
	}
	var files []string
	for at := range seen {
		files = append(files, at)
	}
	return files
}

func weight(p *page) int {
	var head strings.Builder
	_ = p.Header.Write(&head) // a builder takes all
	return len(p.body) + head.Len() + len("HTTP/1.1 200 OK\r\n\r\n")
}
