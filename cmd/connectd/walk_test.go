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
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// walk is a demo that the test walks through, as sellers, the platform, Stripe and an admin would.
type walk struct {
	t *testing.T
	walktest.Walk
}

// TestWalk drives connectd's main job from end to end, over HTTP, in real processes.
func TestWalk(t *testing.T) {
	args := demoArgs(t)
	env := append([]string{"CONNECTD_SCAN_CRON=@every 1s"}, inDebug...)
	demo, ready := start(t, env, args...)
	w := walk{t, walktest.Walk{Ready: ready}}

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
	w.Ready = again
	w.sameAs(t, before, ready)
	demo.Signal(t, syscall.SIGKILL)
	_, again = start(t, env, args...)
	w.Ready = again
	w.sameAs(t, before, ready)
}

func (w walk) everyPersona(t *testing.T) {
	for persona, status := range walktest.StatusOf {
		if got := w.Readiness(t, persona).Status; got != status {
			t.Errorf("seller %s is %s, want %s", persona, got, status)
		}
	}
	page := w.accounts(t, "limit=1000")
	if len(page.Data) != 24 {
		t.Errorf("%d accounts, want 24", len(page.Data))
	}
}

func (w walk) connectEach(t *testing.T) {
	for persona, status := range walktest.StatusOf {
		seller := "walk-" + persona
		page := w.Connect(t, seller, persona)
		if got := w.Readiness(t, seller); got.Status != status || *got.AccountID == "" {
			t.Errorf("seller %s is %s, want %s", seller, got.Status, status)
		}
		if body := w.Page(t, page); !strings.Contains(body, "Connected: ") || !strings.Contains(body, "Payouts") {
			t.Errorf("the page of %s does not say that it is connected:\n%s", seller, body)
		}
	}
}

func (w walk) webhookFlips(t *testing.T) {
	w.Connect(t, "flips", "complete")
	acct := *w.Readiness(t, "flips").AccountID
	began := time.Now()
	w.Sandbox(t, "accounts/"+acct, `{"charges_enabled":false}`)
	waittest.Until(t, "the webhook's effect", func() bool { return !w.Readiness(t, "flips").CanTransact })
	t.Logf("readiness followed the account after %v", time.Since(began).Round(time.Millisecond))
}

func (w walk) recheckFinds(t *testing.T) {
	w.Connect(t, "missed", "complete")
	acct := *w.Readiness(t, "missed").AccountID
	w.Sandbox(t, "accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	if !w.Readiness(t, "missed").CanTransact {
		t.Fatal("a silent change was seen without a check")
	}
	var ready client.Readiness
	w.API(t, http.MethodPost, "/v1/accounts/"+acct+"/recheck", "{}", http.StatusOK, &ready)
	if ready.CanTransact || ready.Status != "restricted" {
		t.Errorf("readiness after the re-check: %+v", ready)
	}
}

func (w walk) freshAndPast(t *testing.T) {
	w.Connect(t, "asks", "complete")
	before := w.Readiness(t, "asks")
	w.Sandbox(t, "accounts/"+*before.AccountID+"?silent=1", `{"payouts_enabled":false}`)
	c, open := client.New(w.BaseURL, w.APIKey), time.Now()
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
	w.Connect(t, "due", "complete")
	acct := *w.Readiness(t, "due").AccountID
	w.Sandbox(t, "accounts/"+acct+"?silent=1", `{"payouts_enabled":false}`)
	w.SQL(t, `update accounts set next_check_at = now() - interval '1 second' where id = $1`, acct)
	waittest.Until(t, "the check of a due account", func() bool { return !w.Readiness(t, "due").CanTransact })
}

func (w walk) unlink(t *testing.T) {
	works := w.Connect(t, "works", "complete")
	if status := walktest.NewVisitor(t).Form(works+"/unlink", nil).StatusCode; status != http.StatusConflict {
		t.Errorf("unlinking a working account answered %d", status)
	}
	acct := *w.Readiness(t, "works").AccountID
	w.API(t, http.MethodPost, "/v1/accounts/"+acct+"/unlink", "{}", http.StatusConflict, nil)
	if !w.Readiness(t, "works").CanTransact {
		t.Error("a refused unlink cut a seller off")
	}

	page := w.Connect(t, "elsewhere", "unsupported")
	if status := walktest.NewVisitor(t).Form(page+"/unlink", nil).StatusCode; status != http.StatusSeeOther {
		t.Errorf("unlinking an unsupported account answered %d", status)
	}
	if got := w.Readiness(t, "elsewhere").Status; got != "disconnected" {
		t.Errorf("after the unlink the seller is %s", got)
	}
	if body := w.Page(t, page); !strings.Contains(body, "Connect with Stripe") {
		t.Error("after the unlink the page offers no new connection")
	}
	w.Connect(t, "elsewhere", "complete")
	if got := w.Readiness(t, "elsewhere"); !got.CanTransact {
		t.Errorf("another account did not connect: %+v", got)
	}
}

func (w walk) deauthorized(t *testing.T) {
	w.Connect(t, "leaves", "complete")
	w.Sandbox(t, "accounts/"+*w.Readiness(t, "leaves").AccountID+"/deauthorize", "")
	waittest.Until(t, "the disconnection", func() bool { return w.Readiness(t, "leaves").Status == "disconnected" })
}

func (w walk) oneExchange(t *testing.T) {
	b := walktest.NewVisitor(t)
	grant := b.Begin(w.Walk, "twenty", "complete")
	callback := b.Location(http.MethodGet, grant, http.StatusFound)
	before := w.exchanges(t)
	var wg sync.WaitGroup
	locations := make([]string, 20)
	for i := range locations {
		wg.Go(func() {
			res, err := b.Get(callback)
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
	if !w.Readiness(t, "twenty").CanTransact {
		t.Error("the seller is not connected")
	}
}

func (w walk) mistakes(t *testing.T) {
	b := walktest.NewVisitor(t)
	grant := b.Begin(w.Walk, "mistaken", "complete")
	callback := b.Location(http.MethodGet, grant, http.StatusFound)
	refused := strings.Replace(callback, "code=ac_", "code=ac_no", 1)
	large := strings.Repeat("x", 1<<20+1)
	for _, m := range []struct {
		name, method, path, key, body string
		status                        int
		says                          string
	}{
		{"forged state", "GET", "/oauth/callback?code=ac_1&state=forged", "", "", 400, ""},
		{"another browser's state", "GET", strings.TrimPrefix(callback, w.BaseURL), "", "", 400, ""},
		{"bad signature", "POST", "/api/connectWebhook", "", "{}", 401, "Webhook Error: "},
		{"webhook too large", "POST", "/api/connectWebhook", "", large, 413, ""},
		{"wrong method", "PUT", "/v1/readiness", w.APIKey, "{}", 405, "application"},
		{"body too large", "POST", "/v1/readiness", w.APIKey, `{"seller_ids":["` + large + `"]}`, 413, ""},
		{"no key", "GET", "/v1/sellers/complete/readiness", "", "", 401, ""},
		{"a wrong key", "GET", "/v1/sellers/complete/readiness", "ck_test_wrong", "", 401, ""},
		{"no such path", "GET", "/v1/nothing", w.APIKey, "", 404, ""},
		{"malformed body", "POST", "/v1/readiness", w.APIKey, "{", 400, ""},
		{"unknown field", "POST", "/v1/readiness", w.APIKey, `{"seller_ids":[],"x":1}`, 422, "body.x"},
		{"no such link", "GET", "/connect/none", "", "", 404, ""},
	} {
		res := w.Do(t, m.method, w.BaseURL+m.path, m.key, m.body)
		body := walktest.Read(t, res)
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
	res, err := b.Get(refused)
	if err != nil {
		t.Fatal(err)
	}
	if body := walktest.Read(t, res); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Authorization code does not exist") {
		t.Errorf("a code that Stripe refuses: %d %s", res.StatusCode, body)
	}
	if w.Readiness(t, "mistaken").Status != "not_connected" {
		t.Error("a mistake connected a seller")
	}
}

func (w walk) adminTable(t *testing.T) {
	b := walktest.NewVisitor(t)
	res, err := b.Get(w.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	if body := walktest.Read(t, res); !strings.Contains(body, `name="password"`) {
		t.Errorf("without a session: %s", body)
	}
	if res := b.Form(w.AdminURL, url.Values{"password": {"wrong"}}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong password answered %d", res.StatusCode)
	}
	if res := b.Form(w.AdminURL, url.Values{"password": {w.AdminPassword}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the password answered %d", res.StatusCode)
	}
	res, err = b.Get(w.AdminURL + "?status=restricted_soon&q=restricted_soon")
	if err != nil {
		t.Fatal(err)
	}
	body := walktest.Read(t, res)
	acct := *w.Readiness(t, "restricted_soon").AccountID
	for _, want := range []string{"<table", "Restricted soon", acct, `type="search"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if strings.Contains(body, *w.Readiness(t, "complete").AccountID) {
		t.Error("the filter let another account through")
	}
	res, err = b.Get(w.BaseURL + "/admin/accounts/" + acct)
	if err != nil {
		t.Fatal(err)
	}
	if body := walktest.Read(t, res); !strings.Contains(body, "History") || !strings.Contains(body, "Re-check now") {
		t.Error("the account's page lacks its history or its button")
	}
}
