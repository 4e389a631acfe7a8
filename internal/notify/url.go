package notify

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

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
	}
	if err := checkHost(ctx, u.Hostname(), reachOf(livemode), resolver); err != nil {
		return account.InvalidField("url", "points inside: connectd calls %s alone", reachOf(livemode))
	}
	return nil
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
