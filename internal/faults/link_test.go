//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// link is what stands between two processes. It is safe for concurrent use.
type link struct {
	mu     sync.Mutex
	proxy  *toxiproxy.Proxy
	isOpen bool
}

// newLink starts a link to an address; it ends with the test.
func newLink(tb testing.TB, name, to string) *link {
	tb.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &link{proxy: toxiproxy.NewProxy(server, name, "127.0.0.1:0", to)}
	if err := l.mend(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.cut)
	return l
}

// address is where the link begins.
func (l *link) address() string {
	_, port, _ := net.SplitHostPort(l.proxy.Listen)
	return net.JoinHostPort("127.0.0.1", port)
}

// cut ends all connections and takes none.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isOpen {
		l.proxy.Stop()
		l.isOpen = false
	}
}

// mend takes connections again, where it did before.
func (l *link) mend() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isOpen {
		return nil
	}
	err := l.proxy.Start()
	l.isOpen = err == nil
	return err
}

// toxic is one of toxiproxy's, in its own words (github.com/Shopify/toxiproxy).
type toxic struct {
	Name       string           `json:"name"`
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Attributes map[string]int64 `json:"attributes"`
}

// Slow is a bad line; halfOpen lets nothing through either way while connections stay, as where a cable was pulled.
var (
	slow = []toxic{
		{"late", "latency", "downstream", map[string]int64{"latency": 300, "jitter": 200}},
		{"narrow", "bandwidth", "upstream", map[string]int64{"rate": 64}},
	}
	halfOpen = []toxic{
		{"deaf", "timeout", "downstream", map[string]int64{"timeout": 0}},
		{"mute", "timeout", "upstream", map[string]int64{"timeout": 0}},
	}
)

func (l *link) poison(with []toxic) error {
	var all error
	for _, t := range with {
		text, err := json.Marshal(t)
		if err == nil {
			_, err = l.proxy.Toxics.AddToxicJson(strings.NewReader(string(text)))
		}
		all = errors.Join(all, err)
	}
	return all
}

// cure ends what poison did. Connections that a timeout suffered end with it.
func (l *link) cure(with []toxic) error {
	var all error
	for _, t := range with {
		all = errors.Join(all, l.proxy.Toxics.RemoveToxic(context.Background(), t.Name))
	}
	return all
}
