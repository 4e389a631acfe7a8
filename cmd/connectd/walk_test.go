package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
)

// statusOf is the status that an account of each persona gets under the demo's policy.
var statusOf = map[string]string{
	"complete": "enabled", "enabled": "enabled", "nameless": "enabled", "restricted_soon": "restricted_soon",
	"restricted": "restricted", "no_payouts": "restricted", "no_charges": "restricted", "no_cards": "restricted",
	"document_failed": "restricted", "incomplete": "incomplete", "in_review": "in_review", "rejected": "rejected",
	"unsupported": "unsupported",
}

// walk is a demo that the test walks through, as sellers, the platform, Stripe and an admin would.
type walk struct {
	t     *testing.T
	ready app.Ready
}

// TestWalk drives connectd's main job from end to end, over HTTP, in real processes.
func TestWalk(t *testing.T) {
	args := demoArgs(t)
	env := append([]string{"CONNECTD_SCAN_CRON=@every 1s"}, inDebug...)
	demo, ready := start(t, env, args...)
	w := walk{t, ready}

	t.Run("sellers of every persona are there", w.everyPersona)
	t.Run("connect as each persona", w.connectEach)
	t.Run("a webhook flips readiness", w.webhookFlips)
	t.Run("a re-check finds what no webhook told", w.recheckFinds)
	t.Run("a fresh answer, and the one before it", w.freshAndPast)
	t.Run("an account that is due is checked with no one asking", w.dueIsChecked)
	t.Run("sell", w.sell)
	t.Run("unlink", w.unlink)
	t.Run("deauthorized at Stripe", w.deauthorized)
	t.Run("one code, twenty callbacks", w.oneExchange)
	t.Run("mistakes", w.mistakes)
	t.Run("the admin's table", w.adminTable)

	t.Run("nothing personal is logged", func(t *testing.T) { w.logHoldsNothingPersonal(t, demo.Log.String()) })

	before := w.snapshot()
	demo.Signal(t, syscall.SIGTERM)
	if demo.Err != nil {
		t.Fatalf("it ended with %v after SIGTERM\n%s", demo.Err, demo.Log)
	}
	demo, again := start(t, env, args...)
	w.ready = again
	w.sameAs(t, before, ready)
	demo.Signal(t, syscall.SIGKILL)
	_, again = start(t, env, args...)
	w.ready = again
	w.sameAs(t, before, ready)
}

func (w walk) everyPersona(t *testing.T) {
	for persona, status := range statusOf {
		if got := w.readiness(t, persona).Status; got != status {
			t.Errorf("seller %s is %s, want %s", persona, got, status)
		}
	}
	page := w.accounts(t, "limit=1000")
	if len(page.Data) != 24 {
		t.Errorf("%d accounts, want 24", len(page.Data))
	}
}

func (w walk) connectEach(t *testing.T) {
	for persona, status := range statusOf {
		seller := "walk-" + persona
		page := w.connect(t, seller, persona)
		if got := w.readiness(t, seller); got.Status != status || *got.AccountID == "" {
			t.Errorf("seller %s is %s, want %s", seller, got.Status, status)
		}
		if body := w.page(t, page); !strings.Contains(body, "Connected: ") || !strings.Contains(body, "Payouts") {
			t.Errorf("the page of %s does not say that it is connected:\n%s", seller, body)
		}
	}
}

func (w walk) webhookFlips(t *testing.T) {
	w.connect(t, "flips", "complete")
	acct := *w.readiness(t, "flips").AccountID
	began := time.Now()
	w.sandbox(t, "accounts/"+acct, `{"charges_enabled":false}`)
	eventually(t, "the webhook's effect", func() bool { return !w.readiness(t, "flips").CanTransact })
	t.Logf("readiness followed the account after %v", time.Since(began).Round(time.Millisecond))
}

func (w walk) recheckFinds(t *testing.T) {
	w.connect(t, "missed", "complete")
	acct := *w.readiness(t, "missed").AccountID
	w.sandbox(t, "accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	if !w.readiness(t, "missed").CanTransact {
		t.Fatal("a silent change was seen without a check")
	}
	var ready client.Readiness
	w.api(t, http.MethodPost, "/v1/accounts/"+acct+"/recheck", "{}", http.StatusOK, &ready)
	if ready.CanTransact || ready.Status != "restricted" {
		t.Errorf("readiness after the re-check: %+v", ready)
	}
}

func (w walk) freshAndPast(t *testing.T) {
	w.connect(t, "asks", "complete")
	before := w.readiness(t, "asks")
	w.sandbox(t, "accounts/"+*before.AccountID+"?silent=1", `{"payouts_enabled":false}`)
	c, open := client.New(w.ready.BaseURL, w.ready.APIKey), time.Now()
	if ready, err := c.ReadinessWithin(t.Context(), "asks", time.Hour); err != nil || !ready.CanTransact {
		t.Errorf("no older than an hour: %+v, %v", ready, err)
	}
	if ready, err := c.ReadinessWithin(t.Context(), "asks", 0); err != nil || ready.Status != "restricted" {
		t.Errorf("of now: %+v, %v", ready, err)
	}
	past, err := c.ReadinessAt(t.Context(), "asks", open)
	if err != nil || !past.Readiness.CanTransact || past.Evidence.Position != before.Version || past.Evidence.RequestID == nil {
		t.Errorf("of before: %+v, %v", past, err)
	}
}

func (w walk) dueIsChecked(t *testing.T) {
	w.connect(t, "due", "complete")
	acct := *w.readiness(t, "due").AccountID
	w.sandbox(t, "accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	w.sql(t, `update accounts set next_check_at = now() - interval '1 second' where id = $1`, acct)
	eventually(t, "the check of a due account", func() bool { return !w.readiness(t, "due").CanTransact })
}

func (w walk) unlink(t *testing.T) {
	works := w.connect(t, "works", "complete")
	if status := newBrowser(t).form(works+"/unlink", nil).StatusCode; status != http.StatusConflict {
		t.Errorf("unlinking a working account answered %d", status)
	}
	acct := *w.readiness(t, "works").AccountID
	w.api(t, http.MethodPost, "/v1/accounts/"+acct+"/unlink", "{}", http.StatusConflict, nil)
	if !w.readiness(t, "works").CanTransact {
		t.Error("a refused unlink cut a seller off")
	}

	page := w.connect(t, "elsewhere", "unsupported")
	if status := newBrowser(t).form(page+"/unlink", nil).StatusCode; status != http.StatusSeeOther {
		t.Errorf("unlinking an unsupported account answered %d", status)
	}
	if got := w.readiness(t, "elsewhere").Status; got != "disconnected" {
		t.Errorf("after the unlink the seller is %s", got)
	}
	if body := w.page(t, page); !strings.Contains(body, "Connect with Stripe") {
		t.Error("after the unlink the page offers no new connection")
	}
	w.connect(t, "elsewhere", "complete")
	if got := w.readiness(t, "elsewhere"); !got.CanTransact {
		t.Errorf("another account did not connect: %+v", got)
	}
}

func (w walk) deauthorized(t *testing.T) {
	w.connect(t, "leaves", "complete")
	w.sandbox(t, "accounts/"+*w.readiness(t, "leaves").AccountID+"/deauthorize", "")
	eventually(t, "the disconnection", func() bool { return w.readiness(t, "leaves").Status == "disconnected" })
}

func (w walk) oneExchange(t *testing.T) {
	b := newBrowser(t)
	grant := b.begin(w, "twenty", "complete")
	callback := b.location(http.MethodGet, grant, http.StatusFound)
	before := w.exchanges(t)
	var wg sync.WaitGroup
	locations := make([]string, 20)
	for i := range locations {
		wg.Go(func() {
			res, err := b.get(callback)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			locations[i] = fmt.Sprint(res.StatusCode, " ", res.Header.Get("Location"))
		})
	}
	wg.Wait()
	slices.Sort(locations)
	if alike := slices.Compact(locations); len(alike) != 1 || !strings.HasPrefix(alike[0], "303 ") {
		t.Errorf("twenty callbacks were answered %q", alike)
	}
	if n := w.exchanges(t) - before; n != 1 {
		t.Errorf("twenty callbacks reached the exchange %d times", n)
	}
	if !w.readiness(t, "twenty").CanTransact {
		t.Error("the seller is not connected")
	}
}

func (w walk) mistakes(t *testing.T) {
	b := newBrowser(t)
	grant := b.begin(w, "mistaken", "complete")
	callback := b.location(http.MethodGet, grant, http.StatusFound)
	refused := strings.Replace(callback, "code=ac_", "code=ac_no", 1)
	large := strings.Repeat("x", 1<<20+1)
	for _, m := range []struct {
		name, method, path, key, body string
		status                        int
		says                          string
	}{
		{"forged state", "GET", "/oauth/callback?code=ac_1&state=forged", "", "", 400, ""},
		{"another browser's state", "GET", strings.TrimPrefix(callback, w.ready.BaseURL), "", "", 400, ""},
		{"bad signature", "POST", "/api/connectWebhook", "", "{}", 401, "Webhook Error: "},
		{"webhook too large", "POST", "/api/connectWebhook", "", large, 413, ""},
		{"wrong method", "PUT", "/v1/readiness", w.ready.APIKey, "{}", 405, "application"},
		{"body too large", "POST", "/v1/readiness", w.ready.APIKey, `{"seller_ids":["` + large + `"]}`, 413, ""},
		{"no key", "GET", "/v1/sellers/complete/readiness", "", "", 401, ""},
		{"a wrong key", "GET", "/v1/sellers/complete/readiness", "ck_test_wrong", "", 401, ""},
		{"no such path", "GET", "/v1/nothing", w.ready.APIKey, "", 404, ""},
		{"malformed body", "POST", "/v1/readiness", w.ready.APIKey, "{", 400, ""},
		{"unknown field", "POST", "/v1/readiness", w.ready.APIKey, `{"seller_ids":[],"x":1}`, 422, "body.x"},
		{"no such link", "GET", "/connect/none", "", "", 404, ""},
	} {
		res := w.do(t, m.method, w.ready.BaseURL+m.path, m.key, m.body)
		body := read(t, res)
		if res.StatusCode != m.status {
			t.Errorf("%s: %d, want %d: %s", m.name, res.StatusCode, m.status, body)
		}
		if m.says == "application" {
			if res.Header.Get("Allow") == "" {
				t.Errorf("%s: no Allow", m.name)
			}
		} else if !strings.Contains(body, m.says) {
			t.Errorf("%s: %s does not say %q", m.name, body, m.says)
		}
	}
	res, err := b.get(refused)
	if err != nil {
		t.Fatal(err)
	}
	if body := read(t, res); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Authorization code does not exist") {
		t.Errorf("a code that Stripe refuses: %d %s", res.StatusCode, body)
	}
	if w.readiness(t, "mistaken").Status != "not_connected" {
		t.Error("a mistake connected a seller")
	}
}

func (w walk) adminTable(t *testing.T) {
	b := newBrowser(t)
	res, err := b.get(w.ready.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	if body := read(t, res); !strings.Contains(body, `name="password"`) {
		t.Errorf("without a session: %s", body)
	}
	if res := b.form(w.ready.AdminURL, url.Values{"password": {"wrong"}}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong password answered %d", res.StatusCode)
	}
	if res := b.form(w.ready.AdminURL, url.Values{"password": {w.ready.AdminPassword}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the password answered %d", res.StatusCode)
	}
	res, err = b.get(w.ready.AdminURL + "?status=restricted_soon&q=restricted_soon")
	if err != nil {
		t.Fatal(err)
	}
	body := read(t, res)
	acct := *w.readiness(t, "restricted_soon").AccountID
	for _, want := range []string{"<table", "Restricted soon", acct, `type="search"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if strings.Contains(body, *w.readiness(t, "complete").AccountID) {
		t.Error("the filter let another account through")
	}
	res, err = b.get(w.ready.BaseURL + "/admin/accounts/" + acct)
	if err != nil {
		t.Fatal(err)
	}
	if body := read(t, res); !strings.Contains(body, "History") || !strings.Contains(body, "Re-check now") {
		t.Error("the account's page lacks its history or its button")
	}
}
