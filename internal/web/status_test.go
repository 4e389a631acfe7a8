package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html/atom"

	"github.com/connectd/connectd/internal/web"
)

func wellStatus() web.Status {
	asked := t0
	return web.Status{AskedAt: &asked, Checks: []web.Check{
		{Name: "database", State: web.CheckOK, Words: "it answers"},
		{Name: "key", State: web.CheckOK, Words: "platform acct_1 in test mode"},
	}}
}

func faultyStatus() web.Status {
	asked, since := t0, t0.Add(time.Minute)
	return web.Status{
		Troubles: []web.Trouble{{Words: "An exchange for seller seller_1 is unfinished.", Fix: "Let the seller connect again.", Page: &web.Page{Words: "The seller’s links", URL: "/admin/links?seller_id=seller_1"}}},
		Checks: []web.Check{
			{Name: "database", State: web.CheckOK, Words: "it answers; the last event came at 2026-03-01T12:00:00Z"},
			{Name: "reads", State: web.CheckWarning, Words: "connectd has read from Stripe 9000 times", Fix: "set CONNECTD_STRIPE_READ_ALLOCATION"},
			{Name: "webhook", State: web.CheckWrong, Words: "no endpoint leads <here>", Fix: "connectd webhooks setup"},
		},
		AskedAt: &asked, AskingSince: &since,
	}
}

// TestAllIsWellOnlyWhereAllIs: not while Stripe has not been asked, nor where a check asks for something.
func TestAllIsWellOnlyWhereAllIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	s.status = faultyStatus()
	if to := b.get("/statusz").hides("All is well.").link("The seller’s links"); to != "/admin/links?seller_id=seller_1" {
		t.Errorf("leads to %s", to)
	}
	s.status = wellStatus()
	b.get("/statusz").shows("All is well.")
	s.status.Checks[1].State = web.CheckWarning
	b.get("/statusz").hides("All is well.").shows("One of the checks asks for something")
	s.status = wellStatus()
	s.status.Troubles = faultyStatus().Troubles
	s.status.Troubles[0].Page = &web.Page{Words: "Open the links", URL: "/admin/links"}
	if at := b.get("/statusz").hides("All is well.").link("Open the links"); at != "/admin/links" {
		t.Errorf("what mends it is at %s", at)
	}
}

// TestWhatIsWrongComesFirst, with its state in words and what to do.
func TestWhatIsWrongComesFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.status = faultyStatus()
	var states []string
	for _, row := range s.signedIn().get("/statusz").rows() {
		states = append(states, strings.Join(row, " | "))
	}
	want := []string{
		"wrong | no endpoint leads <here>What to do: connectd webhooks setup",
		"warning | connectd has read from Stripe 9000 timesWhat to do: set CONNECTD_STRIPE_READ_ALLOCATION", "ok | it answers; the last event came at 1 Mar 2026 12:00 UTC",
	}
	if !slices.Equal(states, want) {
		t.Errorf("%q", states)
	}
}

// TestStatusIsShownAgainWhereItChanged, and nothing is answered where it did not.
func TestStatusIsShownAgainWhereItChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.status = wellStatus()
	b := s.signedIn()
	live := ""
	for n := range b.get("/statusz").root.Descendants() {
		if attr(n, "id") == "state" {
			live = attr(n, "hx-get")
		}
	}
	ask := func() *page { return b.do(http.MethodGet, live, nil, http.Header{"HX-Request": {"true"}}) }
	ask().want(http.StatusNoContent)
	s.status.Checks[1].Words = "platform acct_2"
	ask().want(http.StatusOK).shows("platform acct_2")
}

func TestStripeIsAskedNow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.status = wellStatus()
	b := s.signedIn()
	to := b.get("/statusz").button("Ask Stripe now")
	s.browser().post(to, nil).want(http.StatusUnauthorized)
	if at := b.post(to, nil).want(http.StatusSeeOther).Header.Get("Location"); at != "/statusz" {
		t.Errorf("led to %s", at)
	}
	b.do(http.MethodGet, "/statusz", nil, http.Header{"HX-Request": {"true"}})
	if want := []web.Glance{web.Opened, web.Asked, web.LeftOpen}; !slices.Equal(s.glances, want) { // and no stranger's
		t.Errorf("the glances were %v", s.glances)
	}
}

// TestStatusAnswersWhereSessionsHang: it says so, within seconds.
func TestStatusAnswersWhereSessionsHang(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.signedIn()
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(t.Context()) })
	if _, err := tx.Exec(t.Context(), "lock table sessions in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	b.get("/statusz").want(http.StatusServiceUnavailable).shows("The database does not answer")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get("/statusz").want(http.StatusOK)
}

// TestEveryRoomTakesTheSignInInItsPlace: a right password leads back to it, a wrong one shows the form again.
func TestEveryRoomTakesTheSignInInItsPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	paths := []string{"/admin/search?q=a"}
	for _, nav := range s.signedIn().get("/admin/help").all(atom.Nav) {
		if attr(nav, "aria-label") != "Admin" {
			continue
		}
		for _, a := range within(nav, atom.A) {
			paths = append(paths, attr(a, "href"))
		}
	}
	if len(paths) < 5 {
		t.Fatalf("the rooms are %q", paths)
	}
	for i, path := range paths {
		b := s.browser().at(fmt.Sprintf("192.0.2.%d", i/5)) // an address has ten wrong passwords
		to := b.get(path).want(http.StatusOK).button("Sign in")
		b.post(to, url.Values{"password": {"wrong"}}).want(http.StatusUnauthorized).button("Sign in")
		if at := b.post(to, url.Values{"password": {password}}).want(http.StatusSeeOther).Header.Get("Location"); at != path {
			t.Errorf("signed in at %s, and led to %s", path, at)
		}
	}
}

// TestWhereAFormWasSentToLeadsToItsRoom, which takes the sign-in: a password is not posted to what makes something.
func TestWhereAFormWasSentToLeadsToItsRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, b := range []*browser{s.browser(), s.signedIn()} {
		for path, room := range map[string]string{
			"/admin/keys/create": "/admin/keys", "/admin/policy/apply": "/admin/policy", "/admin/endpoints/new": "/admin/endpoints?new=yes",
		} {
			if at := b.get(path).want(http.StatusSeeOther).Header.Get("Location"); at != room {
				t.Errorf("%s leads to %s", path, at)
			}
		}
	}
}
