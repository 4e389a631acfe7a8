package onboarding_test

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

const (
	exchanges        = "/oauth/token"
	deauthorizations = "/oauth/deauthorize"
)

func TestGrantedAccountIsConnectedAndRetrieved(t *testing.T) {
	t.Parallel()
	for persona, want := range map[string]account.Status{
		"complete": account.Enabled, "restricted": account.Restricted, "incomplete": account.Incomplete,
		"rejected": account.Rejected, "unsupported": account.Unsupported, "nameless": account.Enabled,
	} {
		t.Run(persona, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			w := p.depart("s1").decide("persona=" + persona)
			page := baseURL + "/connect/" + w.token
			if diff := cmp.Diff(onboarding.Arrival{Location: page, PageURL: page}, w.mustArrive()); diff != "" {
				t.Error(diff)
			}
			p.wantStatus("s1", want)
			if ready := p.readiness("s1"); ready.CheckedAt == nil {
				t.Error("the account was not retrieved")
			}
		})
	}
}

func TestGrantedGoesOnToThePlatform(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin + "/done?order=7#top"})
	a := p.departFrom(token).decide("persona=no_payouts").mustArrive()
	back := p.wayBack(a.Location, url.Values{"order": {"7"}, "seller_id": {"s1"}, "status": {"restricted"}})
	if back.Fragment != "top" || back.Host != "shop.example.com" {
		t.Errorf("sent on to %s", a.Location)
	}
}

// wayBack holds the query of a return_url; its position must cover what the status tells.
func (p *place) wayBack(address string, want url.Values) *url.URL {
	p.t.Helper()
	back, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	query := back.Query()
	position, err := strconv.ParseInt(query.Get("position"), 10, 64)
	if version := p.readiness(want.Get("seller_id")).Version; err != nil || position < version {
		p.t.Errorf("position %q, %v; the seller's version is %d", query.Get("position"), err, version)
	}
	query.Del("position")
	if diff := cmp.Diff(want, query); diff != "" {
		p.t.Errorf("sent on to %s:\n%s", address, diff)
	}
	return back
}

func TestDeniedLeadsBackAndConnectsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	token := p.link(onboarding.LinkParams{SellerID: "s1", ReturnURL: shopOrigin + "/done"})
	w := p.departFrom(token).decide("persona=deny")
	for range 2 { // a reload is answered alike
		a := w.mustArrive()
		if !a.Denied || a.Location != "" || a.PageURL != baseURL+"/connect/"+token {
			t.Errorf("arrival %+v", a)
		}
		p.wayBack(a.ReturnURL, url.Values{"seller_id": {"s1"}, "status": {"denied"}})
	}
	p.wantStatus("s1", account.NotConnected)
	p.wantAsked(exchanges, 0)

	granted := &walk{p: p, cookies: w.cookies, back: url.Values{"state": {w.state()}, "code": {"ac_other"}}}
	granted.wantRefused(account.Invalid, "state")
	p.wantAsked(exchanges, 0)
}

func TestDeniedWithoutReturnURLHasNone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if a := p.depart("s1").decide("persona=deny").mustArrive(); !a.Denied || a.ReturnURL != "" {
		t.Errorf("arrival %+v", a)
	}
}

func TestOtherRefusalOfStripesIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	w.back = url.Values{"state": {w.state()}, "error": {"invalid_scope"}, "error_description": {"No such scope."}}
	_, err := w.arrive()
	wantError(t, err, account.Invalid, "")
	if !strings.Contains(err.Error(), "No such scope.") {
		t.Errorf("error %v does not say what Stripe said", err)
	}
}

// TestRefusalIsLegible: in an address anything may stand in Stripe's place.
func TestRefusalIsLegible(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	for given, want := range map[string]string{
		"No \xff\xfe such scope.": "No \ufffd\ufffd such scope.", "No\x00\r\n such\u202e": "No\ufffd\ufffd\ufffd such\ufffd", "Köln 名 <b>": "Köln 名 <b>",
	} {
		w.back = url.Values{"state": {w.state()}, "error": {"invalid_scope"}, "error_description": {given}}
		if _, err := w.arrive(); err == nil || !strings.HasSuffix(err.Error(), "account: "+want) {
			t.Errorf("%q: told %q", given, err)
		}
	}
}

func TestStateThatIsNotThisBrowsersIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	tests := map[string]func(w, other *walk){
		"missing":              func(w, _ *walk) { w.back.Del("state") },
		"empty":                func(w, _ *walk) { w.back.Set("state", "") },
		"forged":               func(w, _ *walk) { w.back.Set("state", strings.Repeat("A", 43)) },
		"changed":              func(w, _ *walk) { w.back.Set("state", w.state()+"x") },
		"without a cookie":     func(w, _ *walk) { w.cookies = nil },
		"of another browser":   func(w, other *walk) { w.cookies = other.cookies },
		"of another's cookie":  func(w, other *walk) { w.setCookie(other.cookieValue()) },
		"of an empty cookie":   func(w, _ *walk) { w.setCookie("") },
		"of half a cookie":     func(w, _ *walk) { w.setCookie(w.cookieValue()[:20]) },
		"of more than it":      func(w, _ *walk) { w.setCookie(w.cookieValue() + "." + w.token) },
		"begun before sealing": func(*walk, *walk) { p.exec("update oauth_states set sealed_token = null") },
		"a stranger's, wanted": func(w, other *walk) { w.back.Set("state", other.state()) },
	}
	for name, change := range tests {
		w := p.depart("s1").decide("persona=complete")
		change(w, p.depart("s2").decide("persona=complete"))
		_, err := w.arrive()
		if e, ok := asError(err); !ok || e.Kind != account.Invalid || e.Field != "state" {
			t.Errorf("%s: error %v, want one about the state", name, err)
		}
		if e, ok := errors.AsType[*onboarding.ArrivalError](err); ok {
			t.Errorf("%s: a stranger is led to %s", name, e.PageURL)
		}
	}
	p.wantAsked(exchanges, 0)
	p.wantStatus("s1", account.NotConnected)
}

// TestStateFromBeforeSealingIsToBeginAgain: the browser is the right one.
func TestStateFromBeforeSealingIsToBeginAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	p.exec("update oauth_states set sealed_token = null")
	wantWords(t, w, "please begin again")
	w.cookies = nil
	wantWords(t, w, "begun in another browser")
	p.wantAsked(exchanges, 0)
}

func (w *walk) cookieValue() string {
	for _, value := range w.cookies {
		return value
	}
	return ""
}

func (w *walk) setCookie(value string) {
	for name := range w.cookies {
		w.cookies[name] = value
	}
}

func TestStateExpires(t *testing.T) {
	t.Parallel()
	for _, choice := range []string{"persona=complete", "persona=deny"} {
		p := newPlace(t)
		w := p.depart("s1").decide(choice)
		p.clock.advance(10 * time.Minute)
		w.wantRefused(account.Invalid, "state")
		p.wantAsked(exchanges, 0)
	}
}

func TestStateWorksUntilItExpires(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	p.clock.advance(9 * time.Minute)
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
}

// TestDenialsAtTheSameMomentAreAnsweredAlike: two tabs that load one address.
func TestDenialsAtTheSameMomentAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for range 5 {
		w := p.depart("s1").decide("persona=deny")
		_, errs := arrivals(t, w, 4, p)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLinkRevokedInTheMiddleConnectsNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	p.exec("update onboarding_links set revoked_at = $1", p.clock.now())
	w.wantRefused(account.Expired, "")
	p.wantAsked(exchanges, 0)
	p.wantStatus("s1", account.NotConnected)
}

// TestLinkExpiredInTheMiddleConnects: who began in time has the ten minutes that every state has.
func TestLinkExpiredInTheMiddleConnects(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.departFrom(p.link(onboarding.LinkParams{SellerID: "s1", ExpiresIn: time.Minute})).decide("persona=complete")
	p.clock.advance(2 * time.Minute)
	w.mustArrive()
	p.wantStatus("s1", account.Enabled)
}

func TestUsedStateAnswersItsOwnCodeAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	first := w.mustArrive()
	p.clock.advance(time.Hour) // also once the state would have expired
	if diff := cmp.Diff(first, w.mustArrive()); diff != "" {
		t.Errorf("told again:\n%s", diff)
	}
	p.wantAsked(exchanges, 1)

	w.back.Set("code", p.depart("s2").decide("persona=complete").back.Get("code"))
	w.wantRefused(account.Invalid, "state")
	w.back.Del("code")
	w.wantRefused(account.Invalid, "code")
	w.back = url.Values{"state": {w.state()}, "error": {"access_denied"}}
	w.wantRefused(account.Invalid, "state")
	p.wantAsked(exchanges, 1)
	p.wantStatus("s1", account.Enabled)
}

func TestArrivalErrorLeadsToTheSellersPage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := p.depart("s1").decide("persona=complete")
	w.back.Del("code")
	_, err := w.arrive()
	e, ok := errors.AsType[*onboarding.ArrivalError](err)
	if !ok || e.PageURL != baseURL+"/connect/"+w.token {
		t.Errorf("error %#v", err)
	}
	wantError(t, err, account.Invalid, "code")
}
