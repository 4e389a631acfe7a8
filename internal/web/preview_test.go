package web_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/sandbox"
)

// TestPreviewShowsEveryState in the colour that is tried, in every language, and does nothing.
func TestPreviewShowsEveryState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser()
	s.connected("document_failed", "document_failed")
	s.connected("nameless", "nameless")
	index := b.get("/preview?colour=%23ffe600").want(http.StatusOK).shows("CONNECTD_PLATFORM_COLOUR=#ffe600")
	shown := 0
	for _, a := range index.all(atom.A) {
		p := b.get(attr(a, "href")).want(http.StatusOK)
		if p.language() != attr(a, "lang") {
			t.Errorf("%s is in %s", attr(a, "href"), p.language())
		}
		if style := b.get(p.stylesheet()).want(http.StatusOK).body; !strings.Contains(style, "--fill:#ffe600") || !strings.Contains(style, ".answers") {
			t.Errorf("%s is not in the colour", attr(a, "href"))
		}
		if attr(p.all(atom.Main)[0], "data-live") != "" {
			t.Errorf("%s asks for what changes", attr(a, "href"))
		}
		shown++
	}
	if want := 2 * (len(sandbox.Personas()) + 4); shown != want {
		t.Errorf("%d pages, want %d", shown, want)
	}
	b.get("/preview/document_failed?lang=en").shows("A document that proves the company’s identity")
	b.get("/preview/denied?lang=en").shows("You did not connect").button("Connect with Stripe")
	b.get("/preview/expired").shows("This link has expired.")
	to := b.post(b.get("/preview/unlink").button("Unlink"), nil).want(http.StatusSeeOther).Header.Get("Location")
	if to != "/preview/unlink" {
		t.Errorf("its button leads to %s", to)
	}
	s.accountOf("nameless")
	for _, odd := range []string{"red", "%23ffe60", "%23ffe600;}body{display:none", "%00"} {
		if style := b.get("/preview/seller.css?colour=" + odd).want(http.StatusOK).body; !strings.Contains(style, "--fill:#3b4cca;") {
			t.Errorf("%s becomes a colour", odd)
		}
	}
}

// TestPreviewShowsNoOtherSeller: it has neither a key nor a sign-in.
func TestPreviewShowsNoOtherSeller(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, seller := range []string{"shop-42", "new", "denied"} {
		s.connected(seller, "restricted")
	}
	b := s.browser()
	for _, seller := range []string{"shop-42", "nobody-here"} {
		b.get("/preview/" + seller).want(http.StatusNotFound).hides("acct_")
	}
	b.reading("zh", "/preview/shop-42").want(http.StatusNotFound).shows("没有这个页面")
	for _, nobodys := range []string{"new", "denied"} {
		b.get("/preview/" + nobodys).hides("acct_").button("Connect with Stripe")
	}
}
