package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// balancer leads each request to one of those who are there, as a load balancer that knows nothing of them. Where one does not
// answer it says so in HTML with a 502, and it cuts what is being answered when its server dies.
type balancer struct {
	*httptest.Server
	proxy     httputil.ReverseProxy
	gone      atomic.Int64 // answers 410
	snapshots atomic.Int64 // that were begun

	mu sync.Mutex
	to []*url.URL
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{}
	b.proxy = httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(b.next()) }, ModifyResponse: b.count,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("<html><h1>502 Bad Gateway</h1></html>"))
		},
	}
	b.Server = httptest.NewServer(&b.proxy)
	t.Cleanup(b.Close)
	return b
}

// set replaces the servers.
func (b *balancer) set(t *testing.T, baseURLs ...string) {
	t.Helper()
	var to []*url.URL
	for _, base := range baseURLs {
		at, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		to = append(to, at)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to = to
}

func (b *balancer) next() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.to[rand.IntN(len(b.to))]
}

func (b *balancer) count(res *http.Response) error {
	asked := res.Request.URL
	switch {
	case res.StatusCode == http.StatusGone:
		b.gone.Add(1)
	case res.Request.Method == http.MethodGet && asked.Path == "/v1/readiness" && !asked.Query().Has("cursor"):
		b.snapshots.Add(1)
	}
	return nil
}
