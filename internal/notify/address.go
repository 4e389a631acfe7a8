package notify

import (
	"errors"
	"fmt"
	"net/netip"
)

// errInside is an address that connectd does not call.
var errInside = errors.New("it points inside, and connectd calls public addresses alone")

// inside are the networks that are nobody's on the internet, or lead to such through a translation
// (iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry). Of IPv6 all but 2000::/3 is.
var inside = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// everyones is where addresses of the internet are given out (iana.org/assignments/ipv6-address-space).
var everyones = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// reach is where connectd may call.
type reach string

const (
	public  reach = "public addresses"
	andHere reach = "public addresses and this machine" // in test mode
)

// check is errInside for an address that may not be called. One that is mapped or carried into IPv6 is what it stands for.
func (r reach) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if r == andHere && addr.IsLoopback() {
		return nil
	}
	if !addr.IsValid() || (addr.Is6() && !everyones.Contains(addr)) {
		return fmt.Errorf("%s: %w", addr, errInside)
	}
	for _, network := range inside {
		if network.Contains(addr) {
			return fmt.Errorf("%s: %w", addr, errInside)
		}
	}
	return nil
}

func reachOf(livemode bool) reach {
	if livemode {
		return public
	}
	return andHere
}
