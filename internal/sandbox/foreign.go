package sandbox

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// foreigners tells what another site has a browser send: no key guards the controls and the pages.
type foreigners struct {
	crossOrigin http.CrossOriginProtection
	// listensAs is the host that the sandbox was told to listen on.
	listensAs string
}

func newForeigners(addr string) *foreigners {
	host, _, _ := net.SplitHostPort(addr) // one that is none can't be listened on
	return &foreigners{listensAs: host}
}

func (f *foreigners) refuse(r *http.Request) error {
	if f.crossOrigin.Check(r) != nil {
		return refuse(http.StatusForbidden, "Another site has sent this.")
	}
	if isBrowsers(r) && !f.isOwn(hostOf(r)) {
		return refuse(http.StatusForbidden, "A browser has sent this to %s, which may be any site's name for this machine: use "+
			"127.0.0.1, or have the sandbox listen on that name (--addr).", hostOf(r))
	}
	return nil
}

// isBrowsers goes by the User-Agent too: a browser that reads from its own origin over http sends neither of the others.
func isBrowsers(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" ||
		strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// isOwn takes any address, for only a name can come to mean another machine while a page is open (DNS rebinding), and
// names that always mean this one (RFC 6761, 6.3).
func (f *foreigners) isOwn(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.EqualFold(host, f.listensAs)
}

func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return strings.Trim(host, "[]")
}
