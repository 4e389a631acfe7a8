package web_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// contract is the API's document.
func contract(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheDocsShowTheContract(t *testing.T) {
	t.Parallel()
	newSite(t).browser().get("/docs").want(http.StatusOK).shows(
		"GET /v1/sellers/{seller_id}/readiness scope readiness:read", "Whether the seller may transact now",
		"min_position integer, in the query", "seller_ids list of string, required", "1 to 255 of A-Z a-z 0-9 . _ : @ -, and not . or ..",
		"expires_in integer", "1 to 2592000", "604800 unless given", "one of not_connected, disconnected",
		"rate_limited 429, Too many requests", "RateLimit-Policy", `"can_transact": false`, "event: change", "GET /healthz open to anyone",
		"requirements Requirements or null", "reasons list of Reason", "at_risk_at time or null", "200 OK: Readiness or PastReadiness",
	)
}

// TestTheDocsAskNobodyElse: no script, no style of its own, no image, and nothing of another origin.
func TestTheDocsAskNobodyElse(t *testing.T) {
	t.Parallel()
	page := newSite(t).browser().get("/docs").want(http.StatusOK)
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy %s", csp)
	}
	for _, kind := range []atom.Atom{atom.Script, atom.Style, atom.Iframe, atom.Img} {
		if found := page.all(kind); len(found) > 0 {
			t.Errorf("%d elements %s", len(found), kind)
		}
	}
	for n := range page.root.Descendants() {
		for _, name := range []string{"href", "src"} {
			if to := attr(n, name); strings.Contains(to, "//") {
				t.Errorf("it leads to %s", to)
			}
		}
	}
}

// TestLinksWithinTheDocsLeadSomewhere, each to one place.
func TestLinksWithinTheDocsLeadSomewhere(t *testing.T) {
	t.Parallel()
	page := newSite(t).browser().get("/docs").want(http.StatusOK)
	ids := map[string]int{}
	for n := range page.root.Descendants() {
		if id := attr(n, "id"); n.Type == html.ElementNode && id != "" {
			ids[id]++
		}
	}
	links := 0
	for _, a := range page.all(atom.A) {
		if id, within := strings.CutPrefix(attr(a, "href"), "#"); within {
			links++
			if ids[id] != 1 {
				t.Errorf("%q leads to %d places", id, ids[id])
			}
		}
	}
	if links < 100 {
		t.Errorf("%d links", links)
	}
}
