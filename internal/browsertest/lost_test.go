package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// losable makes requests of the page fail, those that window.lost takes, as they do where connectd can't be reached.
const losable = `(() => {
	const { open, send } = XMLHttpRequest.prototype;
	XMLHttpRequest.prototype.open = function (method, url, ...rest) { this.at = url; return open.call(this, method, url, ...rest); };
	XMLHttpRequest.prototype.send = function (body) {
		if (window.lost(this.at)) setTimeout(() => this.dispatchEvent(new ProgressEvent("error")));
		else send.call(this, body);
	};
})()`

// loses makes the requests fail whose address has the text; "" is all.
func (b tab) loses(text string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`window.lost = (url) => url.includes(` + quoted(text) + `)`))
}

func (b tab) losesNothing() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`window.lost = () => false`))
}

// inSight waits until the words stand where one looks.
func (b tab) inSight(selector, words string) {
	b.t.Helper()
	b.until(`(() => {
		const e = document.querySelector(` + quoted(selector) + `), box = e?.getBoundingClientRect();
		return box && e.innerText.includes(` + quoted(words) + `) && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
	})()`)
}

// connectdIsLost: pages say so where one looks, until they are as connectd says again.
func (p pages) connectdIsLost(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts")
	b.do(chromedp.Evaluate[chromedp.Void](losable))
	b.loses("shown=")
	b.inSight("#live", "connectd cannot be reached. What is shown may be old.")
	b.losesNothing()
	b.until(`document.querySelector("#live").innerText === ""`)

	b.loses("q=")
	b.fill("input[name=q]", "enabled")
	b.inSight("#live", "What is shown is not what you asked for")
	b.do(chromedp.Evaluate[chromedp.Void](`document.addEventListener("htmx:afterRequest", (e) => { window.asked = e.detail.successful; })`))
	b.until(`window.asked === true`)
	b.inSight("#live", "What is shown is not what you asked for")
	b.losesNothing()
	b.press("form.filter button")
	b.until(`document.querySelectorAll("#rows tr").length === 2 && document.querySelector("#live").innerText === ""`)
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const able = document.querySelector("select[name=can_transact]");
		able.options[1].value = "maybe";
		able.selectedIndex = 1;
		able.dispatchEvent(new Event("change", { bubbles: true }));
	})()`))
	b.inSight("#live", "can_transact is true or false")
}

// actIsLost: the button that makes a link says that it did not.
func (p pages) actIsLost(t *testing.T) {
	b := p.tab(t)
	b.open(p.accountURL(t, "restricted"))
	b.do(chromedp.Evaluate[chromedp.Void](losable))
	b.loses("/link")
	b.press("#link")
	b.inSight("#acting [role=alert]", "connectd cannot be reached. Please try again")
	b.losesNothing()
	b.press("#link")
	b.shows("A new onboarding link for restricted")
}
