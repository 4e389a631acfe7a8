package browsertest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pages is a demo whose pages are looked at in a real browser, with their policy in force.
type pages struct {
	walktest.Walk
	admin window // signed in, for tests that don't sign out
}

func startPages(t *testing.T, env []string, more ...string) pages {
	t.Helper()
	needChromium(t)
	_, demo := startDemo(t, env, more...)
	p := pages{Walk: demo}
	p.admin = p.signedIn(t)
	return p
}

// TestPagesInABrowser does in a real browser what admins do all day.
func TestPagesInABrowser(t *testing.T) {
	p := startPages(t, nil)

	t.Run("read the overview", p.readOverview)
	t.Run("find a seller from anywhere", p.findFromAnywhere)
	t.Run("keys", p.keys)
	t.Run("the status is live", p.statusIsLive)
	t.Run("words stay open", p.wordsStayOpen)
	t.Run("the desk without scripts", p.deskWithoutScripts)
	t.Run("search, and share the address", p.search)
	t.Run("choose columns", p.chooseColumns)
	t.Run("a webhook changes a row", p.rowChanges)
	t.Run("an answer that comes late", p.answerComesLate)
	t.Run("read why", p.readWhy)
	t.Run("re-check", p.recheck)
	t.Run("a link for the seller", p.makeLink)
	t.Run("unlink what does not work", p.unlinkBroken)
	t.Run("unlink what works", p.unlinkWorking)
	t.Run("reassign", p.reassign)
	t.Run("write a note", p.writeNote)
	t.Run("pick rows for a file", p.pickRows)
	t.Run("save the file of a view", p.saveView)
	t.Run("save the file of what is picked", p.savePicked)
	t.Run("the keyboard alone", p.keyboard)
	t.Run("the choice of columns is left", p.leaveColumns)
	t.Run("the focus stays", p.focusStays)
	t.Run("a form stays in its place", p.formStays)
	t.Run("Stripe's events", p.eventsInABrowser)
	t.Run("ten tabs", p.tenTabs)
	t.Run("connectd is lost", p.connectdIsLost)
	t.Run("an act is lost", p.actIsLost)
	t.Run("without scripts", p.withoutScripts)
	t.Run("make an endpoint, and send a test", p.makeEndpoint)
	t.Run("look after an endpoint by the keyboard, without scripts", p.endpointWithoutScripts)
	t.Run("read why a mail was sent", p.readMail)
	t.Run("a session that has ended", p.sessionEnds)
	t.Run("a search among very many", p.searchGoesOn)
}

// TestFirstAccountAppears on a table that was empty, with no reload.
func TestFirstAccountAppears(t *testing.T) {
	p := startPages(t, nil, "--sellers", "0")
	b, over := p.tab(t), p.tab(t)
	b.open("/admin/accounts")
	b.shows("No account is connected yet. Make a link for a seller")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	over.open("/admin")
	over.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	p.Connect(t, "first", "complete")
	over.counts(`window.stays && document.body.innerText.includes("1 seller can transact")`)
	b.until(`window.stays && document.querySelector("#rows")?.innerText.includes("first")`)
	b.until(`!document.body.innerText.includes("No account is connected yet")`)
}

func (p pages) tab(t *testing.T) tab {
	t.Helper()
	return p.admin.tabOf(t)
}

// accountURL is the path of the page of the account that the seller holds.
func (p pages) accountURL(t *testing.T, seller string) string {
	t.Helper()
	return "/admin/accounts/" + *p.Readiness(t, seller).AccountID
}

// patch changes the seller's account at Stripe, which sends a webhook unless told otherwise.
func (p pages) patch(t *testing.T, seller, query, change string) {
	t.Helper()
	at := p.SandboxURL + "/sandbox/accounts/" + *p.Readiness(t, seller).AccountID + query
	res := p.Do(t, http.MethodPost, at, "", change)
	if body := walktest.Read(t, res); res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d: %s", at, res.StatusCode, body)
	}
}

// rowOf is the text of the seller's row.
func rowOf(b tab, seller string) string {
	for _, row := range rowsOf(b) {
		if strings.HasPrefix(row, seller+" ") {
			return row
		}
	}
	return ""
}

func rowsOf(b tab) []string {
	b.t.Helper()
	return look[[]string](b, `[...document.querySelectorAll("#rows tr")].map((tr) => tr.innerText.replace(/\s+/g, " ").trim())`)
}

func (p pages) search(t *testing.T) {
	w := p.signedIn(t)
	b := w.tab()
	b.open("/admin/accounts")
	if n := len(rowsOf(b)); n != 24 {
		t.Fatalf("%d rows", n)
	}
	b.fill("input[name=q]", "enabled")
	b.until(`document.querySelectorAll("#rows tr").length === 2`)
	b.do(chromedp.Focus(chromedp.CSS("select[name=can_transact]")))
	b.key("c") // can transact
	b.until(`location.search.includes("can_transact")`)
	at := b.address()
	if want := p.BaseURL + "/admin/accounts?q=enabled&can_transact=true"; at != want {
		t.Errorf("the address is %s, want %s", at, want)
	}
	other := w.tab()
	other.open(at)
	if shown, shared := rowsOf(b), rowsOf(other); len(shown) != 2 || !slices.Equal(shown, shared) {
		t.Errorf("%v\n%v", shown, shared)
	}
	b.do(chromedp.NavigateBack())
	b.until(`location.search === "?q=enabled"`)
}

func (p pages) chooseColumns(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?status=restricted_soon")
	b.press("summary")
	b.press("input[name=columns][value=requirements]")
	b.shows("Tax number of the company by")
	b.press("input[name=columns][value=country]")
	b.until(`!document.querySelector("thead").innerText.includes("Country")`)
	want := "?status=restricted_soon&columns=seller_id,id,display_name,charges_enabled,payouts_enabled,details_submitted,status,requirements"
	if at := b.address(); !strings.HasSuffix(at, want) {
		t.Errorf("the address is %s", at)
	}
}

func (p pages) rowChanges(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?sort=seller_id")
	b.press("#rows tr:nth-child(3) input[type=checkbox]")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true; new PerformanceObserver((list) => {
		for (const e of list.getEntries()) window.shift = (window.shift ?? 0) + e.value;
	}).observe({type: "layout-shift", buffered: true})`))
	restricted := b.text("#tab-restricted")
	p.patch(t, "complete", "", `{"charges_enabled":false}`)
	waittest.Within(t, 20*time.Second, "the row to change", func() bool {
		return strings.HasSuffix(rowOf(b, "complete"), "no yes yes Restricted")
	})
	if b.text("#tab-restricted") == restricted {
		t.Errorf("the tab still says %s", restricted)
	}
	kept := look[struct {
		Stays  bool
		Picked int
		Shift  float64
	}](b, `({Stays: window.stays === true, Picked: document.querySelectorAll("#rows input:checked").length, Shift: window.shift ?? 0})`)
	if !kept.Stays || kept.Picked != 1 || kept.Shift > 0.01 {
		t.Errorf("the page was loaded anew, lost what was picked, or moved: %+v", kept)
	}
	p.patch(t, "complete", "", `{"charges_enabled":true}`)
	waittest.Within(t, 20*time.Second, "the row to change back", func() bool {
		return strings.HasSuffix(rowOf(b, "complete"), "yes yes yes Enabled")
	})
}

// pickRows picks all rows of a view with one box, and sends them for a file.
func (p pages) pickRows(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts?status=rejected")
	b.press("thead input")
	sent := look[string](b, `[...new FormData(document.querySelector("#picked")).getAll("id")].join(" ")`)
	want := *p.Readiness(t, "rejected").AccountID
	if ids := strings.Fields(sent); len(ids) != 2 || !slices.Contains(ids, want) {
		t.Errorf("picked are %s, among which %s is to be", sent, want)
	}
	if at := look[string](b, `document.querySelector("#csv").getAttribute("href")`); at != "/admin/accounts.csv?status=rejected" {
		t.Errorf("the file of the view is %s", at)
	}
}

// keyboard goes by the keyboard alone, and always sees where it is.
func (p pages) keyboard(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/accounts")
	tabTo(b, "input[name=q]")
	b.key("in_review")
	b.until(`document.querySelectorAll("#rows tr").length === 2`)
	tabTo(b, "summary")
	b.key(kb.Enter)
	tabTo(b, "input[value=checked_at]")
	b.key(" ")
	b.until(`document.querySelector("thead").innerText.includes("Last checked")`)
	tabTo(b, "#rows a")
	b.key(kb.Enter)
	b.shows("Stripe must act")
	tabTo(b, "#recheck")
	b.key(kb.Enter)
	b.shows("Checked: this is what Stripe says now.")
}

// tabTo presses the tabulator until the element has the focus, which has to be seen all the way.
func tabTo(b tab, selector string) {
	b.t.Helper()
	for range 80 {
		b.key(kb.Tab)
		at := look[struct {
			There, Seen bool
			Words       string
		}](b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			return {
				There: e.matches(`+quoted(selector)+`), Words: e.outerHTML.slice(0, 120),
				Seen: e === document.body || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
			};
		})()`)
		if !at.Seen {
			b.t.Errorf("the focus is not seen on %s", at.Words)
		}
		if at.There {
			return
		}
	}
	b.t.Fatalf("the keyboard does not reach %s", selector)
}

func (p pages) tenTabs(t *testing.T) {
	w := p.signedIn(t)
	tabs := make([]tab, 10)
	for i := range tabs {
		tabs[i] = w.tab()
		tabs[i].open("/admin/accounts?q=nameless")
	}
	p.patch(t, "nameless", "", `{"payouts_enabled":false}`)
	for _, b := range tabs {
		b.until(`document.querySelector("#rows").innerText.includes("Restricted")`)
	}
	tabs[9].press("#rows a")
	tabs[9].shows("History")
}

func (p pages) withoutScripts(t *testing.T) {
	b := p.signedIn(t).tab() // it signs out
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open("/admin/accounts")
	b.fill("input[name=q]", "unsupp")
	b.press("summary")
	b.press("input[value=next_check_at]")
	b.press("form.filter button")
	b.until(`document.querySelector("thead")?.innerText.includes("Next check")`) // the choice of columns says so before
	b.shows("Unsupported")
	b.press("#rows a")
	b.shows("Accounts of country", "Send the seller a new onboarding link")
	b.press("#link")
	b.shows("A new onboarding link for unsupported")
	b.press("#unlink")
	b.press("#acting .danger")
	b.shows("Unlinked.")
	b.press("header button")
	b.shows("Sign in")
}

// sessionEnds: a page that asks for what has changed after its session has ended becomes the sign-in form.
func (p pages) sessionEnds(t *testing.T) {
	w := p.signedIn(t)
	table, other := w.tab(), w.tab()
	table.open("/admin/accounts")
	other.open(p.accountURL(t, "restricted"))
	other.press("header button")
	table.shows("Sign in", "Password")
	if at := table.address(); at != fmt.Sprintf("%s/admin/accounts", p.BaseURL) {
		t.Errorf("the address is %s", at)
	}
}

// searchGoesOn: a page of a search that found nothing among the first thousands goes on by itself.
func (p pages) searchGoesOn(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), p.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for _, sql := range []string{
		`insert into sellers (id, created_at) select 'many-' || i, '2026-01-01' from generate_series(1, 9000) i`,
		`insert into accounts (id, seller_id, livemode, status, can_transact, can_accept_payments, can_receive_payouts, allow_unlink,
				reasons, policy_version, judge_version, connected_at, granted_from, granted_at, revision, version)
			select 'acct_many' || i, 'many-' || i, false, 'incomplete', false, false, false, false, '[]', 1, 1,
				'2126-01-01', '2026-01-01', '2026-01-01', 1, 1 from generate_series(1, 9000) i`,
		`insert into account_words select 'acct_none' || i, ' nameless' from generate_series(1, 6000) i`, // of accounts that are none
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	b := p.tab(t)
	b.open("/admin/accounts")
	b.fill("input[name=q]", "nameless")
	b.until(`document.querySelector("#rows tr")?.innerText.includes("nameless")`)
	b.until(`location.search.includes("cursor") && document.querySelector("#next-page") === null`)
	b.do(chromedp.NavigateBack())
	b.until(`location.pathname === "/admin/accounts" && location.search === "" && document.querySelectorAll("#rows tr").length === 50`)
}
