package browsertest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/connectd/connectd/client"
)

// endpointURL is the page of an endpoint that nobody answers at. It is made once.
func (p pages) endpointURL(t *testing.T) string {
	t.Helper()
	var all struct {
		Data []client.EventEndpoint `json:"data"`
	}
	p.API(t, http.MethodGet, "/v1/event-endpoints", "", http.StatusOK, &all)
	if len(all.Data) > 0 {
		return "/admin/endpoints/" + all.Data[0].ID
	}
	var made client.EventEndpoint
	p.API(t, http.MethodPost, "/v1/event-endpoints", `{"url":"http://127.0.0.1:9/connectd"}`, http.StatusCreated, &made)
	return "/admin/endpoints/" + made.ID
}

// makeEndpoint makes one by the form, sees its secret once, and a test event that fails become one that was taken, with no reload.
func (p pages) makeEndpoint(t *testing.T) {
	var refuses atomic.Bool
	refuses.Store(true)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refuses.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(receiver.Close)
	b := p.tab(t)
	b.open("/admin/endpoints")
	b.press("#new")
	b.fill("#url", receiver.URL+"/connectd?key=abc")
	b.press("#acting button")
	b.shows("It is not shown again")
	if secret := look[string](b, `document.querySelector("#secret").value`); !strings.HasPrefix(secret, "whsec_") || strings.Contains(b.address(), "whsec") {
		t.Errorf("%q at %s", secret, b.address())
	}
	at := b.address()
	b.open(at)
	b.shows("Not used yet")
	b.until(`document.querySelector("#secret") === null`)
	b.press("#test")
	b.shows("answered 503", "It is tried again by itself.")
	b.do(chromedp.Evaluate[chromedp.Void](`window.stays = true`))
	refuses.Store(false)
	b.until(`window.stays && document.querySelector("#state").innerText.includes("The endpoint took it at attempt")`)
	b.open(at)
	b.shows("It takes what is sent to it.")
	b.press("#delete")
	b.press("#acting .danger")
	b.shows("The endpoint is deleted")
}

// endpointWithoutScripts does all that there is to do with forms alone.
func (p pages) endpointWithoutScripts(t *testing.T) {
	b := p.tab(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open("/admin/endpoints?new=endpoint")
	b.fill("#url", "http://127.0.0.1:9/by-hand\r")
	b.shows("It is not shown again")
	b.press("#rotate")
	b.press("#acting button")
	b.shows("The secret is another now.", "It is not shown again")
	b.press("#test")
	b.shows("test", "It goes out at once")
	b.press("#redeliver")
	b.shows("It is sent again")
	b.press("#endpoint")
	b.press("#delete")
	b.press("#acting .danger")
	b.shows("The endpoint is deleted")
}

// readMail goes from a mail to the change that it told of.
func (p pages) readMail(t *testing.T) {
	b := p.tab(t)
	b.open("/admin/mail?kind=connected&state=sent")
	b.press("#cause-0")
	b.until(`location.hash.startsWith("#change-") && document.querySelector(location.hash) !== null`)
	b.do(chromedp.NavigateBack())
	b.press("#seller-0")
	b.shows("Has an e-mail address.")
}
