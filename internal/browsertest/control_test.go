package browsertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestControlInABrowser makes and revokes keys, revokes links, and plans and applies a policy, as admins do.
func TestControlInABrowser(t *testing.T) {
	p := startPages(t, nil)

	t.Run("make a key, and revoke it", p.keysLife)
	t.Run("a form that is sent again", p.keyOnce)
	t.Run("revoke a link", p.revokeLink)
	t.Run("keys by the keyboard, without scripts", p.keysByKeyboard)
	t.Run("a policy is planned and applied", p.changePolicy)
}

// makeKey makes a key, and answers it.
func (b tab) makeKey(name string, scopes ...string) string {
	b.t.Helper()
	b.open("/admin/keys")
	b.press("#make")
	b.fill("#name", name)
	for _, scope := range scopes {
		b.press("input[value='" + scope + "']")
	}
	b.press(".making .buttons button")
	b.shows("The key “" + name + "” is made")
	b.until(`document.querySelector("[data-copy]").checkVisibility()`)
	return look[string](b, `document.querySelector("#secret").value`)
}

// answered is the status that the API answers to whoever shows the key.
func (p pages) answered(t *testing.T, secret string) int {
	t.Helper()
	res := p.Do(t, http.MethodGet, p.BaseURL+"/v1/sellers/complete/readiness", secret, "")
	walktest.Read(t, res)
	return res.StatusCode
}

func (p pages) keysLife(t *testing.T) {
	w := p.signedIn(t)
	b, other := w.tab(), w.tab()
	other.open("/admin/keys")
	secret := b.makeKey("till", "readiness:read")
	if status := p.answered(t, secret); status != http.StatusOK {
		t.Errorf("the new key is answered %d", status)
	}
	other.shows("till") // it follows
	b.press("#acting .buttons a")
	b.until(`document.querySelector("#secret") === null`)
	row := `[...document.querySelectorAll("tbody tr")].find((tr) => tr.innerText.includes("till"))`
	b.until(`!` + row + `.innerText.includes("never")`) // the use is written down beside the request
	b.do(chromedp.Evaluate[chromedp.Void](row + `.querySelector("a").click()`))
	b.shows("Revoke “till”?", "It is in use")
	b.press("#acting .danger")
	b.shows("“till” opens nothing any more.")
	waittest.Within(t, 30*time.Second, "the key to end", func() bool { return p.answered(t, secret) == http.StatusUnauthorized })
}

// keyOnce reloads the page that shows a key, which sends its form again.
func (p pages) keyOnce(t *testing.T) {
	b := p.tab(t)
	secret := b.makeKey("once", "readiness:read")
	b.do(chromedp.Evaluate[chromedp.Void](`window.before = true`), chromedp.Reload())
	b.until(`window.before === undefined && document.body.innerText.includes("was made before")`)
	if again := look[string](b, `document.documentElement.outerHTML`); strings.Contains(again, secret) {
		t.Error("the key is shown again")
	}
	if n := look[int](b, `[...document.querySelectorAll("tbody tr")].filter((tr) => tr.innerText.includes("once")).length`); n != 1 {
		t.Errorf("%d keys were made", n)
	}
}

func (p pages) revokeLink(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/links?seller_id=restricted")
	page := p.sellersPage(t, "restricted")
	made := `[...document.querySelectorAll("tbody tr")].find((tr) => tr.innerText.includes("by the key demo"))`
	b.until(made + ` !== undefined`) // it follows; what was mailed is connectd's
	b.do(chromedp.Evaluate[chromedp.Void](made + `.querySelector("a[id^=revoke]").click()`))
	b.shows("Revoke this link of seller restricted?")
	b.press("#acting .danger")
	b.shows("of seller restricted leads nowhere any more")
	b.until(made + ` === undefined`)
	res := p.Do(t, http.MethodGet, page, "", "")
	if body := walktest.Read(t, res); res.StatusCode != http.StatusGone {
		t.Errorf("the page answers %d: %s", res.StatusCode, body)
	}
	b.press("#which-all")
	b.shows("Revoked", "by admin")
}

func (p pages) keysByKeyboard(t *testing.T) {
	b := p.tab(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open("/admin/keys")
	tabTo(b, "#make")
	b.key(kb.Enter)
	tabTo(b, "#name")
	b.key("by hand")
	tabTo(b, "input[name=scope]")
	b.key(" ")
	tabTo(b, ".making .buttons button")
	b.key(kb.Enter)
	b.shows("The key “by hand” is made")
}

// changePolicy is the last: many can transact no more.
func (p pages) changePolicy(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/policy")
	b.shows("In force: version 1", "Every account is judged by it.")
	b.fill("#countries", "ZA")
	b.press("#plan-it")
	b.shows("What it would change", "would lose", "the policy does not support the account’s country")
	if at := b.address(); !strings.Contains(at, "countries=ZA") {
		t.Errorf("the address is %s", at)
	}
	if !p.Readiness(t, "complete").CanTransact {
		t.Fatal("a plan changed something")
	}
	b.press("#apply")
	b.shows("Version 2 of the policy is in force.", "by admin", "South Africa (ZA)")
	waittest.Within(t, 30*time.Second, "accounts to be judged", func() bool { return p.Readiness(t, "complete").Status == "unsupported" })
	b.shows("Every account is judged by it.") // it follows
}
