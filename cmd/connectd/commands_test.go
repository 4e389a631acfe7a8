package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestCommands runs the commands against the database of a running demo, as an operator would.
func TestCommands(t *testing.T) {
	t.Parallel()
	_, ready := start(t, []string{"CONNECTD_TRUSTED_PROXIES=127.0.0.1"}, demoArgs(t, "--sellers", "13")...)
	o := operator{
		database: []string{"DATABASE_URL=" + ready.DatabaseURL},
		stripe: []string{
			"DATABASE_URL=" + ready.DatabaseURL, "STRIPE_SECRET_KEY=" + ready.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + ready.ClientID,
			"STRIPE_API_BASE=" + ready.SandboxURL, "STRIPE_CONNECT_BASE=" + ready.SandboxURL,
		},
		walk: walk{t, walktest.Walk{Ready: ready}},
	}
	t.Run("accounts list and show", o.listAndShow)
	t.Run("accounts recheck", o.recheck)
	t.Run("accounts unlink", o.unlink)
	t.Run("accounts reassign", o.reassign)
	t.Run("what people did", o.audited)
	t.Run("what people did to keys and links", o.actsAreKept)
	t.Run("what people did behind a proxy", o.comesThroughAProxy)
	t.Run("a search that lacks its index", o.searchLacksItsIndex)
	t.Run("events", o.events)
	t.Run("policy", o.policy)
	t.Run("keys", o.keys)
	t.Run("links", o.links)
	t.Run("mails", o.mails)
	t.Run("doctor", o.doctor)
	t.Run("the mail server", o.mailServer)
	t.Run("the allocation of reads", o.reads)
	t.Run("webhooks", o.webhooks)
	t.Run("webhook endpoints", o.endpoints)
	t.Run("restricted keys", o.restrictedKeys)
	t.Run("OAuth switched off", o.oauthSwitchedOff)
	t.Run("migrate", o.migrate)
	t.Run("an unmigrated database", o.unmigrated)
	t.Run("serve beside the demo", o.serveBeside)
	t.Run("one code, twenty verifications over two processes", o.verifiedOnce)
	t.Run("kill -9 in the middle of an exchange", o.cutOff)
	t.Run("serve refuses another platform", o.refusesAnotherPlatform)
	t.Run("a clock that is off", o.clockOff)
	t.Run("bodies that never come", o.slowBodies)
}

// operator runs commands with the environment that each kind of them needs.
type operator struct {
	walk
	database, stripe []string
}

// expect runs a command, wants the exit code, and returns what was printed on standard output.
func expect(t testing.TB, code int, env []string, args ...string) string {
	t.Helper()
	stdout, stderr, got := connectd(t, env, args...)
	if got != code {
		t.Fatalf("connectd %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	return stdout
}

func (o operator) listAndShow(t *testing.T) {
	table := expect(t, 0, o.database, "accounts", "list", "--sort", "seller_id")
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != 14 || !strings.HasPrefix(lines[0], "ACCOUNT") || !strings.HasPrefix(lines[1], "acct_") || !strings.Contains(lines[1], "complete") {
		t.Errorf("the table:\n%s", table)
	}
	listed := strings.Split(strings.TrimSpace(expect(t, 0, o.database, "accounts", "list", "--status", "rejected", "--json")), "\n")
	var rejected, shown client.Account
	if err := json.Unmarshal([]byte(listed[0]), &rejected); err != nil || len(listed) != 1 {
		t.Fatalf("the list as JSON: %v: %q", err, listed)
	}
	if err := json.Unmarshal([]byte(expect(t, 0, o.database, "accounts", "show", rejected.ID)), &shown); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rejected, shown); diff != "" {
		t.Error(diff)
	}
	expect(t, 1, o.database, "accounts", "show", "acct_none")
	expect(t, 2, o.database, "accounts", "list", "--sort", "nothing")
}

func (o operator) recheck(t *testing.T) {
	acct := *o.Readiness(t, "enabled").AccountID
	o.Sandbox(t, "accounts/"+acct+"?silent=1", `{"charges_enabled":false}`)
	var ready client.Readiness
	if err := json.Unmarshal([]byte(expect(t, 0, o.stripe, "accounts", "recheck", acct)), &ready); err != nil {
		t.Fatal(err)
	}
	if ready.CanTransact || ready.SellerID != "enabled" {
		t.Errorf("readiness after the re-check: %+v", ready)
	}
	expect(t, 1, o.stripe, "accounts", "recheck", "acct_none")
}

func (o operator) unlink(t *testing.T) {
	works, not := *o.Readiness(t, "complete").AccountID, *o.Readiness(t, "unsupported").AccountID
	expect(t, 1, o.stripe, "accounts", "unlink", works)
	for range 2 { // done already is done
		expect(t, 0, o.stripe, "accounts", "unlink", not)
	}
	expect(t, 0, o.stripe, "accounts", "unlink", "--force", works)
	for _, seller := range []string{"complete", "unsupported"} {
		if got := o.Readiness(t, seller).Status; got != "disconnected" {
			t.Errorf("seller %s is %s", seller, got)
		}
	}
}

func (o operator) reassign(t *testing.T) {
	acct := *o.Readiness(t, "nameless").AccountID
	expect(t, 0, o.database, "accounts", "reassign", acct, "heir")
	if got := o.Readiness(t, "heir"); *got.AccountID != acct || !got.CanTransact {
		t.Errorf("the new holder: %+v", got)
	}
	if got := o.Readiness(t, "nameless").Status; got != "disconnected" {
		t.Errorf("the former holder is %s", got)
	}
	expect(t, 1, o.database, "accounts", "reassign", acct, "restricted")
	expect(t, 2, o.database, "accounts", "reassign", acct, "a b")
}

func (o operator) policy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.json")
	shown := expect(t, 0, o.database, "policy", "show")
	loose := strings.Replace(shown, `"require_payouts": true`, `"require_payouts": false`, 1)
	if loose == shown || os.WriteFile(file, []byte(loose), 0o600) != nil {
		t.Fatalf("policy show printed %s", shown)
	}
	if o.Readiness(t, "no_payouts").CanTransact {
		t.Fatal("a seller without payouts can transact")
	}
	plan := expect(t, 0, o.database, "policy", "plan", file)
	if !strings.Contains(plan, "no_payouts") || !strings.Contains(plan, "0 would lose and 1 would gain") {
		t.Errorf("the plan:\n%s", plan)
	}
	if _, stderr, code := connectd(t, o.database, "policy", "apply", file); code != 1 || !strings.Contains(stderr, "no terminal to ask on") {
		t.Errorf("with nobody to say yes it ended with %d: %s", code, stderr)
	}
	if o.Readiness(t, "no_payouts").CanTransact {
		t.Error("a plan changed something")
	}
	expect(t, 0, o.database, "policy", "apply", "--yes", file)
	if got := o.Readiness(t, "no_payouts"); !got.CanTransact || got.Status != "restricted" {
		t.Errorf("after the policy: %+v", got)
	}
	for _, wrong := range []string{`{"require_payout": false}`, `{}`, `{`, shown + "trailing", strings.Replace(shown, "card_payments", "no name", 1)} {
		if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, stderr, code := connectd(t, o.database, "policy", "apply", "--yes", file); code != 2 || !strings.Contains(stderr, "connectd policy show") {
			t.Errorf("%s: it ended with %d: %s", wrong, code, stderr)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Replace(shown, "card_payments", "nope", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := connectd(t, o.database, "policy", "plan", file); code != 0 || !strings.Contains(stderr, "no connected account lists nope") {
		t.Errorf("with a capability that nobody has it ended with %d: %s", code, stderr)
	}
}

func (o operator) keys(t *testing.T) {
	secret := strings.TrimSpace(expect(t, 0, o.database, "keys", "create", "--name", "shop", "--scope", "readiness:read"))
	if !strings.HasPrefix(secret, "ck_test_") || strings.ContainsAny(secret, " \n") {
		t.Fatalf("keys create printed %q", secret)
	}
	path := o.BaseURL + "/v1/sellers/enabled/readiness"
	if res := o.Do(t, http.MethodGet, path, secret, ""); res.StatusCode != http.StatusOK {
		t.Errorf("the new key: %s", walktest.Read(t, res))
	}
	if res := o.Do(t, http.MethodGet, o.BaseURL+"/v1/accounts", secret, ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a scope too small: %s", walktest.Read(t, res))
	}
	var id string
	for line := range strings.Lines(expect(t, 0, o.database, "keys", "list")) {
		if strings.Contains(line, "shop") {
			id, _, _ = strings.Cut(line, " ")
		}
	}
	expect(t, 0, o.database, "keys", "revoke", id)
	waittest.Until(t, "the revoked key opens nothing", func() bool { // another process's memory is not made anew at once
		res := o.Do(t, http.MethodGet, path, secret, "")
		_ = walktest.Read(t, res)
		return res.StatusCode == http.StatusUnauthorized
	})
	expect(t, 1, o.database, "keys", "revoke", "key_none")
	expect(t, 2, o.database, "keys", "create", "--name", "shop", "--scope", "everything")
	o.expiry(t)
}

// expiry: a life that was reckoned to nothing makes no key, least of all one that lives for ever; the list says when each ends.
func (o operator) expiry(t *testing.T) {
	for _, life := range []string{"0", "0s", "-1h"} {
		_, stderr, code := connectd(t, o.database, "keys", "create", "--name", "lifeless", "--scope", "readiness:read", "--expires-in="+life)
		if code != 2 || !strings.Contains(stderr, "--expires-in") {
			t.Errorf("a life of %s ended with %d: %s", life, code, stderr)
		}
	}
	expect(t, 0, o.database, "keys", "create", "--name", "brief", "--scope", "readiness:read", "--expires-in", "720h")
	expect(t, 0, o.database, "keys", "create", "--name", "endless", "--scope", "readiness:read")
	for _, of := range []struct{ beside, said string }{{"accounts:read", "opens nothing without accounts:write"}, {"accounts:write", ""}} {
		_, words, code := connectd(t, o.database, "keys", "create", "--name", "force", "--scope", "accounts:force", "--scope", of.beside)
		if code != 0 || strings.Contains(words, "opens nothing") != (of.said != "") || !strings.Contains(words, of.said) {
			t.Errorf("accounts:force beside %s ended with %d: %s", of.beside, code, words)
		}
	}
	table := expect(t, 0, o.database, "keys", "list")
	header, _, _ := strings.Cut(table, "\n")
	from, to := strings.Index(header, "EXPIRES"), strings.Index(header, "LAST USED")
	expires := map[string]string{}
	for line := range strings.Lines(table) {
		expires[strings.Fields(line)[1]] = strings.TrimSpace(line[from:to])
	}
	end, err := time.Parse(time.RFC3339, expires["brief"])
	if err != nil || !end.After(time.Now()) || expires["endless"] != "never" || expires["lifeless"] != "" {
		t.Errorf("the list says %q:\n%s", expires["brief"], table)
	}
}

func (o operator) links(t *testing.T) {
	var link struct {
		URL string `json:"url"`
	}
	o.API(t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"linked"}`, http.StatusCreated, &link)
	var id string
	for line := range strings.Lines(expect(t, 0, o.database, "links", "list")) {
		if strings.Contains(line, "linked") {
			id, _, _ = strings.Cut(line, " ")
			if strings.Count(line, "never") != 2 {
				t.Errorf("an unused link: %s", line)
			}
		}
	}
	o.Page(t, link.URL)
	for line := range strings.Lines(expect(t, 0, o.database, "links", "list")) {
		if strings.HasPrefix(line, id) && strings.Contains(line, "never") {
			t.Errorf("a used link: %s", line)
		}
	}
	expect(t, 0, o.database, "links", "revoke", id)
	if res := o.Do(t, http.MethodGet, link.URL, "", ""); res.StatusCode != http.StatusGone {
		t.Errorf("a revoked link answered %d: %s", res.StatusCode, walktest.Read(t, res))
	}
	if list := expect(t, 0, o.database, "links", "list", "--json"); strings.Contains(list, id) {
		t.Error("a revoked link is listed")
	}
	expect(t, 1, o.database, "links", "revoke", "link_none")
}

// doctor finds a demo well, and names each thing that is not.
func (o operator) doctor(t *testing.T) {
	well := append([]string{"BASE_URL=" + o.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	if found := expect(t, 0, well, "doctor"); strings.Contains(found, "wrong") || strings.Count(found, "ok ") < 9 {
		t.Errorf("a demo is found:\n%s", found)
	}
	var other struct {
		ClientID string `json:"client_id"`
	}
	res := o.Do(t, http.MethodPost, o.SandboxURL+"/sandbox/platforms", "", "{}")
	if err := json.Unmarshal([]byte(walktest.Read(t, res)), &other); err != nil {
		t.Fatal(err)
	}
	short := append(well, "STRIPE_ENDPOINT_SECRET="+o.WebhookSecret+",whsec_short")
	if found := expect(t, 0, short, "doctor"); !strings.Contains(found, "warning  signatures") || !strings.Contains(found, "forge events") {
		t.Errorf("a short signing secret is found:\n%s", found)
	}
	for _, ill := range []struct {
		setting string
		says    []string
	}{
		{
			"STRIPE_SECRET_KEY=sk_test_wrongwrongwrongwrongwrong",
			[]string{"wrong key", "ok database", "ok migrations", "ok clock", "ok OAuth", "ok signatures"},
		},
		{"STRIPE_OAUTH_CLIENT_ID=ca_wrong", []string{"wrong OAuth", "ok signatures"}},
		{"STRIPE_OAUTH_CLIENT_ID=" + other.ClientID, []string{"wrong OAuth the client id is of another platform"}},
		{"BASE_URL=http://elsewhere:1", []string{"wrong webhook"}},
		{"STRIPE_ENDPOINT_SECRET=", []string{"wrong signatures"}},
	} {
		found := strings.Join(strings.Fields(expect(t, 1, append(well, ill.setting), "doctor")), " ")
		for _, words := range ill.says {
			if !strings.Contains(found, words) {
				t.Errorf("with %s it does not say %q:\n%s", ill.setting, words, found)
			}
		}
	}
	o.SQL(t, "update river_migration set version = version + 1000")
	if found := expect(t, 1, well, "doctor"); !strings.Contains(found, "job queue is pending") {
		t.Errorf("with the job queue of another release:\n%s", found)
	}
	o.SQL(t, "update river_migration set version = version - 1000")
}

// reads: connectd's own are counted, and an operator hears of them from 80 % of what Stripe allots on.
func (o operator) reads(t *testing.T) {
	const warning = "% of the allocation of "
	env := append([]string{"BASE_URL=" + o.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	if found := expect(t, 0, append(env, "CONNECTD_STRIPE_READ_ALLOCATION=1"), "doctor"); !strings.Contains(found, "warning  reads") {
		t.Errorf("the demo's sellers have been read, and doctor finds:\n%s", found)
	}
	admin := walktest.NewVisitor(t)
	admin.Form(o.AdminURL, url.Values{"password": {o.AdminPassword}})
	for _, c := range []struct {
		made  int
		warns bool
	}{{7000, false}, {8000, true}} {
		o.SQL(t, fmt.Sprintf(`insert into stripe_reads values (current_date - 9, %d) on conflict (day) do update set n = excluded.n`, c.made))
		found := expect(t, 0, env, "doctor")
		if strings.Contains(found, "warning  reads") != c.warns || !strings.Contains(found, warning) {
			t.Errorf("after %d reads doctor finds:\n%s", c.made, found)
		}
		res, err := admin.Get(o.BaseURL + "/statusz")
		if err != nil {
			t.Fatal(err)
		}
		if page := walktest.Read(t, res); strings.Contains(page, "times the platform&#39;s transactions of 30 days") != c.warns || !strings.Contains(page, warning) {
			t.Errorf("after %d reads /statusz says:\n%s", c.made, page)
		}
	}
	o.SQL(t, `delete from stripe_reads where n = 8000`)
}

func (o operator) webhooks(t *testing.T) {
	env := append([]string{"BASE_URL=http://127.0.0.1:9"}, o.stripe...)
	expect(t, 1, env, "webhooks", "check")
	if made := expect(t, 0, env, "webhooks", "setup"); !strings.HasPrefix(made, "STRIPE_ENDPOINT_SECRET=whsec_") {
		t.Errorf("webhooks setup printed %q", made)
	}
	expect(t, 0, env, "webhooks", "check")
	expect(t, 0, env, "webhooks", "setup")
}

func (o operator) migrate(t *testing.T) {
	status := expect(t, 0, o.database, "migrate", "status")
	if strings.Contains(status, "pending") || !strings.Contains(status, "00001_") || !strings.Contains(status, "job queue") {
		t.Errorf("migrate status:\n%s", status)
	}
	expect(t, 0, o.database, "migrate", "up")
}

// unmigrated: a database that has no tables, or no policy, says what to do.
func (o operator) unmigrated(t *testing.T) {
	o.SQL(t, `create database unmigrated`)
	env := []string{"DATABASE_URL=" + strings.Replace(o.DatabaseURL, "/connectd?", "/unmigrated?", 1), "STRIPE_SECRET_KEY=sk_test_1"}
	for _, command := range []string{"accounts list", "keys list", "links list", "policy show", "keys create --name a --scope readiness:read", "migrate restored"} {
		if _, stderr, code := connectd(t, env, strings.Fields(command)...); code != 1 || !strings.Contains(stderr, "connectd migrate up") {
			t.Errorf("connectd %s ended with %d: %s", command, code, stderr)
		}
	}
	expect(t, 0, env, "migrate", "up")
	if _, stderr, code := connectd(t, env, "policy", "show"); code != 1 || !strings.Contains(stderr, "start connectd serve") {
		t.Errorf("without a policy it ended with %d: %s", code, stderr)
	}
	if made := expect(t, 0, env, "keys", "create", "--name", "a", "--scope", "readiness:read"); !strings.HasPrefix(made, "ck_test_") {
		t.Errorf("the key %q", made)
	}
	if _, stderr, code := connectd(t, env[:1], "keys", "create", "--name", "a", "--scope", "readiness:read"); code != 1 || !strings.Contains(stderr, "set STRIPE_SECRET_KEY") {
		t.Errorf("with no mode it ended with %d: %s", code, stderr)
	}
}

func (o operator) serveBeside(t *testing.T) {
	env := append([]string{"STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret, "CONNECTD_ADMIN_PASSWORD=beside"}, o.stripe...)
	o.SQL(t, `insert into oauth_states (state_hash, seller_id, redirect_uri, created_at, expires_at)
		values ('\x00', 'old', 'https://shop.test', now() - interval '3 days', now() - interval '3 days')`)
	p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
	beside := walk{t, walktest.Walk{Ready: ready}}
	beside.APIKey = o.APIKey
	waittest.Until(t, "the end of an old state", func() bool { return o.Count(t, `select count(*) from oauth_states where seller_id = 'old'`) == 0 })
	if diff := cmp.Diff(o.Readiness(t, "restricted"), beside.Readiness(t, "restricted")); diff != "" {
		t.Error(diff)
	}
	want := app.Ready{
		BaseURL: ready.BaseURL, AdminURL: ready.BaseURL + "/admin/accounts", AdminPassword: "beside",
		WebhookSecret: o.WebhookSecret, PlatformKey: o.PlatformKey, ClientID: o.ClientID, DatabaseURL: o.DatabaseURL,
	}
	if diff := cmp.Diff(want, ready); diff != "" {
		t.Error(diff)
	}
	admin := walktest.NewVisitor(t)
	admin.Form(o.AdminURL, url.Values{"password": {o.AdminPassword}})
	for address, asks := range map[string]bool{o.AdminURL: false, ready.AdminURL: true} {
		if page := admin.Page(address); strings.Contains(page, `name="password"`) != asks {
			t.Errorf("%s, with a session of the demo's password:\n%s", address, page)
		}
	}
	p.Signal(t, syscall.SIGTERM)
	if p.Err != nil {
		t.Errorf("it ended with %v after SIGTERM\n%s", p.Err, p.Log)
	}
	for _, secret := range []string{o.PlatformKey, o.WebhookSecret, o.APIKey, "beside"} {
		if strings.Contains(p.Log.String(), secret) {
			t.Error("a secret stands in the log")
		}
	}
}

// verifiedOnce presents one code twenty times to two processes at once: all are answered alike, and Stripe is asked once.
func (o operator) verifiedOnce(t *testing.T) {
	env := append([]string{"STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
	var made struct {
		State        string `json:"state"`
		AuthorizeURL string `json:"authorize_url"`
	}
	own := `{"seller_id":"verified-once","redirect_uri":"` + o.BaseURL + `/own/page"}`
	o.API(t, http.MethodPost, "/v1/oauth-states", own, http.StatusCreated, &made)
	back, err := url.Parse(walktest.NewVisitor(t).Location(http.MethodGet, made.AuthorizeURL+"&persona=restricted", http.StatusFound))
	if err != nil {
		t.Fatal(err)
	}
	before := o.exchanges(t)
	o.Sandbox(t, "faults", `[{"path":"/oauth/token","hold_ms":500}]`) // so that the others come while the first one waits
	body := `{"code":"` + back.Query().Get("code") + `","state":"` + made.State + `"}`
	answers := make([]string, 20)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			res := o.Do(t, http.MethodPost, []string{o.BaseURL, ready.BaseURL}[i%2]+"/api/verifyStripe", o.APIKey, body)
			answers[i] = res.Status + walktest.Read(t, res)
		})
	}
	group.Wait()
	o.Sandbox(t, "faults", `[]`)
	for _, got := range answers {
		if !strings.HasPrefix(got, "200 OK{") || got != answers[0] {
			t.Errorf("answers differ:\n%s\n%s", answers[0], got)
		}
	}
	if n := o.exchanges(t) - before; n != 1 {
		t.Errorf("twenty calls reached the exchange %d times", n)
	}
	p.Signal(t, syscall.SIGTERM)
}

// cutOff kills a process between the exchange and its answer: an operator sees whose attempt is unfinished until the seller
// has connected again, and the code is never presented a second time.
func (o operator) cutOff(t *testing.T) {
	env := append([]string{"STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
	beside := walk{t, walktest.Walk{Ready: ready}}
	beside.APIKey = o.APIKey
	b := walktest.NewVisitor(t)
	callback := b.Location(http.MethodGet, b.Begin(beside.Walk, "cut-off", "complete"), http.StatusFound)
	before := o.exchanges(t)
	o.Sandbox(t, "faults", `[{"path":"/oauth/token","hold_ms":20000}]`)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := b.Get(callback); err == nil {
			_ = res.Body.Close()
			t.Errorf("the callback was answered %d", res.StatusCode)
		}
	}()
	waittest.Until(t, "the exchange", func() bool { return o.exchanges(t) == before+1 })
	p.Signal(t, syscall.SIGKILL)
	<-done
	o.Sandbox(t, "faults", `[]`)
	o.SQL(t, `update oauth_codes set created_at = created_at - interval '1 minute' where seller_id = 'cut-off'`)

	well := append([]string{"BASE_URL=" + o.BaseURL}, env...)
	if found := expect(t, 0, well, "doctor"); !strings.Contains(found, "an exchange for seller cut-off, begun at ") {
		t.Errorf("doctor finds:\n%s", found)
	}
	admin := walktest.NewVisitor(t)
	admin.Form(o.AdminURL, url.Values{"password": {o.AdminPassword}})
	status := func() string { return admin.Page(o.BaseURL + "/statusz") }
	if page := status(); !strings.Contains(page, "seller cut-off") {
		t.Errorf("/statusz says:\n%s", page)
	}
	o.Connect(t, "cut-off", "complete")
	if page := status(); strings.Contains(page, "seller cut-off") {
		t.Errorf("after another connection /statusz says:\n%s", page)
	}
}

// searchLacksItsIndex: /statusz and the doctor say so until there is one.
func (o operator) searchLacksItsIndex(t *testing.T) {
	const words = "index is missing: that of the account table"
	admin := walktest.NewVisitor(t)
	admin.Form(o.AdminURL, url.Values{"password": {o.AdminPassword}})
	o.SQL(t, `alter index account_words_trgm rename to another`)
	if page := admin.Page(o.BaseURL + "/statusz"); !strings.Contains(page, words) {
		t.Errorf("/statusz says:\n%s", page)
	}
	well := append([]string{"BASE_URL=" + o.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	if found := expect(t, 0, well, "doctor"); !strings.Contains(found, "warning  search") || !strings.Contains(found, words) {
		t.Errorf("doctor finds:\n%s", found)
	}
	o.SQL(t, `alter index another rename to account_words_trgm`)
	if page := admin.Page(o.BaseURL + "/statusz"); strings.Contains(page, words) {
		t.Errorf("/statusz says:\n%s", page)
	}
}

// slowBodies holds that nobody keeps a connection by sending nothing, whoever would read the body.
func (o operator) slowBodies(t *testing.T) {
	var group sync.WaitGroup
	for path, want := range map[string]int{
		"/api/connectWebhook": http.StatusRequestTimeout, "/admin/accounts": http.StatusRequestTimeout,
		"/v1/readiness": http.StatusUnauthorized, "/v1/nothing": http.StatusUnauthorized,
	} {
		group.Go(func() {
			never, sender := io.Pipe()
			defer sender.Close()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.BaseURL+path, never)
			if err != nil {
				t.Error(err)
				return
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return
			}
			if _ = res.Body.Close(); res.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
			}
		})
	}
	group.Wait()
}

func (o operator) refusesAnotherPlatform(t *testing.T) {
	var other struct {
		Key      string `json:"key"`
		ClientID string `json:"client_id"`
	}
	res := o.Do(t, http.MethodPost, o.SandboxURL+"/sandbox/platforms", "", "{}")
	if err := json.Unmarshal([]byte(walktest.Read(t, res)), &other); err != nil {
		t.Fatal(err)
	}
	env := append(o.stripe, "STRIPE_SECRET_KEY="+other.Key, "STRIPE_OAUTH_CLIENT_ID="+other.ClientID)
	silent := append(o.stripe, "STRIPE_SECRET_KEY=sk_live_"+strings.Repeat("a1", 12), "STRIPE_API_BASE=http://127.0.0.1:9")
	for says, env := range map[string][]string{"belongs to platform": env, "is of test mode": silent} {
		_, stderr, code := connectd(t, env, "serve", "--addr", "127.0.0.1:0", "--base-url", "https://shop.example.com")
		for _, words := range []string{says, "STRIPE_SECRET_KEY", "DATABASE_URL", "(example: postgres://"} {
			if code != 2 || !strings.Contains(stderr, words) {
				t.Errorf("it ended with %d, and does not say %q: %s", code, words, stderr)
			}
		}
	}
}

func TestWrongSettingsAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, stderr, code := connectd(t, []string{
		"STRIPE_SECRET_KEY=pk_test_1", "STRIPE_OAUTH_CLIENT_ID=client", "STRIPE_ENDPOINT_SECRET=secret",
		"CONNECTD_SCAN_CRON=often", "BASE_URL=shop", "CONNECTD_STRIPE_RATE=fast", "CONNECTD_RECHECK_EVERY=monthly",
		"CONNECTD_STRIPE_READ_ALLOCATION=0", "CONNECTD_READINESS_COPY=maybe",
		"CONNECTD_LOG_LEVEL=loud", "CONNECTD_SCAN_CORN=x", "STRIPE_API_BASE=stripe", "CONNECTD_PAYLOADS=/known",
		"CONNECTD_EVENT_RETENTION=839h", "CONNECTD_POLICY_COUNTRIES=IE,UK", "CONNECTD_POLICY_CURRENCIES=zzz",
	}, "serve")
	if code != 2 {
		t.Errorf("it ended with %d", code)
	}
	for _, name := range []string{
		"STRIPE_SECRET_KEY is", "STRIPE_OAUTH_CLIENT_ID is", "STRIPE_ENDPOINT_SECRET holds", "CONNECTD_SCAN_CRON is", "BASE_URL is",
		"CONNECTD_STRIPE_RATE is not a number (example: 20)", "CONNECTD_RECHECK_EVERY is not a duration (example: 672h)",
		"CONNECTD_LOG_LEVEL is not one of", "CONNECTD_READINESS_COPY is not one of on, off (example: on)",
		"CONNECTD_SCAN_CORN is not a setting (did you mean CONNECTD_SCAN_CRON?)",
		"STRIPE_API_BASE is", "CONNECTD_STRIPE_READ_ALLOCATION is not above 0 (example: 10000)",
		"CONNECTD_EVENT_RETENTION is less than 35 days",
		`CONNECTD_POLICY_COUNTRIES holds "UK", which is no country code of ISO 3166-1: did you mean GB? (example: IE,GB,US)`,
		`CONNECTD_POLICY_CURRENCIES holds "zzz", which is no currency code of ISO 4217 (example: eur,gbp,usd)`,
	} {
		if !strings.Contains(stderr, name) {
			t.Errorf("%s is not said:\n%s", name, stderr)
		}
	}
	if strings.Contains(stderr, "CONNECTD_PAYLOADS") {
		t.Error("the tests' own setting is refused")
	}
}

// TestTheSamplesValuesAreRefused before anything starts: whoever copies the sample would take events that anyone can sign.
func TestTheSamplesValuesAreRefused(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile(filepath.Join("..", "..", ".env.sample"))
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for line := range strings.Lines(string(sample)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	dir := filepath.Join(t.TempDir(), "data")
	for _, command := range [][]string{{"serve", "--data-dir", dir}, {"doctor"}} {
		_, stderr, code := connectd(t, env, command...)
		for _, words := range []string{
			"STRIPE_SECRET_KEY is a placeholder, not a secret key (example: sk_test_…)",
			"STRIPE_OAUTH_CLIENT_ID is a placeholder", "STRIPE_ENDPOINT_SECRET holds a value that is a placeholder",
		} {
			if code != 2 || !strings.Contains(stderr, words) {
				t.Errorf("connectd %v ended with %d, and does not say %q:\n%s", command, code, words, stderr)
			}
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data folder was made")
	}
}

// TestNoMistakeHidesAnother: what is found in a database's URL, in a secret's file or in a flag's group is said with the rest.
func TestNoMistakeHidesAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty, key := filepath.Join(dir, "empty"), filepath.Join(dir, "key")
	for path, content := range map[string]string{empty: "\n", key: "sk_test_file"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, mistakes := range []struct {
		env, args, says []string
	}{
		{
			[]string{
				"DATABASE_URL=postgres://u:hidden@localhost:port/x", "CONNECTD_DATABASE_DIRECT_URL=direct", "STRIPE_SECRET_KEY=sk_live_1",
				"CONNECTD_ADMIN_PASSWORD_HASH=hidden", "CONNECTD_RETURN_ORIGINS=https://shop.example.com/back,shop", "BASE_URL=http://shop.example.com",
				"STRIPE_PUBLISHABLE_KEY=pk_test_1", "CONNECTD_STALE_AFTER=0s", "CONNECTD_SMTP_URL=mail.example.com:25",
				"CONNECTD_MAIL_FROM=Kiln", "CONNECTD_ADMIN_EMAIL=Ada <ada@example.com>", "CONNECTD_MAIL_OFF=due,everything", "CONNECTD_MAIL_LANGUAGE=fr",
			},
			[]string{"serve"},
			[]string{
				"DATABASE_URL is not a Postgres URL (example: postgres://", "CONNECTD_DATABASE_DIRECT_URL is not a Postgres URL",
				"CONNECTD_ADMIN_PASSWORD_HASH is not an argon2id hash", `CONNECTD_RETURN_ORIGINS holds "https://shop.example.com/back"`,
				`CONNECTD_RETURN_ORIGINS holds "shop"`, "BASE_URL is http,", "STRIPE_PUBLISHABLE_KEY is of another mode", "STRIPE_OAUTH_CLIENT_ID is not set",
				"CONNECTD_STALE_AFTER is not above 0 (example: 840h)", "CONNECTD_SMTP_URL is not smtp://USER:PASSWORD@HOST:PORT",
				"CONNECTD_MAIL_FROM is not an e-mail address", "CONNECTD_ADMIN_EMAIL is not an e-mail address",
				`CONNECTD_MAIL_OFF holds "everything", which is no kind of mail (example: connected,due,`, "CONNECTD_MAIL_LANGUAGE is not one of en, zh-Hans",
			},
		},
		{
			[]string{"STRIPE_SECRET_KEY=sk_test_1", "STRIPE_SECRET_KEY_FILE=" + key, "DATABASE_URL_FILE=" + empty, "STRIPE_ENDPOINT_SECRET_FILE=/nowhere"},
			[]string{"serve"},
			[]string{
				"STRIPE_SECRET_KEY and STRIPE_SECRET_KEY_FILE are both set", "DATABASE_URL_FILE names " + empty + ", which is empty",
				"STRIPE_ENDPOINT_SECRET_FILE can't be read", "STRIPE_OAUTH_CLIENT_ID is not set",
			},
		},
		{
			[]string{
				"STRIPE_API_BASE=https://api.stripe.com/v1", "STRIPE_CONNECT_BASE=https://connect.stripe.com?a=b", "CONNECTD_STRIPE_RATE=NaN",
				"CONNECTD_SCAN_CRON=0 0 31 2 *", "CONNECTD_RETURN_ORIGINS=https://*.example.com,*", "CONNECTD_RECHECK_EVERY=999ms",
			},
			[]string{"serve"},
			[]string{
				"STRIPE_API_BASE is not an http or https URL of scheme, host and port alone (example: https://api.stripe.com)",
				"STRIPE_CONNECT_BASE is not an http or https URL", "CONNECTD_STRIPE_RATE is not a number above 0 (example: 20)",
				"CONNECTD_SCAN_CRON names a time that never comes", `CONNECTD_RETURN_ORIGINS holds "https://*.example.com", and origins have no wildcards`,
				`CONNECTD_RETURN_ORIGINS holds "*"`, "CONNECTD_RECHECK_EVERY is less than a second",
			},
		},
		{
			[]string{
				"CONNECTD_PLATFORM_NAME=" + strings.Repeat("Kiln ", 13), "CONNECTD_PLATFORM_LOGO=" + empty, "CONNECTD_PLATFORM_COLOUR=red",
				"CONNECTD_PLATFORM_SUPPORT=+353 1 234", "CONNECTD_PLATFORM_COLOR=#3b4cca",
			},
			[]string{"demo"},
			[]string{
				"CONNECTD_PLATFORM_NAME is longer than 60 characters", "CONNECTD_PLATFORM_LOGO is not a PNG, JPEG, GIF or SVG image",
				"CONNECTD_PLATFORM_COLOUR is not #rrggbb (example: #3b4cca)", "did you mean CONNECTD_PLATFORM_COLOUR?",
				"CONNECTD_PLATFORM_SUPPORT is neither an e-mail address nor an https URL (example: help@shop.example.com)",
			},
		},
		{
			[]string{"CONNECTD_STRIPE_RATE=+Inf", "CONNECTD_STALE_AFTER=24h"},
			[]string{"serve"},
			[]string{"CONNECTD_STRIPE_RATE is not a number above 0", "CONNECTD_STALE_AFTER is less than CONNECTD_RECHECK_EVERY"},
		},
		{
			[]string{"CONNECTD_DATABASE_DIRECT_URL=postgres://localhost/x"},
			[]string{"accounts", "unlink", "acct_1"},
			[]string{
				"CONNECTD_DATABASE_DIRECT_URL is set without DATABASE_URL", "DATABASE_URL is not set", "STRIPE_SECRET_KEY is not set",
				"STRIPE_OAUTH_CLIENT_ID is not set",
			},
		},
	} {
		_, stderr, code := connectd(t, mistakes.env, mistakes.args...)
		if code != 2 || strings.Contains(stderr, "hidden") {
			t.Errorf("%v ended with %d", mistakes.args, code)
		}
		for _, words := range mistakes.says {
			if !strings.Contains(stderr, words) {
				t.Errorf("%v does not say %q:\n%s", mistakes.args, words, stderr)
			}
		}
	}
}

func TestADemoListensOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", "foo", ":3001"} {
		dir := filepath.Join(t.TempDir(), "demo")
		if _, stderr, code := connectd(t, nil, "demo", "--addr", addr, "--data-dir", dir); code != 2 || !strings.Contains(stderr, "CONNECTD_ADDR") {
			t.Errorf("--addr %s ended with %d: %s", addr, code, stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("--addr %s left a data folder behind", addr)
		}
	}
}

func TestAReadyFileThatCantBeWrittenIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nowhere := filepath.Join(dir, "nowhere", "ready.json")
	_, stderr, code := connectd(t, nil, "demo", "--addr", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "demo"), "--ready-file", nowhere)
	if _, err := os.Stat(filepath.Join(dir, "demo")); code != 1 || !strings.Contains(stderr, "--ready-file") || err == nil {
		t.Errorf("it ended with %d: %s", code, stderr)
	}
}

func TestARefusedDataFolderIsNotMade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("/root", "connectd-"+rand.Text(), "demo") // nobody may have it: Postgres does not run as root
	_, stderr, code := connectd(t, nil, "demo", "--addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--data-dir", dir)
	if code != 1 || !strings.Contains(stderr, "data folder") {
		t.Errorf("it ended with %d: %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Dir(dir)); err == nil {
		t.Errorf("%s is there", filepath.Dir(dir))
	}
}

// TestAListIsPrintedPageByPage: what was printed of one page does not wait for the next.
func TestAListIsPrintedPageByPage(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for page := range 3 {
		id := fmt.Sprintf("acct_%d", page)
		if err := printAccounts(w, []client.Account{{ID: id, SellerID: "s"}}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); strings.Count(got, "\n") != page+1 || !strings.Contains(got, id+"  s  ") {
			t.Errorf("after page %d it has printed:\n%s", page, got)
		}
	}
}

func TestWrongUseExitsTwo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"nothing"}, {"serve", "--nothing"}, {"accounts", "show"}, {"keys", "create"}, {"migrate", "up"}} {
		if _, stderr, code := connectd(t, nil, args...); code != 2 || stderr == "" {
			t.Errorf("connectd %s ended with %d: %s", strings.Join(args, " "), code, stderr)
		}
	}
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	for path, content := range map[string]string{
		filepath.Join(dir, ".env.production"): "A_FROM_FILE=file\nB_FROM_ENVIRONMENT=file\n",
		secret:                                "postgres://user:secret@localhost/name\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for name, value := range map[string]string{
		"CONNECTD_ENV": "production", "A_FROM_FILE": "", "B_FROM_ENVIRONMENT": "environment", "DATABASE_URL": "", "DATABASE_URL_FILE": secret,
	} {
		t.Setenv(name, value)
	}
	if err := os.Unsetenv("A_FROM_FILE"); err != nil {
		t.Fatal(err)
	}
	if wrong := loadEnvironment(); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	got := []string{os.Getenv("A_FROM_FILE"), os.Getenv("B_FROM_ENVIRONMENT"), os.Getenv("DATABASE_URL")}
	if diff := cmp.Diff([]string{"file", "environment", "postgres://user:secret@localhost/name"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestTheEnvironmentsFormOfASecretWins over the other form in the .env file; both forms in one place are a mistake.
func TestTheEnvironmentsFormOfASecretWins(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	env := "STRIPE_SECRET_KEY=of_env\nDATABASE_URL_FILE=/of/env\nCONNECTD_ADMIN_PASSWORD=a\nCONNECTD_ADMIN_PASSWORD_FILE=" + secret + "\n"
	for path, content := range map[string]string{secret: "of_file", filepath.Join(dir, ".env.development"): env} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, name := range secrets { // what the test leaves behind is taken back
		t.Setenv(name, "")
		t.Setenv(name+"_FILE", "")
	}
	for _, name := range []string{"STRIPE_SECRET_KEY", "DATABASE_URL_FILE", "CONNECTD_ADMIN_PASSWORD", "CONNECTD_ADMIN_PASSWORD_FILE"} {
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STRIPE_SECRET_KEY_FILE", secret)
	t.Setenv("DATABASE_URL", "of_environment")
	wrong := loadEnvironment()
	if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "CONNECTD_ADMIN_PASSWORD and CONNECTD_ADMIN_PASSWORD_FILE are both set") {
		t.Errorf("wrong: %v", wrong)
	}
	if got := os.Getenv("STRIPE_SECRET_KEY") + " " + os.Getenv("DATABASE_URL"); got != "of_file of_environment" {
		t.Errorf("got %s", got)
	}
}

func TestAdminHashIsTaken(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "admin", "hash")
	cmd.Env, cmd.Stdin = environment(), strings.NewReader("a long password\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := access.NewAdmin(access.AdminConfig{PasswordHash: strings.TrimSpace(string(out))})
	if err != nil {
		t.Fatal(err)
	}
	for password, taken := range map[string]bool{"a long password": true, "another": false} {
		if ok, err := admin.Check(t.Context(), "192.0.2.1:1234", password); ok != taken || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	if _, stderr, code := connectd(t, nil, "admin", "hash"); code != 2 || !strings.Contains(stderr, "no password") {
		t.Errorf("without a password it ended with %d: %s", code, stderr)
	}
}

// TestADemoIsReadyOnceAllSellersAreRead: also those whom a killed one had connected, and not read.
func TestADemoIsReadyOnceAllSellersAreRead(t *testing.T) {
	t.Parallel()
	args := demoArgs(t, "--sellers", "2")
	p, ready := start(t, nil, args...)
	walk{t, walktest.Walk{Ready: ready}}.SQL(t, `update accounts set checked_at = null, claimed_until = '2100-01-01' where seller_id = 'complete'`)
	p.Signal(t, syscall.SIGKILL)
	_, ready = start(t, nil, args...)
	if got := (walk{t, walktest.Walk{Ready: ready}}).Readiness(t, "complete"); got.CheckedAt == nil {
		t.Errorf("ready, and not read: %+v", got)
	}
}

func TestSandboxAlone(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"sandbox", "--addr", "127.0.0.1:0", "--state", state}
	p, ready := start(t, nil, args...)
	for _, line := range []string{ready.SandboxURL, ready.PlatformKey, ready.ClientID} {
		if line == "" || !strings.Contains(p.Log.String(), line) {
			t.Errorf("%q is not printed:\n%s", line, p.Log)
		}
	}
	w := walk{t, walktest.Walk{Ready: ready}}
	w.Sandbox(t, "accounts", `{"persona":"complete","connected":true}`)
	before := w.sandboxAccounts(t)
	p.Signal(t, syscall.SIGKILL)
	_, again := start(t, nil, args...)
	if again.PlatformKey != ready.PlatformKey {
		t.Error("the key changed")
	}
	w.Ready = again
	if got := w.sandboxAccounts(t); got != before || !strings.Contains(got, "acct_") {
		t.Errorf("accounts %s became %s", before, got)
	}
}
