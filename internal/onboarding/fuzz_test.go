package onboarding

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzReturnURL: whatever a browser would make of an address that is taken, it leads to an allowed origin.
func FuzzReturnURL(f *testing.F) {
	for _, address := range []string{
		"https://shop.test/back", "http://connectd.test/", "https://shop.test@evil.test/", "https://shop.test.evil.test/",
		"//evil.test", "javascript:alert(1)", "https://evil.test#https://shop.test", "HTTPS://SHOP.TEST/",
		"https://shop.test:443/", `https://shop.test\@evil.test/`, "https://shop.test%2eevil.test/", "https:shop.test",
		" https://shop.test/", "https://shop.test/\n", "https://shop.test/?b=%2F&a=1;2", "https://shop.test?&", "https://shop.test/?a b=ü&&=#é",
	} {
		f.Add(address)
	}
	s := New(Config{BaseURL: "http://connectd.test", ReturnOrigins: []string{"https://shop.test"}})
	f.Fuzz(func(t *testing.T, address string) {
		if s.checkReturnURL(address) != nil {
			return
		}
		given, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(appendQuery(address, "s:1", "denied", "7"))
		if err != nil || u.User != nil {
			t.Fatalf("%q was taken: %v", address, err)
		}
		if added, ok := strings.CutPrefix(u.RawQuery, given.RawQuery); !ok ||
			strings.TrimPrefix(added, "&") != "seller_id=s%3A1&status=denied&position=7" {
			t.Errorf("%q became %q", address, u)
		}
		if query, err := url.ParseQuery(u.RawQuery); err != nil || query.Get("seller_id") != "s:1" {
			t.Errorf("%q became %q, which has the query %v, %v", address, u, query, err)
		}
		if origin := originOf(u.String()); origin != "https://shop.test" && origin != "http://connectd.test" {
			t.Errorf("%q leads to %q", address, origin)
		}
	})
}
