package access_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/connectd/connectd/internal/access"
)

func TestAForwardedAddressIsBelievedOfAProxyAlone(t *testing.T) {
	t.Parallel()
	proxies, err := access.ParseProxies([]string{"10.0.0.0/8", " 192.0.2.1", "2001:db8::/32", "::ffff:172.16.0.0/108"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"a stranger, who writes one":         {"203.0.113.5:1000", []string{"198.51.100.1"}, "203.0.113.5:1000"},
		"a proxy":                            {"10.1.2.3:1000", []string{"198.51.100.1"}, "198.51.100.1:0"},
		"a proxy by its address":             {"192.0.2.1:1000", []string{"198.51.100.1"}, "198.51.100.1:0"},
		"beside the proxy's address":         {"192.0.2.2:1000", []string{"198.51.100.1"}, "192.0.2.2:1000"},
		"a client that writes one":           {"10.1.2.3:1000", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1:0"},
		"a client that writes a proxy's":     {"10.1.2.3:1000", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1:0"},
		"two proxies":                        {"10.1.2.3:1000", []string{"1.1.1.1, 198.51.100.1, 10.4.5.6"}, "198.51.100.1:0"},
		"in two headers":                     {"10.1.2.3:1000", []string{"1.1.1.1, 198.51.100.1", "10.4.5.6"}, "198.51.100.1:0"},
		"with a port":                        {"10.1.2.3:1000", []string{"198.51.100.1:4711"}, "198.51.100.1:0"},
		"of IPv6":                            {"[2001:db8::1]:1000", []string{"2a00::7"}, "[2a00::7]:0"},
		"of IPv6, with a port":               {"[2001:db8::1]:1000", []string{"[2a00::7]:4711"}, "[2a00::7]:0"},
		"of IPv6, in brackets":               {"[2001:db8::1]:1000", []string{"[2a00::7]"}, "[2a00::7]:0"},
		"half a bracket":                     {"10.1.2.3:1000", []string{"[2a00::7"}, "10.1.2.3:1000"},
		"a network of IPv4 in IPv6":          {"172.17.0.1:1000", []string{"198.51.100.1"}, "198.51.100.1:0"},
		"beside it":                          {"172.32.0.1:1000", []string{"198.51.100.1"}, "172.32.0.1:1000"},
		"of IPv4 in IPv6":                    {"[::ffff:10.1.2.3]:1000", []string{"::ffff:198.51.100.1"}, "198.51.100.1:0"},
		"nobody":                             {"10.1.2.3:1000", nil, "10.1.2.3:1000"},
		"what is no address":                 {"10.1.2.3:1000", []string{"unknown"}, "10.1.2.3:1000"},
		"what is no address, before a proxy": {"10.1.2.3:1000", []string{"1.1.1.1, unknown, 10.4.5.6"}, "10.4.5.6:0"},
		"proxies alone":                      {"10.1.2.3:1000", []string{"10.4.5.6"}, "10.4.5.6:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.forwarded
			proxies.Handler(http.HandlerFunc(func(_ http.ResponseWriter, seen *http.Request) {
				if seen.RemoteAddr != c.want {
					t.Errorf("it comes from %s, want %s", seen.RemoteAddr, c.want)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
			if r.RemoteAddr != c.peer {
				t.Error("the server's own request was changed")
			}
		})
	}
}

func TestAProxyThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "proxy.example.com", "10.0.0.0/33", "10.0.0.1:80", "*", "0.0.0.0/0", "10.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"} {
		if proxies, err := access.ParseProxies([]string{text}); err == nil {
			t.Errorf("%q is %v", text, proxies)
		}
	}
}
