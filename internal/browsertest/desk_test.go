package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// ready waits until the page's scripts have run, and hear of keys.
func (b tab) ready() {
	b.t.Helper()
	b.until(`document.readyState === "complete"`)
}

// strike presses a key as a keyboard does: what a page prevents is not typed either.
func (b tab) strike(key string) {
	b.t.Helper()
	for _, event := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}, {Type: input.DispatchKeyEventTypeKeyUp, Key: key},
	} {
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, event); err != nil {
			b.t.Fatal(err)
		}
	}
}

// findFromAnywhere: a key leads to the search, which leads to the one that is meant.
func (p pages) findFromAnywhere(t *testing.T) {
	b := p.tab(t)
	b.open("/statusz")
	b.ready()
	b.strike("/")
	b.until(`document.activeElement.matches("header input[type=search]") && document.activeElement.value === ""`)
	b.key("nameless/") // which is a character like any other here
	b.until(`document.activeElement.value === "nameless/"`)
	b.key(kb.Backspace + kb.Enter)
	b.until(`location.pathname === ` + quoted(p.accountURL(t, "nameless")))
	b.ready()
	b.strike("/")
	b.key("in_revie" + kb.Enter) // which is nobody's whole id
	b.until(`location.search === "?q=in_revie" && document.querySelectorAll("#rows tr").length === 2`)
	b.ready()
	b.strike("/")
	b.until(`document.activeElement.matches("form.filter input[name=q]")`)
}

// keys go from row to row, are listed, and can be switched off.
func (p pages) keys(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?sort=seller_id")
	b.ready()
	at := func(row string) string {
		return `document.activeElement === document.querySelector("#rows tr:nth-child(` + row + `) a")`
	}
	b.key("j")
	b.until(at("1"))
	b.key("jj")
	b.until(at("3"))
	b.key("k")
	b.until(at("2"))
	b.key(kb.ArrowDown)
	b.until(at("3"))
	b.key(kb.ArrowUp + "kkk")
	b.until(at("1"))
	second := look[string](b, `document.querySelector("#rows tr:nth-child(2) a").getAttribute("href")`)
	b.key("j" + kb.Enter)
	b.until(`location.pathname === ` + quoted(second))
	b.ready()

	open := `document.querySelector("#keys-dialog").open`
	b.key("?")
	b.until(open + ` && document.querySelector("#keys-dialog").contains(document.activeElement)`)
	b.key(kb.Escape)
	b.until(`!` + open)
	b.press("header [data-opens]")
	b.until(open)
	b.press("[data-single-keys]")
	b.press("#keys-dialog button")
	b.until(`!` + open)
	b.open("/admin/accounts?sort=seller_id")
	b.ready()
	b.until(`document.querySelector("[data-single-keys]").checked === false`)
	b.key("j?/")
	if look[bool](b, open+` || document.activeElement !== document.body`) {
		t.Error("a key that is switched off does something")
	}
	b.press("header [data-opens]")
	b.press("[data-single-keys]")
	b.press("#keys-dialog button")
	b.key("?")
	b.until(open)
}

// statusIsLive: what is wrong appears with no reload, and goes.
func (p pages) statusIsLive(t *testing.T) {
	b := p.tab(t)
	b.open("/statusz")
	b.shows("All is well.", "Stripe takes the client id and the redirect URI", "has every type that is handled", "no account has been due for more than an hour")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	b.press(".meanings summary")
	p.SQL(t, `insert into stripe_reads values (current_date - 9, 9000) on conflict (day) do update set n = excluded.n`)
	b.shows("One of the checks asks for something", "set CONNECTD_STRIPE_READ_ALLOCATION")
	b.until(`document.querySelector(".checks tbody tr").innerText.includes("warning")`)
	p.SQL(t, `delete from stripe_reads where n = 9000`)
	b.shows("All is well.")
	b.press("#ask")
	b.until(`window.stays === undefined && document.querySelector("#ask") !== null`)
}

// wordsStayOpen while what stands around them changes.
func (p pages) wordsStayOpen(t *testing.T) {
	b := p.tab(t)
	b.open(p.accountURL(t, "nameless"))
	b.press("#words-fact summary")
	b.shows("The moment, by Stripe’s clock")
	b.do(chromedp.Evaluate[chromedp.Void](`window.old = document.querySelector("#words-fact")`))
	p.patch(t, "nameless", "", `{"country":"FR"}`)
	b.until(`!window.old.isConnected && document.querySelector("#words-fact").open`)
	b.press("#why-status")
	b.until(`location.pathname === "/admin/help" && location.hash.startsWith("#status-") && document.querySelector(location.hash) !== null`)
}

// deskWithoutScripts: the search, the list of keys and what words mean need none.
func (p pages) deskWithoutScripts(t *testing.T) {
	b := p.tab(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open("/admin/settings")
	b.fill("header input[type=search]", "unsupported\r")
	b.shows("Accounts of country")
	b.press("#words-fact summary")
	b.shows("The moment, by Stripe’s clock")
	b.press("header [data-opens]")
	b.shows("Search for a seller")
	if at := b.address(); !strings.HasSuffix(at, "/admin/help#keys") {
		t.Errorf("the address is %s", at)
	}
	b.open("/statusz")
	b.press("#ask")
	b.shows("What is looked at")
}
