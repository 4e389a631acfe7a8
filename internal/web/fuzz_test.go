package web_test

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzCallbackQuery: whatever query comes back from Stripe, in the browser that began or in another, is answered by a page
// for people. The browser's own state stands for STATE in it.
func FuzzCallbackQuery(f *testing.F) {
	for _, query := range []string{
		"", "state=STATE", "state=STATE&code=ac_1", "state=STATE&error=access_denied", "state=STATE&error=x&error_description=%00",
		"state=&code=", "code=ac_1", "state=%ff%fe&code=%00", "state=STATE&code=%00", "state=STATE&code=a;b", "%zz", "state=STATE&state=x&code=y",
		"state=STATE&code=ac_1&scope=read_write", "error=access_denied", "state[]=x&code[]=y",
	} {
		f.Add(query, true)
		f.Add(query, false)
	}
	all := newSite(f)
	at := all.link("seller_1")
	f.Fuzz(func(t *testing.T, query string, began bool) {
		s := *all
		s.t = t
		b := s.browser()
		away, err := url.Parse(b.post(at+"/authorize", nil).want(http.StatusSeeOther).Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if !began {
			b = s.browser()
		}
		u := url.URL{Path: "/oauth/callback", RawQuery: queryWith(query, away.Query().Get("state"))}
		switch p := b.get(u.String()); {
		case p.StatusCode == http.StatusOK && began: // denied
		case p.StatusCode == http.StatusBadRequest:
		default:
			t.Errorf("%q: %s\n%s", query, p.Status, p.text())
		}
	})
}

// queryWith is the query with the state in its place, in a form that a request line can hold.
func queryWith(query, state string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return url.PathEscape(query)
	}
	for _, of := range values {
		for i, value := range of {
			if value == "STATE" {
				of[i] = state
			}
		}
	}
	return values.Encode()
}
