package stripeapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/stripeapi"
)

// stripe is a sandbox in Stripe's place, and a client of its platform.
type stripe struct {
	*stripeapi.Client
	sandbox *sandbox.Sandbox
}

func startStripe(t *testing.T) stripe {
	t.Helper()
	box, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client := clientAt(t, box.URL(), func(cfg *stripeapi.Config) {
		cfg.SecretKey = stripeapi.Secret(box.Platform().Key)
		cfg.ClientID = box.Platform().ClientID
	})
	return stripe{client, box}
}

// grant is what a seller does in a browser; it returns the code.
func (s stripe) grant(t *testing.T, persona string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	at := s.AuthorizeURL("the-state", "http://127.0.0.1:1/oauth/callback") + "&persona=" + persona
	res := do(t, browser, http.MethodGet, at, "")
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	code := back.Query().Get("code")
	if code == "" || back.Query().Get("state") != "the-state" {
		t.Fatalf("%s: sent to %s", res.Status, back)
	}
	return code
}

func do(t *testing.T, client *http.Client, method, at, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s", method, at, res.Status)
	}
	return res
}

// meet has calls go wrong as the faults say.
func (s stripe) meet(t *testing.T, faults string) {
	t.Helper()
	do(t, http.DefaultClient, http.MethodPost, s.sandbox.URL()+"/sandbox/faults", faults)
}

// asked counts the requests that the sandbox saw.
func (s stripe) asked(t *testing.T, method, path string) int {
	t.Helper()
	var requests []struct{ Method, Path string }
	res := do(t, http.DefaultClient, http.MethodGet, s.sandbox.URL()+"/sandbox/requests", "")
	if err := json.NewDecoder(res.Body).Decode(&requests); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range requests {
		if r.Method == method && r.Path == path {
			n++
		}
	}
	return n
}

func (s stripe) connect(t *testing.T, persona string) string {
	t.Helper()
	grant, err := s.Exchange(t.Context(), s.grant(t, persona))
	if err != nil {
		t.Fatal(err)
	}
	return grant.AccountID
}

// retrieve connects a new account and reads it.
func (s stripe) retrieve(t *testing.T, persona string) account.Facts {
	t.Helper()
	id := s.connect(t, persona)
	got, err := s.Account(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.AccountID != id || !got.Interval.From.Before(got.Interval.To) || got.RequestID == "" {
		t.Errorf("retrieval %+v", got)
	}
	return got.Facts
}
