package onboarding_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

func asError(err error) (*account.Error, bool) { return errors.AsType[*account.Error](err) }

// link makes a link and returns its token.
func (p *place) link(params onboarding.LinkParams) string {
	p.t.Helper()
	link, err := p.CreateLink(p.t.Context(), params)
	if err != nil {
		p.t.Fatal(err)
	}
	token, ok := strings.CutPrefix(link.URL, baseURL+"/connect/")
	if !ok || token == "" {
		p.t.Fatalf("the link is %s", link.URL)
	}
	return token
}

// walk is a seller's way to Stripe and back in one browser.
type walk struct {
	p       *place
	token   string
	cookies map[string]string
	away    string     // Stripe's page
	back    url.Values // the query of Stripe's redirect, once the seller has decided
}

// depart begins a walk of the seller, in a browser of its own.
func (p *place) depart(sellerID string) *walk {
	p.t.Helper()
	return p.departFrom(p.link(onboarding.LinkParams{SellerID: sellerID}))
}

func (p *place) departFrom(token string) *walk {
	p.t.Helper()
	d, err := p.Depart(p.t.Context(), token)
	if err != nil {
		p.t.Fatal(err)
	}
	return &walk{p: p, token: token, away: d.URL, cookies: map[string]string{d.Cookie.Name: d.Cookie.Value}}
}

// decide is what the seller does at Stripe, as the sandbox takes it in the query: persona=complete, account=acct_….
func (w *walk) decide(choice string) *walk {
	w.p.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(w.away + "&" + choice)
	if err != nil {
		w.p.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		w.p.t.Fatalf("%s: %v", res.Status, err)
	}
	if at := back.Scheme + "://" + back.Host + back.Path; at != baseURL+"/oauth/callback" {
		w.p.t.Fatalf("sent back to %s", at)
	}
	w.back = back.Query()
	return w
}

func (w *walk) cookie(name string) string { return w.cookies[name] }

func (w *walk) arrive() (onboarding.Arrival, error) {
	return w.p.Arrive(w.p.t.Context(), w.back, w.cookie)
}

func (w *walk) mustArrive() onboarding.Arrival {
	w.p.t.Helper()
	a, err := w.arrive()
	if err != nil {
		w.p.t.Fatal(err)
	}
	return a
}

func (w *walk) wantRefused(kind account.ErrorKind, field string) {
	w.p.t.Helper()
	_, err := w.arrive()
	wantError(w.p.t, err, kind, field)
}

func (w *walk) state() string { return w.back.Get("state") }

// connect walks the seller all the way, and returns the account.
func (p *place) connect(sellerID, choice string) string {
	p.t.Helper()
	p.depart(sellerID).decide(choice).mustArrive()
	id := p.readiness(sellerID).AccountID
	if id == nil {
		p.t.Fatalf("seller %s has no account", sellerID)
	}
	return *id
}

// account makes an account at the sandbox that is not connected to anyone.
func (p *place) newAccount(id, persona string) {
	p.t.Helper()
	p.control("accounts", `{"id":"`+id+`","persona":"`+persona+`","connected":false}`)
}

// present presents a code to Stripe behind connectd's back.
func (p *place) present(code string) {
	p.t.Helper()
	res, err := http.PostForm(p.stripe.box.URL()+"/oauth/token", url.Values{
		"client_secret": {p.stripe.box.Platform().Key}, "grant_type": {"authorization_code"}, "code": {code},
	})
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatal(res, err)
	}
	_ = res.Body.Close()
}
