package access

import (
	"context"
	"net/netip"
	"sync"

	"golang.org/x/sync/semaphore"
)

// turns lets one at a time in from each address, in the order in which they came. Its zero value lets the first in.
type turns struct {
	mu sync.Mutex
	of map[string]*turn // by address, while someone has it or waits for it
}

type turn struct {
	one    *semaphore.Weighted
	wanted int
}

// take waits for the address's turn. Whoever has got it gives it back.
func (t *turns) take(ctx context.Context, address string) error {
	if err := t.join(address).one.Acquire(ctx, 1); err != nil {
		t.leave(address)
		return err
	}
	return nil
}

func (t *turns) give(address string) { t.leave(address).one.Release(1) }

func (t *turns) join(address string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = make(map[string]*turn)
	}
	if t.of[address] == nil {
		t.of[address] = &turn{one: semaphore.NewWeighted(1)}
	}
	t.of[address].wanted++
	return t.of[address]
}

func (t *turns) leave(address string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.of[address]
	left.wanted--
	if left.wanted == 0 {
		delete(t.of, address)
	}
	return left
}

// siteBits is how much of an IPv6 address is its site's; the rest its hosts choose as they like (RFC 4291, 2.5.4).
const siteBits = 64

// addressOf is whom a request's RemoteAddr stands for: a host, or with IPv6 the network that it is in.
func addressOf(remoteAddr string) string {
	remote, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	host := remote.Addr().Unmap().WithZone("")
	network, err := host.Prefix(min(siteBits, host.BitLen()))
	if err != nil {
		return remoteAddr
	}
	return network.String()
}
