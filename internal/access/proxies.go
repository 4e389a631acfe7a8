package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are those whose X-Forwarded-For is believed: what stands before connectd.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as 10.0.0.0/8.
func ParseProxies(texts []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range texts {
		network, err := parseNetwork(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a network", text)
		}
		if network.Bits() == 0 {
			return nil, fmt.Errorf("%q is everybody: anyone could write another's address; name the proxies' own network", text)
		}
		proxies = append(proxies, network)
	}
	return proxies, nil
}

// mapped is how many bits stand before an address of IPv4 in one of IPv6 (RFC 4291, 2.5.5.2).
const mapped = 96

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		if address := network.Addr(); address.Is4In6() && network.Bits() >= mapped {
			network = netip.PrefixFrom(address.Unmap(), network.Bits()-mapped)
		}
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	address = address.Unmap().WithZone("")
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// Handler gives a request that comes from a proxy the RemoteAddr of whom it was forwarded for, with port 0.
func (p Proxies) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client := p.clientOf(r); client.IsValid() {
			r = r.WithContext(r.Context()) // a copy
			r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		next.ServeHTTP(w, r)
	})
}

// Vouch reports whether a request comes from a proxy itself, whose word of the request is believed.
func (p Proxies) Vouch(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.trust(peer.Addr())
}

// clientOf is the nearest address that is no proxy's, or the farthest of theirs; the zero Addr where the request comes from
// no proxy. Each proxy adds whom it was asked by at the end, so what stands before the nearest stranger anyone can have written.
func (p Proxies) clientOf(r *http.Request) (client netip.Addr) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trust(peer.Addr()) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			return client
		}
		client = address
		if !p.trust(address) {
			return client
		}
	}
	return client
}

func (p Proxies) trust(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// parseHop reads an address, with a port or without: some proxies write one, and some brackets alone.
func parseHop(text string) (netip.Addr, bool) {
	bare, found := strings.CutPrefix(text, "[")
	if inner, closed := strings.CutSuffix(bare, "]"); found && closed {
		text = inner
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Unmap().WithZone(""), true
	}
	at, err := netip.ParseAddrPort(text)
	return at.Addr().Unmap().WithZone(""), err == nil
}

// HostOf is a request's address without its port, for the audit.
func HostOf(remoteAddr string) string {
	at, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return ""
	}
	return at.Addr().Unmap().WithZone("").String()
}
