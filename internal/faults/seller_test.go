//go:build faults

package faults

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path"
	"time"

	"github.com/connectd/connectd/client"
)

// Sellers is how many there are who connect, and again when their account has gone; spares, of whom there are some more, only hold what
// they are given.
const (
	sellers = 16
	spares  = 8
)

// personas are those that a seller may have, most often one that works.
var personas = []string{"complete", "complete", "enabled", "enabled", "restricted_soon", "restricted", "incomplete", "deny"}

// seller connects, sometimes clumsily.
type seller struct {
	person
	id string
}

func (s seller) do(ctx context.Context) {
	ready, ok := s.readiness(ctx, s.id)
	switch {
	case !ok:
	case ready.Status == "not_connected" || ready.Status == "disconnected":
		s.connect(ctx)
	default:
		s.accounts.know(*ready.AccountID)
		if s.choose.IntN(6) == 0 {
			s.leave(ctx, *ready.AccountID)
		}
	}
}

// leave disconnects in the seller's own Dashboard, to connect again soon: codes have to be under way when things break.
func (s seller) leave(ctx context.Context, account string) {
	account, release := s.accounts.holdThis(account)
	defer release()
	if account == "" {
		return
	}
	s.happen(ctx, account, happening{path: control + "/deauthorize"})
}

// readiness is the database's answer.
func (p person) readiness(ctx context.Context, id string) (ready client.Readiness, ok bool) {
	res, body := p.ask(ctx, request{
		what: "readiness", method: http.MethodGet, path: "/v1/sellers/" + id + "/readiness", header: []string{"Cache-Control", "no-cache"},
	}, nil)
	return ready, res != nil && res.StatusCode == http.StatusOK && json.Unmarshal(body, &ready) == nil
}

func (s seller) connect(ctx context.Context) {
	link := s.link(ctx)
	if link == "" {
		return
	}
	jar, _ := cookiejar.New(nil) // never fails
	browser := s
	browser.http = &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, _ := browser.ask(ctx, request{what: "press Connect", method: http.MethodPost, path: link + "/authorize"}, nil)
	if res == nil || res.StatusCode != http.StatusSeeOther {
		return
	}
	if callback := browser.grant(ctx, res.Header.Get("Location")); callback != "" {
		browser.comeBack(ctx, callback)
	}
}

// link makes a page of the seller's.
func (s seller) link(ctx context.Context) (address string) {
	var made struct{ URL string }
	s.ask(ctx, request{what: "link", method: http.MethodPost, path: "/v1/onboarding-links", body: `{"seller_id":"` + s.id + `","email":"` + s.id + `@shop.example"}`},
		func(_ *http.Response, body []byte) string {
			if json.Unmarshal(body, &made) != nil {
				return "a link that can be read"
			}
			return "link " + hashOf(path.Base(made.URL))
		})
	return made.URL
}

// grant is what the seller does at Stripe: the way back.
func (s seller) grant(ctx context.Context, authorize string) (callback string) {
	at, err := url.Parse(authorize)
	if err != nil {
		s.t.Errorf("Stripe's page %q: %v", authorize, err)
		return ""
	}
	query := at.Query()
	query.Set("persona", personas[s.choose.IntN(len(personas))])
	res, _, err := s.send(ctx, request{method: http.MethodGet, path: s.stripe.ready.SandboxURL + at.Path + "?" + query.Encode()})
	if err != nil || res.StatusCode != http.StatusFound {
		return "" // Stripe is away
	}
	return res.Header.Get("Location")
}

// comeBack opens the way back: now and then another browser does so too, or the same once more.
func (s seller) comeBack(ctx context.Context, callback string) {
	if s.choose.IntN(4) == 0 {
		stranger := s
		stranger.http = &http.Client{Timeout: 30 * time.Second}
		stranger.open(ctx, "another browser's way back", callback)
	}
	s.open(ctx, "way back", callback)
	for range s.choose.IntN(3) {
		s.open(ctx, "reload", callback)
	}
	if ready, ok := s.readiness(ctx, s.id); ok && ready.Status != "disconnected" && ready.AccountID != nil {
		s.accounts.know(*ready.AccountID)
	}
}

func (s seller) open(ctx context.Context, what, callback string) {
	s.ask(ctx, request{what: what, method: http.MethodGet, path: callback}, func(res *http.Response, _ []byte) string {
		at, err := url.Parse(callback)
		if code := at.Query().Get("code"); err == nil && code != "" && res.StatusCode == http.StatusSeeOther {
			return "code " + hashOf(code)
		}
		return "" // denied
	})
}
