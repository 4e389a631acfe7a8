package browsertest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/connectd/connectd/internal/waittest"
)

// saidNo are the sellers of a demo of whose accounts Stripe says no without telling.
var saidNo = []string{"complete", "enabled", "restricted_soon", "complete-2", "enabled-2"}

// TestScansInABrowser starts a scan that is braked, looks at what it holds back, and releases it, without a reload and by the keyboard
// where scripts are off.
func TestScansInABrowser(t *testing.T) {
	axe := readAxe(t)
	p := startPages(t, []string{"CONNECTD_SCAN_BRAKE=2,1%"})
	p.UntilAllAreChecked(t)
	t.Run("the bar", p.barMoves)
	for _, seller := range saidNo {
		p.patch(t, seller, "?silent=1", `{"charges_enabled":false}`)
	}
	b := p.tab(t)
	p.untilNoScanIsOpen(t)
	b.open("/admin/scans")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	other := p.tab(t)
	other.open("/admin/scans")
	other.press("#new-scan")
	other.shows("24 accounts, one by one: at least 24 calls")
	other.looked(axe, "scan-new")
	other.press("input[value=retrieve]")
	other.press("main form button")
	other.shows("Started by an admin")

	b.until(`window.stays && document.querySelector("#passes")?.innerText.includes("It holds 3 accounts back")`)
	b.looked(axe, "scans-braked")
	b.press("#look-at-held")
	b.shows("Braked", "Held back")
	b.press("#release")
	b.shows("Up to 3 accounts lose their yes", "3 Restricted")
	b.looked(axe, "scan-release")
	b.do(chromedp.EmulateViewport(390, 844))
	b.looked(axe, "scan-release-narrow")
	b.do(chromedp.EmulateViewport(1360, 900))
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	b.press("#acting .danger")
	b.shows("The brake is released")
	b.until(`document.querySelector("h1").innerText.includes("Finished")`)
	for _, seller := range saidNo {
		if r := p.Readiness(t, seller); r.CanTransact {
			t.Errorf("seller %s can transact still", seller)
		}
	}
	t.Run("without scripts", p.scanWithoutScripts)
}

// barMoves before one's eyes, while Stripe puts one account off.
func (p pages) barMoves(t *testing.T) {
	p.untilNoScanIsOpen(t)
	b := p.tab(t)
	b.open("/admin/scans")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	p.Sandbox(t, "faults", fmt.Sprintf(`[{"path":"/v1/accounts/%s","status":429}]`, *p.Readiness(t, "rejected").AccountID))
	var started struct {
		ID string `json:"id"`
	}
	p.API(t, http.MethodPost, "/v1/scans", `{"all":true,"method":"retrieve"}`, http.StatusAccepted, &started)
	waittest.Within(t, 2*time.Minute, "all but one to be checked", func() bool {
		var now struct {
			Checked int `json:"checked"`
		}
		p.API(t, http.MethodGet, "/v1/scans/"+started.ID, "", http.StatusOK, &now)
		return now.Checked == 23
	})
	b.until(`window.stays && document.querySelector("#passes progress")?.value === 23 && document.querySelector("#passes").innerText.includes("Checked 23 of 24, ")`)
	p.Sandbox(t, "faults", `[]`)
	p.untilNoScanIsOpen(t)
	b.until(`window.stays && document.querySelector("#passes").innerText.includes("No scan is open")`)
}

// untilNoScanIsOpen waits until those have ended that a demo's beginning opens.
func (p pages) untilNoScanIsOpen(t *testing.T) {
	t.Helper()
	waittest.Within(t, 2*time.Minute, "the scans of the beginning to end", func() bool {
		var scans struct {
			Data []struct {
				State string `json:"state"`
			} `json:"data"`
		}
		p.API(t, http.MethodGet, "/v1/scans?limit=1", "", http.StatusOK, &scans)
		return len(scans.Data) == 0 || scans.Data[0].State == "finished"
	})
}

func (p pages) scanWithoutScripts(t *testing.T) {
	b := p.tab(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	p.untilNoScanIsOpen(t)
	b.open("/admin/scans/new")
	b.press("main form button")
	b.shows("Started by an admin")
	p.untilNoScanIsOpen(t)
	b.open("/admin/scans")
	b.press("#passes tbody a")
	b.shows("Finished", "The report")
}

// eventsInABrowser looks through Stripe's events: of one that could not be read, why, and applies it again.
func (p pages) eventsInABrowser(t *testing.T) {
	b := p.tab(t)
	p.patch(t, "nameless", "", `{"payouts_enabled":true}`) // an event, at the least
	b.open("/admin/events")
	b.until(`document.querySelectorAll("#rows tr").length > 0`)
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	account := *p.Readiness(t, "nameless").AccountID
	p.Sandbox(t, "events", fmt.Sprintf(`{"type":"account.updated","account":%q,"data":{"id":"acct_another"}}`, account))
	b.until(`window.stays && document.querySelector("#news").innerText.includes("Newer events have come.")`)
	b.press("#show-news")
	b.until(`document.querySelector("#rows").innerText.includes("Failed")`)
	b.press("#tab-failed")
	b.fill("input[name=account]", account+"\r")
	b.until(`location.search.includes("account=") && location.search.includes("outcome=failed") && document.querySelectorAll("#rows tr").length === 1`)
	at := b.address()
	if strings.Contains(at, "type=") {
		t.Errorf("the address is %s", at)
	}
	b.press("#rows a")
	b.shows("could not be read", "Why: ")
	tabTo(b, "#replay")
	b.key("\r")
	b.shows("Applied again: it is failed now")
	b.open(at)
	b.press("#replay-all")
	b.press("main form button")
	b.shows("1 event applied again: 0 applied, 0 stale, 0 ignored, 1 still failed.")
}

// failedEvent shows the events, or what is pressed among them, once one has come that could not be read.
func failedEvent(press string) func(*testing.T, pages, tab) {
	return func(t *testing.T, p pages, b tab) {
		account := *p.Readiness(t, "restricted").AccountID
		p.patch(t, "restricted", "", `{"business_profile":{"name":"The Old Mill"}}`)
		p.Sandbox(t, "events", fmt.Sprintf(`{"type":"account.updated","account":%q,"data":{"id":"acct_another"}}`, account))
		waittest.Within(t, time.Minute, "the event", func() bool {
			b.open("/admin/events")
			return strings.Contains(b.text("#rows"), "Failed")
		})
		if press != "" {
			b.press(press)
			b.shows("Payload")
		}
	}
}
