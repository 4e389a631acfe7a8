// Package proxytest puts a proxy between a test and its Postgres, to cut it off or to stall it.
//
// It is for tests alone and may import nothing of connectd's. Its one rule: what it cuts it can join again, without a
// restart of either side.
package proxytest

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy stands before a Postgres. It is not safe for concurrent use.
type Proxy struct {
	tb    testing.TB
	proxy *toxiproxy.Proxy
	url   url.URL
}

// New starts a proxy before the server that the database's URL names; it ends with the test.
func New(tb testing.TB, databaseURL string) *Proxy {
	tb.Helper()
	database, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{tb: tb, proxy: toxiproxy.NewProxy(server, "postgres", "127.0.0.1:0", database.Host), url: *database}
	p.Mend()
	tb.Cleanup(p.Cut)
	return p
}

// URL is the database's by way of the proxy.
func (p *Proxy) URL() string {
	_, port, err := net.SplitHostPort(p.proxy.Listen)
	if err != nil {
		p.tb.Fatal(err)
	}
	through := p.url
	through.Host = net.JoinHostPort("127.0.0.1", port)
	return through.String()
}

// Cut ends all connections and takes none.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Mend takes connections again, where it did before.
func (p *Proxy) Mend() {
	p.tb.Helper()
	if err := p.proxy.Start(); err != nil {
		p.tb.Fatal(err)
	}
}

// Stall lets nothing through any more of what Postgres answers, while connections stay: what is asked of it is done.
func (p *Proxy) Stall() {
	p.tb.Helper()
	toxic := `{"name":"stall","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.tb.Fatal(err)
	}
}

// Flow ends the stall, and the connections that suffered it.
func (p *Proxy) Flow() {
	p.tb.Helper()
	if err := p.proxy.Toxics.RemoveToxic(context.Background(), "stall"); err != nil {
		p.tb.Fatal(err)
	}
}
