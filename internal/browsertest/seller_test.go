package browsertest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/connectd/connectd/internal/processtest"
	"github.com/connectd/connectd/internal/walktest"
)

// sellers is a demo whose sellers' pages are looked at on a telephone.
type sellers struct {
	pages
	window window
	axe    string
	demo   *processtest.Process
	tokens []string // of all links that were opened
}

// TestSellersPageOnAPhone is what a seller does, in each language and scheme, with the pages' policy in force.
func TestSellersPageOnAPhone(t *testing.T) {
	axe := readAxe(t)
	needChromium(t)
	demo, walk := startDemo(t, brandEnv(t))
	p := pages{Walk: walk}
	s := &sellers{pages: p, window: p.window(t), axe: axe, demo: demo}

	for _, r := range readers {
		t.Run("as each persona, in "+r.tag, func(t *testing.T) { s.everyPersona(t, r) })
		t.Run("denied, in "+r.tag, func(t *testing.T) { s.denied(t, r) })
		t.Run("a second account, in "+r.tag, func(t *testing.T) { s.second(t, r) })
		t.Run("unlink and connect another, in "+r.tag, func(t *testing.T) { s.another(t, r) })
		t.Run("errors, in "+r.tag, func(t *testing.T) { s.errors(t, r) })
	}
	t.Run("a review ends", s.reviewEnds)
	t.Run("the line hangs", s.lineHangs)
	t.Run("mend", s.mend)
	t.Run("change the language", s.changeLanguage)
	t.Run("without scripts", s.scriptless)
	t.Run("on a slow line", s.slowLine)
	t.Run("the logo comes late", s.logoComesLate)
	t.Run("the link expires", s.expires)
	t.Run("nothing keeps the token", s.tokensAreKept)
}

// open opens a seller's page on a telephone.
func (s *sellers) open(t *testing.T, seller string, r reader, scheme string) phone {
	t.Helper()
	p := s.window.phone(t, r, scheme)
	at := s.sellersPage(t, seller)
	s.tokens = append(s.tokens, tokenOf(at))
	p.open(at)
	p.until(`document.querySelector(".languages") !== null`)
	return p
}

// looked holds what is shown, its colours in both schemes.
func (s *sellers) looked(p phone) {
	p.t.Helper()
	p.scheme("dark")
	p.readable(s.axe)
	p.scheme("light")
	p.accessible(s.axe)
	p.fits()
	if others := p.others(); len(others) > 0 {
		p.t.Errorf("the page asks %q", others)
	}
}

func (s *sellers) everyPersona(t *testing.T, r reader) {
	for i, persona := range slices.Sorted(maps.Keys(walktest.StatusOf)) {
		t.Run(persona, func(t *testing.T) {
			p := s.open(t, "phone-"+r.tag+"-"+persona, r, schemes[i%2])
			p.shows(r.connect, "Kiln & Co", "help@kiln.example")
			p.stays()
			if i == 0 {
				s.looked(p)
			}
			p.grant(persona)
			p.shows(r.connected)
			p.stays()
			if got := p.language(); got != r.tag {
				t.Errorf("the page is in %s", got)
			}
			if n := p.weighs(); n > 50_000 {
				t.Errorf("%d bytes", n)
			}
			if r.tag == readers[0].tag { // elements and colours are the same in each language
				s.looked(p)
			} else {
				p.fits()
			}
		})
	}
}

func (s *sellers) denied(t *testing.T, r reader) {
	p := s.open(t, "denied-"+r.tag, r, "dark")
	p.grant("deny")
	p.shows(r.denied, r.connect)
	s.looked(p)
	p.grant("complete")
	p.shows(r.connected)
}

// second: the page that the browser still shows in another tab offers to connect, where an account is connected by now.
func (s *sellers) second(t *testing.T, r reader) {
	p := s.open(t, "second-"+r.tag, r, "light")
	late := s.window.phone(t, r, "light")
	late.withoutScripts() // else it would have changed by itself
	late.open(p.address())
	p.grant("complete")
	p.shows(r.connected)
	late.press("form[action$='/authorize'] button")
	late.press("button[value='restricted']")
	late.until(`document.body.innerText.includes(` + quoted(r.another) + `)`)
	late.press("main .quiet")
	late.shows(r.connected)
}

func (s *sellers) another(t *testing.T, r reader) {
	p := s.open(t, "another-"+r.tag, r, "dark")
	p.grant("unsupported")
	p.shows(r.connected)
	before := p.text("h1")
	p.press("a[href*='confirm=unlink']")
	p.until(`document.querySelector(".danger") !== null`)
	if words := p.text(".danger"); words != r.unlink {
		t.Errorf("what confirms it says %q", words)
	}
	s.looked(p)
	p.press(".danger")
	p.shows(r.connect)
	s.looked(p)
	p.grant("nameless")
	p.shows(r.connected)
	if p.text("h1") == before {
		t.Error("the former account is connected")
	}
}

func (s *sellers) errors(t *testing.T, r reader) {
	p := s.window.phone(t, r, "light")
	for _, at := range []string{"/connect/nothing", "/oauth/callback?state=forged&code=x", "/oauth/mended"} {
		p.open(at)
		p.shows("Kiln & Co", "help@kiln.example")
		if got := p.language(); got != r.tag {
			t.Errorf("%s is in %s", at, got)
		}
		p.stays()
		s.looked(p)
	}
}

// reviewEnds: the page changes by itself, and is not loaded anew.
func (s *sellers) reviewEnds(t *testing.T) {
	p := s.open(t, "reviewed", readers[0], "light")
	p.grant("in_review")
	p.shows("Stripe is reviewing your account", "this page changes by itself")
	p.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	s.confirmed(t, p)
	s.patch(t, "reviewed", "", `{"charges_enabled":true,"payouts_enabled":true,"capabilities":{"card_payments":"active","transfers":"active"},
		"requirements":{"pending_verification":[],"disabled_reason":null}}`)
	p.shows("All is well")
	p.until(`window.stays === true && document.querySelector("#changed").textContent === "This page has just changed."`)
	s.looked(p)
}

// confirmed: Stripe says the same as before, and the page asks from there on, and tells its reader nothing.
func (s *sellers) confirmed(t *testing.T, p phone) {
	shown := look[string](p.tab, `document.querySelector("main").dataset.live`)
	s.API(t, http.MethodPost, "/v1/accounts/"+*s.Readiness(t, "reviewed").AccountID+"/recheck", "", http.StatusOK, nil)
	p.until(`document.querySelector("main").dataset.live !== ` + quoted(shown))
	if said := look[string](p.tab, `document.querySelector("#changed").textContent`); said != "" {
		t.Errorf("a check that only confirms says %q", said)
	}
}

// lineHangs: the page waits for its answer before it asks again, and not for ever.
func (s *sellers) lineHangs(t *testing.T) {
	p := s.open(t, "hanging", readers[0], "light")
	const look3times = `for (let i = 0; i < 3; i++) document.dispatchEvent(new Event("visibilitychange"))`
	p.until(`window.fetch = (_, how) => { window.asks = (window.asks ?? 0) + 1; window.ends = how.signal;
		return new Promise((_, reject) => { window.hangUp = reject; }); }, true`)
	p.until(look3times + `; window.asks > 0`)
	if asks := look[int](p.tab, look3times+`; window.asks`); asks != 1 {
		t.Errorf("it asks %d times while the line hangs", asks)
	}
	if !look[bool](p.tab, `window.ends instanceof AbortSignal`) {
		t.Error("it waits for ever")
	}
	p.do(chromedp.Evaluate[chromedp.Void](`window.hangUp(new Error("the line is down"))`))
	p.until(look3times + `; window.asks > 1`)
}

// mend: the button leads to where the account is, and the page says so once it is mended there.
func (s *sellers) mend(t *testing.T) {
	p := s.open(t, "mending", readers[0], "dark")
	p.grant("document_failed")
	p.shows("A document that proves the company’s identity", "Past due", "The document could not be read.")
	to := look[string](p.tab, `document.querySelector("#mend").href`)
	if want := s.SandboxURL + "/?q=" + *s.Readiness(t, "mending").AccountID; to != want {
		t.Errorf("the button leads to %s, want %s", to, want)
	}
	s.patch(t, "mending", "", `{"charges_enabled":true,"payouts_enabled":true,"capabilities":{"card_payments":"active","transfers":"active"},
		"requirements":{"currently_due":[],"past_due":[],"eventually_due":[],"errors":[],"disabled_reason":null,"current_deadline":null}}`)
	p.shows("All is well")
	p.until(`document.querySelector("#mend") === null`)
}

func (s *sellers) changeLanguage(t *testing.T) {
	p := s.open(t, "changing", readers[0], "light")
	p.press(".languages a")
	p.until(`document.documentElement.lang === "zh-Hans"`)
	p.draws("关", "联")
	p.grant("restricted_soon")
	p.shows("已关联：", "截止日期：")
	p.press(".languages a")
	p.until(`document.documentElement.lang === "en"`)
	p.shows("Connected: ")
	p.do(chromedp.Evaluate[chromedp.Void](`cookieStore?.delete("connectd_language")`)) // the window's other tabs have not chosen
}

func (s *sellers) scriptless(t *testing.T) {
	window := s.pages.window(t)
	p := window.phone(t, readers[0], "light")
	p.withoutScripts()
	p.open(s.sellersPage(t, "scriptless"))
	p.press(".languages a")
	p.shows("关联您的 Stripe 账户")
	p.press(".languages a")
	p.shows("Connect your Stripe account")
	p.press("form[action$='/authorize'] button")
	p.press("button[value='in_review']")
	p.shows("Connected: ", "Stripe is reviewing your account", "Look again")
	p.press("noscript .button")
	p.shows("Stripe is reviewing your account")
	p.press("a[href*='confirm=unlink']")
	p.press(".danger")
	p.shows("Connect your Stripe account")
}

func (s *sellers) slowLine(t *testing.T) {
	window := s.pages.window(t) // with nothing kept from before
	p := window.phone(t, readers[1], "dark")
	p.onSlowLine()
	p.open(s.sellersPage(t, "slow"))
	p.shows("关联您的 Stripe 账户")
	p.stays()
	p.grant("restricted")
	p.shows("已关联：")
	p.stays()
	if n := p.weighs(); n > 50_000 {
		t.Errorf("%d bytes", n)
	}
}

// logoComesLate: a logo of another origin, whose size nobody knows before, takes the room that it was given.
func (s *sellers) logoComesLate(t *testing.T) {
	p := s.open(t, "logo", readers[0], "light")
	width := look[[]float64](p.tab, `new Promise((done) => {
		const logo = document.querySelector(".brand img");
		const late = logo.cloneNode();
		late.className = "elsewhere";
		late.width = 144;
		late.src = logo.src + "?late";
		const wide = () => late.getBoundingClientRect().width;
		logo.replaceWith(late);
		const before = wide();
		late.onload = () => done([before, wide()]);
	})`)
	if width[0] != 144 || width[1] != 144 {
		t.Errorf("before and once it is there it is %v wide", width)
	}
}

// expires: a page that is open says so by itself.
func (s *sellers) expires(t *testing.T) {
	p := s.open(t, "expiring", readers[0], "light")
	p.shows("Connect your Stripe account")
	s.SQL(t, "update onboarding_links set expires_at = created_at where seller_id = 'expiring'")
	p.shows("This link has expired.", "ask the platform that sent you here for a new link")
	s.looked(p)
}

// tokensAreKept reads what connectd has logged of all that.
func (s *sellers) tokensAreKept(t *testing.T) {
	logged := s.demo.Log.String()
	if len(s.tokens) < 26 || logged == "" {
		t.Fatalf("%d links were opened, and %d bytes logged", len(s.tokens), len(logged))
	}
	for _, token := range s.tokens {
		if strings.Contains(logged, token) {
			t.Fatalf("the log has the token of a link:\n%s", logged)
		}
	}
}
