package browsertest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// answerComesLate: what the page asked of one view must not stand in the next one, whose question was answered sooner.
func (p pages) answerComesLate(t *testing.T) {
	slow := holdChange(t, p.BaseURL)
	p.BaseURL = slow.url
	b := p.window(t).tab() // the only one that asks
	b.open("/admin/accounts")
	b.fill("input[name=password]", p.AdminPassword+"\r")
	b.until(`document.querySelector("#rows") !== null`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#rows").addEventListener("htmx:xhr:loadend", () => window.ended = true)`))
	p.patch(t, "complete", "", `{"charges_enabled":false}`)
	slow.wait(t)
	b.do(chromedp.Evaluate[chromedp.Void](`window.ended = false`))
	b.fill("input[name=q]", "restricted")
	b.until(`location.search === "?q=restricted" && document.querySelector("#csv").getAttribute("href").endsWith("?q=restricted")`)
	slow.release()
	b.until(`window.ended`)
	if at := look[string](b, `document.querySelector("#csv").getAttribute("href")`); at != "/admin/accounts.csv?q=restricted" {
		t.Errorf("the file of the view is %s", at)
	}
	p.patch(t, "complete", "", `{"charges_enabled":true}`)
}

// slowNet is a network on which the first answer that tells of a change stays under way until it is released.
type slowNet struct {
	url     string
	came    chan struct{}
	release func()
}

func holdChange(t *testing.T, base string) slowNet {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan struct{})
	h := slowNet{came: make(chan struct{}), release: sync.OnceFunc(func() { close(released) })}
	came := sync.OnceFunc(func() { close(h.came) })
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ModifyResponse: func(res *http.Response) error {
			if !res.Request.URL.Query().Has("shown") || res.StatusCode != http.StatusOK {
				return nil
			}
			came()
			select {
			case <-released:
			case <-res.Request.Context().Done():
			}
			return nil
		},
	})
	t.Cleanup(server.Close)
	t.Cleanup(h.release)
	h.url = server.URL
	return h
}

func (h slowNet) wait(t *testing.T) {
	t.Helper()
	select {
	case <-h.came:
	case <-time.After(time.Minute):
		t.Fatal("the page was told of no change")
	}
}
