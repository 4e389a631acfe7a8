// Package sandboxtest starts a stateful Stripe Connect in one line of a test: OAuth, connected accounts, products, Checkout
// and signed webhooks on a free port of loopback, in memory, with no Stripe account and no network. It logs nothing and
// stops when the test ends.
//
//	s := sandboxtest.Start(t)
//
// Point Stripe's SDK at s.URL with s.Key. The methods are what Stripe's test mode can't do on command: an account that
// changes without a webhook, a call that is answered 500, a clock that moves four weeks. Each fails the test where the
// sandbox refuses, so call them from the test's own goroutine. Under s.URL stands a page that shows it all.
//
// It is for tests alone and may import sandbox. Its one rule: nothing of it outlives the test.
package sandboxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/sandbox"
)

// stopWithin is how long requests and deliveries in flight may take to end.
const stopWithin = 10 * time.Second

// Sandbox is a running sandbox and its platform's credentials.
type Sandbox struct {
	// URL is the sandbox's origin, for Stripe's API, OAuth and its pages alike: http://127.0.0.1:PORT.
	URL string
	// Account is the platform's own account (acct_…).
	Account string
	// Key is the platform's secret key (sk_test_…).
	Key string
	// ClientID is the platform's for OAuth (ca_…).
	ClientID string
	// WebhookSecret signs what Deliver has delivered (whsec_…).
	WebhookSecret string

	t      testing.TB
	inside *sandbox.Sandbox
	client *http.Client
}

// Start starts a sandbox that stops with the test. Webhooks that get no 2xx are delivered again after 20 ms, later each
// time, so that a test need not wait for them.
func Start(t testing.TB) *Sandbox {
	t.Helper()
	inside, err := sandbox.Start(t.Context(), sandbox.Config{RetryDelay: 20 * time.Millisecond})
	if err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	p := inside.Platform()
	s := &Sandbox{
		URL: inside.URL(), Account: p.Account, Key: p.Key, ClientID: p.ClientID, WebhookSecret: p.WebhookSecret,
		t: t, inside: inside, client: &http.Client{Transport: &http.Transport{}, CheckRedirect: stayHere},
	}
	t.Cleanup(s.stop)
	return s
}

func stayHere(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (s *Sandbox) stop() {
	s.t.Helper()
	s.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := s.inside.Stop(ctx); err != nil {
		s.t.Errorf("stop sandbox: %v", err)
	}
}

// post asks the sandbox's own side and reads the answer into into.
func (s *Sandbox) post(path string, order, into any) {
	s.t.Helper()
	body, err := json.Marshal(order)
	if err != nil {
		s.t.Fatalf("sandbox: %s: %v", path, err)
	}
	s.ask(http.MethodPost, path, body, into)
}

func (s *Sandbox) get(path string, into any) {
	s.t.Helper()
	s.ask(http.MethodGet, path, nil, into)
}

func (s *Sandbox) ask(method, path string, body []byte, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatalf("sandbox: %s %s: %v", method, path, err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatalf("sandbox: %v", err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("sandbox: %s %s: %v", method, path, err)
	}
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("sandbox: %s %s: %s: %s", method, path, res.Status, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		s.t.Fatalf("sandbox: %s %s: %v", method, path, err)
	}
}
