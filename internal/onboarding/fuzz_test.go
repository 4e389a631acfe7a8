package onboarding

import (
	"net/url"
	"testing"
)

// FuzzMayReturnTo: whatever a browser would make of an address that is taken, it leads to an allowed origin.
func FuzzMayReturnTo(f *testing.F) {
	for _, address := range []string{
		"https://shop.test/back", "http://connectd.test/", "https://shop.test@evil.test/", "https://shop.test.evil.test/",
		"//evil.test", "javascript:alert(1)", "https://evil.test#https://shop.test", "HTTPS://SHOP.TEST/",
		"https://shop.test:443/", `https://shop.test\@evil.test/`, "https://shop.test%2eevil.test/", "https:shop.test",
		" https://shop.test/", "https://shop.test/\n",
	} {
		f.Add(address)
	}
	s := New(Config{BaseURL: "http://connectd.test", ReturnOrigins: []string{"https://shop.test"}})
	f.Fuzz(func(t *testing.T, address string) {
		if !s.mayReturnTo(address) {
			return
		}
		u, err := url.Parse(appendQuery(address, url.Values{"seller_id": {"s1"}}))
		if err != nil || u.User != nil || u.Query().Get("seller_id") != "s1" {
			t.Fatalf("%q was taken: %v", address, err)
		}
		if origin := originOf(u.String()); origin != "https://shop.test" && origin != "http://connectd.test" {
			t.Errorf("%q leads to %q", address, origin)
		}
	})
}
