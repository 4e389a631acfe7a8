package browsertest

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write a picture of each page to this folder, an absolute path")

// schemes are the users' preferences that the pages follow.
var schemes = []string{"light", "dark"}

// looked is one page as someone sees it: what is opened, and what is done there.
type looked struct {
	name     string
	stranger bool // without the admin's session
	narrow   bool // on a telephone
	open     func(*testing.T, pages, tab)
}

func at(path string) func(*testing.T, pages, tab) {
	return func(_ *testing.T, _ pages, b tab) { b.open(path) }
}

func accountOf(seller, query string) func(*testing.T, pages, tab) {
	return func(t *testing.T, p pages, b tab) { b.open(p.accountURL(t, seller) + query) }
}

// everyPage is all there are, in the states that differ.
var everyPage = []looked{
	{name: "overview", open: at("/admin")},
	{name: "accounts", open: at("/admin/accounts")},
	{name: "accounts-due", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/accounts?sort=-status&columns=seller_id,id,display_name,status,requirements,at_risk_at,checked_at,next_check_at")
		b.press("summary")
	}},
	{name: "accounts-narrow", narrow: true, open: at("/admin/accounts")},
	{name: "account-narrow", narrow: true, open: accountOf("document_failed", "")},
	{name: "accounts-none", open: at("/admin/accounts?q=nobody&country=IE")},
	{name: "accounts-page", open: at("/admin/accounts?limit=5&sort=seller_id")},
	{name: "account-document", open: accountOf("document_failed", "")},
	{name: "account-working", open: accountOf("complete", "")},
	{name: "account-soon", open: accountOf("restricted_soon", "")},
	{name: "account-incomplete", open: accountOf("incomplete", "")},
	{name: "account-unlink", open: accountOf("complete", "?confirm=unlink")},
	{name: "account-reassign", open: accountOf("complete", "?confirm=reassign")},
	{name: "account-link", open: func(t *testing.T, p pages, b tab) {
		b.open(p.accountURL(t, "restricted"))
		b.press("#link")
		b.until(`document.querySelector("#new-link") !== null`)
	}},
	{name: "account-note", open: func(t *testing.T, p pages, b tab) {
		b.open(p.accountURL(t, "restricted"))
		b.press("#notes summary")
		b.fill("#note", "Called on Monday: sends the document this week.")
		b.press("#notes .stack button")
		b.until(`document.querySelector("#notes .note") !== null && document.querySelector("#note").value === ""`) // the next page
		b.press("#notes summary")
	}},
	{name: "account-unknown", open: at("/admin/accounts/acct_nothing")},
	{name: "scans", open: at("/admin/scans")},
	{name: "scans-narrow", narrow: true, open: at("/admin/scans")},
	{name: "scan", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/scans")
		b.press("#passes tbody a")
		b.shows("The report")
	}},
	{name: "scan-new", open: at("/admin/scans/new")},
	{name: "events", open: failedEvent("")},
	{name: "events-narrow", narrow: true, open: at("/admin/events")},
	{name: "events-failed", open: at("/admin/events?outcome=failed")},
	{name: "events-replay", open: at("/admin/events/replay")},
	{name: "event", open: failedEvent("#rows a")},
	{name: "event-narrow", narrow: true, open: failedEvent("#rows a")},
	{name: "endpoints-none", open: at("/admin/endpoints")},
	{name: "endpoints-new", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/endpoints")
		b.press("#new")
		b.fill("#url", "https://10.0.0.1/connectd")
		b.press("#acting button")
		b.shows("The URL points inside")
	}},
	{name: "endpoint", open: func(t *testing.T, p pages, b tab) { b.open(p.endpointURL(t)) }},
	{name: "endpoint-secret", narrow: true, open: func(t *testing.T, p pages, b tab) {
		b.open(p.endpointURL(t) + "?confirm=rotate")
		b.press("#acting button")
		b.shows("It is not shown again")
	}},
	{name: "endpoint-delete", open: func(t *testing.T, p pages, b tab) { b.open(p.endpointURL(t) + "?confirm=delete") }},
	{name: "delivery", open: func(t *testing.T, p pages, b tab) {
		b.open(p.endpointURL(t))
		b.press("#test")
		b.shows("It is tried again by itself.")
	}},
	{name: "deliveries", open: at("/admin/deliveries")},
	{name: "deliveries-narrow", narrow: true, open: at("/admin/deliveries")},
	{name: "endpoints", open: at("/admin/endpoints")},
	{name: "endpoints-narrow", narrow: true, open: at("/admin/endpoints")},
	{name: "deliveries-none", open: at("/admin/deliveries?type=checkout.paid&state=failed")},
	{name: "delivery-narrow", narrow: true, open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/deliveries")
		b.press("#state tbody a")
		b.shows("Attempts")
	}},
	{name: "mail", open: at("/admin/mail")},
	{name: "mail-narrow", narrow: true, open: at("/admin/mail")},
	{name: "mail-seller", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/mail")
		b.press("#seller-0")
		b.shows("Has an e-mail address.")
	}},
	{name: "keys", open: at("/admin/keys")},
	{name: "keys-make", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/keys")
		b.press("#make")
		b.until(`document.querySelector("#name").checkVisibility()`)
	}},
	{name: "keys-made", open: func(_ *testing.T, _ pages, b tab) { b.makeKey("shop", "readiness:read") }},
	{name: "keys-revoke", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/keys")
		b.press("a[id^=revoke-key]")
		b.shows("It opens nothing within a second")
	}},
	{name: "keys-narrow", narrow: true, open: at("/admin/keys")},
	{name: "links", open: linksAt("/admin/links")},
	{name: "links-all", open: linksAt("/admin/links?which=all&seller_id=complete")},
	{name: "links-revoke", open: func(t *testing.T, p pages, b tab) {
		linksAt("/admin/links")(t, p, b)
		b.press("a[id^=revoke-link]")
		b.shows("An account that is connected stays so")
	}},
	{name: "links-none", open: at("/admin/links?seller_id=nobody")},
	{name: "links-narrow", narrow: true, open: linksAt("/admin/links")},
	{name: "policy", open: at("/admin/policy")},
	{name: "policy-plan", open: at("/admin/policy?plan=yes&countries=IE&required_capabilities=card_payments,tax_reporting&require_payouts=true")},
	{name: "policy-wrong", open: at("/admin/policy?plan=yes&countries=UK&currencies=zzz")},
	{name: "policy-narrow", narrow: true, open: at("/admin/policy?plan=yes&countries=IE")},
	{name: "status", open: at("/statusz")},
	{name: "status-narrow", narrow: true, open: at("/statusz")},
	{name: "settings", open: at("/admin/settings")},
	{name: "settings-narrow", narrow: true, open: at("/admin/settings")},
	{name: "help", open: at("/admin/help")},
	{name: "help-narrow", narrow: true, open: at("/admin/help")},
	{name: "shortcuts", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/accounts")
		b.key("?")
		b.until(`document.querySelector("#keys-dialog").open`)
	}},
	{name: "words", open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/accounts")
		b.press(".meanings summary")
	}},
	{name: "welcome", stranger: true, open: at("/")},
	{name: "docs", stranger: true, open: at("/docs")},
	{name: "not-found", stranger: true, open: at("/nothing")},
	{name: "sign-in", stranger: true, open: at("/admin/accounts")},
	{name: "sign-in-wrong", stranger: true, open: func(_ *testing.T, _ pages, b tab) {
		b.open("/admin/accounts")
		b.fill("input[name=password]", "wrong\r")
		b.shows("This is not the password.")
	}},
	{name: "preview", stranger: true, open: at("/preview")},
	{name: "connect", stranger: true, narrow: true, open: func(_ *testing.T, p pages, b tab) { b.open(p.OnboardingURL + "?lang=en") }},
	{name: "connect-zh", stranger: true, narrow: true, open: func(_ *testing.T, p pages, b tab) { b.open(p.OnboardingURL + "?lang=zh-Hans") }},
	{name: "connect-wide", stranger: true, open: sellersAt("document_failed", "?lang=en")},
	{name: "connect-document", stranger: true, narrow: true, open: sellersAt("document_failed", "?lang=en")},
	{name: "connect-document-zh", stranger: true, narrow: true, open: sellersAt("document_failed", "?lang=zh-Hans")},
	{name: "connect-soon-zh", stranger: true, narrow: true, open: sellersAt("restricted_soon", "?lang=zh-Hans")},
	{name: "connect-working", stranger: true, narrow: true, open: sellersAt("complete", "?lang=en")},
	{name: "connect-review", stranger: true, narrow: true, open: sellersAt("in_review", "?lang=en")},
	{name: "connect-incomplete", stranger: true, narrow: true, open: sellersAt("incomplete", "?lang=en")},
	{name: "connect-rejected", stranger: true, narrow: true, open: sellersAt("rejected", "?lang=en")},
	{name: "connect-unlink", stranger: true, narrow: true, open: sellersAt("nameless", "?confirm=unlink&lang=en")},
	{name: "overview-year", open: overviewOfAYear("?days=365")},
	{name: "overview-quarter", open: overviewOfAYear("?days=90")},
	{name: "overview-narrow", narrow: true, open: overviewOfAYear("")},
	{name: "connect-unknown-zh", stranger: true, narrow: true, open: at("/connect/nothing?lang=zh-Hans")},
}

// sellersAt opens a new link of the seller's.
func sellersAt(seller, query string) func(*testing.T, pages, tab) {
	return func(t *testing.T, p pages, b tab) { b.open(p.sellersPage(t, seller) + query) }
}

// linksAt opens a page of links, of which somebody has one.
func linksAt(path string) func(*testing.T, pages, tab) {
	return func(t *testing.T, p pages, b tab) {
		p.sellersPage(t, "complete")
		b.open(path)
	}
}

func (p pages) sellersPage(t *testing.T, seller string) string {
	t.Helper()
	var link struct {
		URL string `json:"url"`
	}
	p.API(t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"`+seller+`"}`, http.StatusCreated, &link)
	return link.URL
}

// TestEveryPage holds every page against axe-core, in both colour schemes, with the pages' policy in force, and takes pictures
// where these were asked for.
func TestEveryPage(t *testing.T) {
	axe := readAxe(t)
	p := startPages(t, brandEnv(t))
	stranger := p.window(t)
	for _, page := range everyPage {
		t.Run(page.name, func(t *testing.T) {
			b := p.tab(t)
			if page.stranger {
				b = stranger.tabOf(t)
			}
			if page.narrow {
				b.do(chromedp.EmulateViewport(390, 844))
			}
			page.open(t, p, b)
			b.looked(axe, page.name)
		})
	}
}

// looked holds what is shown, its colours in both schemes, and takes its pictures.
func (b tab) looked(axe, name string) {
	b.t.Helper()
	b.scheme("dark")
	b.picture(name + "-dark")
	b.readable(axe)
	b.scheme("light")
	b.picture(name + "-light")
	b.accessible(axe)
}

// tabOf is a tab for a part of the test.
func (w window) tabOf(t *testing.T) tab {
	t.Helper()
	w.t = t
	return w.tab()
}

// readAxe reads axe-core, which AXE_CORE names.
func readAxe(t *testing.T) string {
	t.Helper()
	path := os.Getenv("AXE_CORE")
	switch {
	case path == "" && *screenshots != "":
		return ""
	case path == "":
		t.Skip("NO PAGE WAS HELD AGAINST AXE: AXE_CORE names no axe.min.js (npm install axe-core)")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// accessible holds the page against the rules of WCAG 2.2, A and AA, and against what axe-core calls best practice.
func (b tab) accessible(axe string) {
	b.t.Helper()
	if axe == "" {
		return
	}
	b.heldAgainst(axe, `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`, 10)
}

// readable holds the page's colours alone against WCAG: all else is the same in each scheme.
func (b tab) readable(axe string) {
	b.t.Helper()
	if axe == "" {
		return
	}
	b.heldAgainst(axe, `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`, 1)
}

func (b tab) heldAgainst(axe, rules string, kept int) {
	b.t.Helper()
	if look[bool](b, `window.axe === undefined`) {
		b.do(chromedp.Evaluate[chromedp.Void](axe))
	}
	found := look[struct {
		Kept   int
		Broken []string
	}](b, `axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"]}).then((r) => ({
		Kept: r.passes.length,
		Broken: r.violations.flatMap((v) => v.nodes.map((n) => v.impact + " " + v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)),
	}))`)
	if len(found.Broken) > 0 || found.Kept < kept {
		b.t.Errorf("%d rules are kept, and not:\n%s", found.Kept, strings.Join(found.Broken, "\n"))
	}
}

// picture writes what the page looks like, where pictures were asked for.
func (b tab) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), image, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
