package notify

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/connectd/connectd/internal/account"
)

const (
	longestURL    = 2048
	resolveWithin = 2 * time.Second
)

// checkURL refuses, as an account.Error, what events are not sent to. Each dial looks at the address again: a name may point
// elsewhere by then, and one that can't be resolved now may be resolved later.
func checkURL(ctx context.Context, text string, livemode bool, resolver *net.Resolver) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > longestURL:
		return account.InvalidField("url", "has more than %d characters", longestURL)
	case err != nil || u.Opaque != "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return account.InvalidField("url", "is not an https URL, such as https://shop.example.com/connectd")
	case livemode && u.Scheme != "https":
		return account.InvalidField("url", "is http, and has to be https in live mode")
	case u.User != nil:
		return account.InvalidField("url", "has a user in it; the signature says who sends")
	case u.Fragment != "":
		return account.InvalidField("url", "has a fragment, which is never sent")
	case !callable(u.Port()):
		return account.InvalidField("url", "has a port that there is none of; there are 1 to 65535")
	}
	host, err := dialed(u.Hostname())
	if err != nil {
		return account.InvalidField("url", "has a host that is neither a name nor an address as it is usually written, such as 198.51.100.7")
	}
	if err := checkHost(ctx, host, reachOf(livemode), resolver); err != nil {
		return account.InvalidField("url", "points inside: connectd calls %s alone", reachOf(livemode))
	}
	return nil
}

func callable(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// dialed is the host as net/http dials it: full-width digits and dots, say, make an address. A name that ends in a number is an
// address in another notation, such as 10.1 (url.spec.whatwg.org, "ends in a number"), and resolves nowhere.
func dialed(host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return host, nil
	}
	if !ascii(host) {
		mapped, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", err
		}
		host = mapped
	}
	name := strings.TrimSuffix(host, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if _, err := netip.ParseAddr(name); err != nil && numeric(last) {
		return "", err
	}
	return name, nil
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// numeric reports whether a label is a number as some resolvers read it: decimal, octal or hexadecimal.
func numeric(label string) bool {
	if hex, isHex := strings.CutPrefix(strings.ToLower(label), "0x"); isHex {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func checkHost(ctx context.Context, host string, r reach, resolver *net.Resolver) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return r.check(addr)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	found, err := resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(host, "."))
	if err != nil {
		return nil //nolint:nilerr // it may be resolved by the time that something is sent
	}
	for _, addr := range found {
		if err := r.check(addr); err != nil {
			return err
		}
	}
	return nil
}
