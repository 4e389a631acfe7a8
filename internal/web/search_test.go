package web_test

import (
	"net/http"
	"testing"
)

func TestSearchLeadsToTheOneThatIsMeant(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_one", "complete")
	s.connected("seller_other", "complete")
	s.connected("seller_one_more", "complete")
	s.link("seller_new")
	one := s.accountOf("seller_one")
	b := s.signedIn()
	for query, want := range map[string]string{
		"?q=seller_one":       "/admin/accounts/" + one,
		"?q=seller_new":       "/admin/links?seller_id=seller_new&which=all",
		"?q=+SELLER_OTHER+":   "/admin/accounts/" + s.accountOf("seller_other"),
		"?q=" + one:           "/admin/accounts/" + one,
		"?q=seller_o":         "/admin/accounts?q=seller_o",
		"?q=nobody":           "/admin/accounts?q=nobody",
		"?q=a%26b":            "/admin/accounts?q=a%26b",
		"?q=//evil.example/":  "/admin/accounts?q=%2F%2Fevil.example%2F",
		"":                    "/admin/accounts",
		"?q=++":               "/admin/accounts",
		"?q=%00&sort=nothing": "/admin/accounts?q=%00",
	} {
		if to := b.get("/admin/search" + query).want(http.StatusSeeOther).Header.Get("Location"); to != want {
			t.Errorf("%s leads to %s, not %s", query, to, want)
		}
	}
	b.get("/admin/accounts?q=%00").want(http.StatusBadRequest)
}

// TestSearchKnowsAnExactID although others are like it, and sellers who have links alone.
func TestSearchKnowsAnExactID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("shop-1", "complete")
	s.connected("shop-10", "complete")
	s.link("newcomer-1")
	b := s.signedIn()
	for query, want := range map[string]string{
		"shop-1":     "/admin/accounts/" + s.accountOf("shop-1"),
		"shop":       "/admin/accounts?q=shop",
		"newcomer-1": "/admin/links?seller_id=newcomer-1&which=all",
		"newcomer":   "/admin/accounts?q=newcomer",
	} {
		if to := b.get("/admin/search?q=" + query).want(http.StatusSeeOther).Header.Get("Location"); to != want {
			t.Errorf("%s leads to %s, not %s", query, to, want)
		}
	}
	b.get("/admin/links?seller_id=newcomer-1&which=all").want(http.StatusOK).shows("newcomer-1")
}

// TestSearchKnowsAnEMailAddress that is a part of another's, unless several have it.
func TestSearchKnowsAnEMailAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.connected("seller_a", "complete")
	s.connected("seller_b", "complete")
	s.exec(`update sellers set email = case id when 'seller_a' then 'ann@shop.example' else 'joann@shop.example' end`)
	b := s.signedIn()
	to := func() string { return b.get("/admin/search?q=Ann@shop.example").Header.Get("Location") }
	if at := to(); at != "/admin/accounts/"+s.accountOf("seller_a") {
		t.Errorf("leads to %s", at)
	}
	s.exec(`update sellers set email = 'ann@shop.example'`)
	if at := to(); at != "/admin/accounts?q=Ann%40shop.example" {
		t.Errorf("an address of several leads to %s", at)
	}
}
