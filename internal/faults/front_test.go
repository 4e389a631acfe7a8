//go:build faults

package faults

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// front is what stands before the replicas: it hands each request to the next, and answers 502 where that gives no answer, for
// who asked can't know what became of it.
type front struct {
	url string

	mu      sync.Mutex
	proxies []*httputil.ReverseProxy
	next    int
}

func newFront(t *testing.T) *front {
	f := &front{}
	f.url = serve(t, f).URL
	return f
}

func (f *front) add(base string) {
	to, _ := url.Parse(base) // of our own making
	proxy := newProxy(to)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proxies = append(slices.Clone(f.proxies), proxy)
}

func newProxy(to *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 8},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.next++
	proxy := f.proxies[f.next%len(f.proxies)]
	f.mu.Unlock()
	proxy.ServeHTTP(w, r)
}
