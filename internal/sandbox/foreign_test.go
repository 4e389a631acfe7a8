package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestBrowserIsRefusedUnderANameThatMayBeAnyones: a page of evil.example can have its own name mean this machine, and is
// then of the same origin as the sandbox (DNS rebinding).
func TestBrowserIsRefusedUnderANameThatMayBeAnyones(t *testing.T) {
	t.Parallel()
	s := start(t)
	port := s.URL()[strings.LastIndexByte(s.URL(), ':'):]
	for name, test := range map[string]struct {
		host, header, value string
		status              int
	}{
		"origin":              {"evil.example", "Origin", "http://evil.example", 403},
		"origin with a port":  {"evil.example" + port, "Origin", "http://evil.example" + port, 403},
		"same site":           {"evil.example", "Sec-Fetch-Site", "same-origin", 403},
		"nothing but a name":  {"evil.example", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64)", 403},
		"looks like loopback": {"127.0.0.1.evil.example", "Origin", "http://127.0.0.1.evil.example", 403},
		"ends like localhost": {"evillocalhost", "Origin", "http://evillocalhost", 403},
		"no browser":          {"sandbox.example", "User-Agent", "curl/8.5.0", 200},
		"address":             {"127.0.0.1" + port, "Origin", "http://127.0.0.1" + port, 200},
		"address of IPv6":     {"[::1]" + port, "Origin", "http://[::1]" + port, 200},
		"another machine's":   {"192.0.2.7" + port, "Origin", "http://192.0.2.7" + port, 200},
		"localhost":           {"localhost" + port, "Origin", "http://localhost" + port, 200},
		"name of localhost":   {"shop.localhost", "Sec-Fetch-Site", "same-origin", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, asked := range [][2]string{
				{http.MethodPost, "/sandbox/clock"}, {http.MethodGet, "/sandbox/requests"}, {http.MethodGet, "/"},
			} {
				body := ""
				if asked[0] == http.MethodPost {
					body = `{"advance":"0s"}`
				}
				req := s.request(asked[0], asked[1], body)
				req.Host = test.host
				req.Header.Set(test.header, test.value)
				if a := s.do(req); a.status != test.status || test.status == 403 && !strings.Contains(a.body, "--addr") {
					t.Errorf("%v: %d %.200s", asked, a.status, a.body)
				}
			}
		})
	}
}
