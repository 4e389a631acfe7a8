package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// phone is a seller's telephone.
type phone struct{ tab }

// reader is a language as a browser asks for it, and words by which its pages are known.
type reader struct {
	tag, accepts                                      string
	connect, connected, unlink, denied, another, back string
}

var readers = []reader{
	{
		tag: "en", accepts: "en-IE,en;q=0.9", connect: "Connect with Stripe", connected: "Connected: ", unlink: "Unlink",
		denied: "You did not connect an account", another: "is connected already", back: "Back to your page",
	},
	{
		tag: "zh-Hans", accepts: "zh-CN,zh;q=0.9,en;q=0.8", connect: "关联 Stripe", connected: "已关联：", unlink: "解除关联",
		denied: "您没有在 Stripe 关联账户", another: "已经关联，并将保持关联", back: "返回您的页面",
	},
}

// brandEnv is a platform that has said what it looks like, in a colour that is hard to read on.
func brandEnv(t *testing.T) []string {
	t.Helper()
	logo := filepath.Join(t.TempDir(), "logo.svg")
	const drawn = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#e8a200" d="M4 28V14L16 4l12 10v14h-8v-8h-8v8z"/></svg>`
	if err := os.WriteFile(logo, []byte(drawn), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"CONNECTD_PLATFORM_NAME=Kiln & Co", "CONNECTD_PLATFORM_LOGO=" + logo, "CONNECTD_PLATFORM_COLOUR=#e8a200",
		"CONNECTD_PLATFORM_SUPPORT=help@kiln.example",
	}
}

// phone opens a tab of a telephone whose user reads the language, in a scheme.
func (w window) phone(t *testing.T, r reader, scheme string) phone {
	t.Helper()
	p := phone{w.tabOf(t)}
	p.wide(390)
	p.scheme(scheme)
	call(p.tab, network.Enable, network.EnableParams{})
	call(p.tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": r.accepts}})
	return p
}

func call[P, R any](b tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

func (p phone) wide(pixels int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(pixels, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

func (p phone) withoutScripts() {
	p.t.Helper()
	call(p.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// onSlowLine gives the telephone a line as at the edge of a cell: 50 KB/s, and 400 ms there and back.
func (p phone) onSlowLine() {
	p.t.Helper()
	call(p.tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 20_000}},
	})
}

// grant presses the button of the seller's page, and says at Stripe whom to be.
func (p phone) grant(persona string) {
	p.t.Helper()
	p.press("form[action$='/authorize'] button")
	p.until(`document.readyState === "complete" && document.querySelector("button[name=persona]") !== null`)
	if from := look[string](p.tab, `document.referrer`); from != "" {
		p.t.Errorf("Stripe is told where its visitor comes from: %s", from)
	}
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("button[value='` + persona + `']").click()`))
	p.until(`document.querySelector(".languages") !== null`)
}

// fits holds the page as it is shown: nothing to scroll sideways, what is pressed is large enough for a thumb (44 pixels), the
// focus will be seen, and nothing has moved since it was loaded.
func (p phone) fits() {
	p.t.Helper()
	for _, pixels := range []int64{320, 390, 1280} {
		p.wide(pixels)
		found := look[struct {
			Wide  int
			Small []string
		}](p.tab, `({
			Wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
			Small: [...document.querySelectorAll("a, button, summary, input")]
				.map((e) => [e, e.getBoundingClientRect()])
				.filter(([, r]) => r.height > 0 && (r.height < 44 || r.width < 44))
				.map(([e, r]) => e.outerHTML.slice(0, 90) + " " + r.width + " × " + r.height),
		})`)
		if found.Wide > 0 || len(found.Small) > 0 {
			p.t.Errorf("%d pixels wide: %d too wide, and too small are %q", pixels, found.Wide, found.Small)
		}
	}
	p.wide(390)
}

// stays holds that nothing has moved since the page was loaded: each time it does is an entry that the browser keeps. A page
// that has changed by itself meanwhile is loaded anew, since what came then may have moved what it came before.
func (p phone) stays() {
	p.t.Helper()
	moved := p.movement()
	for range 5 {
		if !look[bool](p.tab, `Boolean(document.querySelector("#changed")?.textContent)`) {
			break
		}
		p.do(chromedp.Reload())
		moved = p.movement()
	}
	if moved != 0 {
		p.t.Errorf("the page moved by %f while it was loaded", moved)
	}
}

func (p phone) movement() float64 {
	p.t.Helper()
	return look[float64](p.tab, `new Promise((done) => {
		let sum = 0;
		const add = (entries) => { for (const e of entries) sum += e.value; };
		const seen = new PerformanceObserver((list) => add(list.getEntries()));
		seen.observe({ type: "layout-shift", buffered: true });
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => { add(seen.takeRecords()); done(sum); })));
	})`)
}

// weighs is all that the browser has asked for to show the page, in bytes as they were sent; what it kept from before counts again.
func (p phone) weighs() int {
	p.t.Helper()
	return look[int](p.tab, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
		.reduce((sum, e) => sum + Math.max(e.transferSize, e.encodedBodySize + 300), 0)`)
}

// others are the origins beside connectd's that the page has asked for anything.
func (p phone) others() []string {
	p.t.Helper()
	return look[[]string](p.tab, `performance.getEntriesByType("resource").map((e) => e.name).filter((at) => !at.startsWith(location.origin))`)
}

// draws holds that the characters are seen: where no font has them, each is the same box.
func (p phone) draws(one, other string) {
	p.t.Helper()
	differ := look[bool](p.tab, `(([one, other]) => one !== other)([`+quoted(one)+`, `+quoted(other)+`].map((c) => {
		const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
		pen.font = "40px " + getComputedStyle(document.body).fontFamily;
		pen.fillText(c, 10, 60);
		return canvas.toDataURL();
	}))`)
	if !differ {
		p.t.Errorf("%s is drawn as %s is: the browser has no font for them (apt-get install fonts-wqy-microhei)", one, other)
	}
}

func (p phone) language() string {
	p.t.Helper()
	return look[string](p.tab, `document.documentElement.lang`)
}

func tokenOf(page string) string { return page[strings.LastIndex(page, "/")+1:] }
