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
