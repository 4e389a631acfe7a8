package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/app"
)

// TestCommands runs the commands against the database of a running demo, as an operator would.
func TestCommands(t *testing.T) {
	t.Parallel()
	_, ready := start(t, nil, demoArgs(t, "--sellers", "13")...)
	o := operator{
		database: []string{"DATABASE_URL=" + ready.DatabaseURL},
		stripe: []string{
			"DATABASE_URL=" + ready.DatabaseURL, "STRIPE_SECRET_KEY=" + ready.PlatformKey, "STRIPE_OAUTH_CLIENT_ID=" + ready.ClientID,
			"STRIPE_API_BASE=" + ready.SandboxURL, "STRIPE_CONNECT_BASE=" + ready.SandboxURL,
		},
		walk: walk{t, ready},
	}
	t.Run("accounts list and show", o.listAndShow)
	t.Run("accounts recheck", o.recheck)
	t.Run("accounts unlink", o.unlink)
	t.Run("accounts reassign", o.reassign)
	t.Run("policy", o.policy)
	t.Run("keys", o.keys)
	t.Run("links", o.links)
	t.Run("doctor", o.doctor)
	t.Run("the allocation of reads", o.reads)
	t.Run("webhooks", o.webhooks)
	t.Run("migrate", o.migrate)
	t.Run("serve beside the demo", o.serveBeside)
	t.Run("kill -9 in the middle of an exchange", o.cutOff)
	t.Run("serve refuses another platform", o.refusesAnotherPlatform)
}

// operator runs commands with the environment that each kind of them needs.
type operator struct {
	walk
	database, stripe []string
}

// expect runs a command, wants the exit code, and returns what was printed on standard output.
func expect(t *testing.T, code int, env []string, args ...string) string {
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
	acct := *o.readiness(t, "enabled").AccountID
	o.sandbox(t, "accounts/"+acct+"?silent=1", `{"charges_enabled":false}`)
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
	works, not := *o.readiness(t, "complete").AccountID, *o.readiness(t, "unsupported").AccountID
	expect(t, 1, o.stripe, "accounts", "unlink", works)
	for range 2 { // done already is done
		expect(t, 0, o.stripe, "accounts", "unlink", not)
	}
	expect(t, 0, o.stripe, "accounts", "unlink", "--force", works)
	for _, seller := range []string{"complete", "unsupported"} {
		if got := o.readiness(t, seller).Status; got != "disconnected" {
			t.Errorf("seller %s is %s", seller, got)
		}
	}
}

func (o operator) reassign(t *testing.T) {
	acct := *o.readiness(t, "nameless").AccountID
	expect(t, 0, o.database, "accounts", "reassign", acct, "heir")
	if got := o.readiness(t, "heir"); *got.AccountID != acct || !got.CanTransact {
		t.Errorf("the new holder: %+v", got)
	}
	if got := o.readiness(t, "nameless").Status; got != "disconnected" {
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
	if o.readiness(t, "no_payouts").CanTransact {
		t.Fatal("a seller without payouts can transact")
	}
	plan := expect(t, 0, o.database, "policy", "plan", file)
	if !strings.Contains(plan, "no_payouts") || !strings.Contains(plan, "0 would lose and 1 would gain") {
		t.Errorf("the plan:\n%s", plan)
	}
	expect(t, 1, o.database, "policy", "apply", file) // nobody is there to say yes
	if o.readiness(t, "no_payouts").CanTransact {
		t.Error("a plan changed something")
	}
	expect(t, 0, o.database, "policy", "apply", "--yes", file)
	if got := o.readiness(t, "no_payouts"); !got.CanTransact || got.Status != "restricted" {
		t.Errorf("after the policy: %+v", got)
	}
	for _, wrong := range []string{`{"require_payout": false}`, `{"countries": ["Ireland"]}`, `{`} {
		if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		expect(t, 2, o.database, "policy", "plan", file)
	}
}

func (o operator) keys(t *testing.T) {
	secret := strings.TrimSpace(expect(t, 0, o.database, "keys", "create", "--name", "shop", "--scope", "readiness:read"))
	if !strings.HasPrefix(secret, "ck_test_") || strings.ContainsAny(secret, " \n") {
		t.Fatalf("keys create printed %q", secret)
	}
	path := o.ready.BaseURL + "/v1/sellers/enabled/readiness"
	if res := o.do(t, http.MethodGet, path, secret, ""); res.StatusCode != http.StatusOK {
		t.Errorf("the new key: %s", read(t, res))
	}
	if res := o.do(t, http.MethodGet, o.ready.BaseURL+"/v1/accounts", secret, ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a scope too small: %s", read(t, res))
	}
	var id string
	for line := range strings.Lines(expect(t, 0, o.database, "keys", "list")) {
		if strings.Contains(line, "shop") {
			id, _, _ = strings.Cut(line, " ")
		}
	}
	expect(t, 0, o.database, "keys", "revoke", id)
	if res := o.do(t, http.MethodGet, path, secret, ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the revoked key: %s", read(t, res))
	}
	expect(t, 1, o.database, "keys", "revoke", "key_none")
	expect(t, 2, o.database, "keys", "create", "--name", "shop", "--scope", "everything")
}

func (o operator) links(t *testing.T) {
	var link struct {
		URL string `json:"url"`
	}
	o.api(t, http.MethodPost, "/v1/onboarding-links", `{"seller_id":"linked"}`, http.StatusCreated, &link)
	var id string
	for line := range strings.Lines(expect(t, 0, o.database, "links", "list")) {
		if strings.Contains(line, "linked") {
			id, _, _ = strings.Cut(line, " ")
		}
	}
	expect(t, 0, o.database, "links", "revoke", id)
	if res := o.do(t, http.MethodGet, link.URL, "", ""); res.StatusCode != http.StatusGone {
		t.Errorf("a revoked link answered %d: %s", res.StatusCode, read(t, res))
	}
	if list := expect(t, 0, o.database, "links", "list", "--json"); strings.Contains(list, id) {
		t.Error("a revoked link is listed")
	}
	expect(t, 1, o.database, "links", "revoke", "link_none")
}

// doctor finds a demo well, and names each thing that is not.
func (o operator) doctor(t *testing.T) {
	well := append([]string{"BASE_URL=" + o.ready.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.ready.WebhookSecret}, o.stripe...)
	if found := expect(t, 0, well, "doctor"); strings.Contains(found, "wrong") || strings.Count(found, "ok ") < 9 {
		t.Errorf("a demo is found:\n%s", found)
	}
	for _, ill := range []struct{ setting, says string }{
		{"STRIPE_SECRET_KEY=sk_test_wrongwrongwrongwrongwrong", "wrong  key"},
		{"STRIPE_OAUTH_CLIENT_ID=ca_wrong", "wrong  OAuth"},
		{"BASE_URL=http://elsewhere:1", "wrong  webhook"},
		{"STRIPE_ENDPOINT_SECRET=", "wrong  signatures"},
	} {
		if found := expect(t, 1, append(well, ill.setting), "doctor"); !strings.Contains(strings.ReplaceAll(found, "wrong       ", "wrong  "), ill.says) {
			t.Errorf("with %s:\n%s", ill.setting, found)
		}
	}
}

// reads: connectd's own are counted, and an operator hears of them from 80 % of what Stripe allots on.
func (o operator) reads(t *testing.T) {
	const warning = "% of the allocation of "
	env := append([]string{"BASE_URL=" + o.ready.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.ready.WebhookSecret}, o.stripe...)
	if found := expect(t, 0, append(env, "CONNECTD_STRIPE_READ_ALLOCATION=1"), "doctor"); !strings.Contains(found, "warning") {
		t.Errorf("the demo's sellers have been read, and doctor finds:\n%s", found)
	}
	admin := newBrowser(t)
	admin.form(o.ready.AdminURL, url.Values{"password": {o.ready.AdminPassword}})
	for _, c := range []struct {
		made  int
		warns bool
	}{{7000, false}, {8000, true}} {
		o.sql(t, fmt.Sprintf(`insert into stripe_reads values (current_date - 9, %d) on conflict (day) do update set n = excluded.n`, c.made))
		found := expect(t, 0, env, "doctor")
		if strings.Contains(found, "warning") != c.warns || !strings.Contains(found, warning) {
			t.Errorf("after %d reads doctor finds:\n%s", c.made, found)
		}
		res, err := admin.get(o.ready.BaseURL + "/statusz")
		if err != nil {
			t.Fatal(err)
		}
		if page := read(t, res); strings.Contains(page, warning) != c.warns {
			t.Errorf("after %d reads /statusz says:\n%s", c.made, page)
		}
	}
	o.sql(t, `delete from stripe_reads where n = 8000`)
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
	if status := expect(t, 0, o.database, "migrate", "status"); strings.Contains(status, "pending") || !strings.Contains(status, "00001_") {
		t.Errorf("migrate status:\n%s", status)
	}
	expect(t, 0, o.database, "migrate", "up")
}

func (o operator) serveBeside(t *testing.T) {
	env := append([]string{"STRIPE_ENDPOINT_SECRET=" + o.ready.WebhookSecret, "CONNECTD_ADMIN_PASSWORD=beside"}, o.stripe...)
	p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
	beside := walk{t, ready}
	beside.ready.APIKey = o.ready.APIKey
	if diff := cmp.Diff(o.readiness(t, "restricted"), beside.readiness(t, "restricted")); diff != "" {
		t.Error(diff)
	}
	want := app.Ready{
		BaseURL: ready.BaseURL, AdminURL: ready.BaseURL + "/admin/accounts", AdminPassword: "beside",
		WebhookSecret: o.ready.WebhookSecret, PlatformKey: o.ready.PlatformKey, ClientID: o.ready.ClientID, DatabaseURL: o.ready.DatabaseURL,
	}
	if diff := cmp.Diff(want, ready); diff != "" {
		t.Error(diff)
	}
	p.signal(t, syscall.SIGTERM)
	if p.err != nil {
		t.Errorf("it ended with %v after SIGTERM\n%s", p.err, p.log)
	}
	for _, secret := range []string{o.ready.PlatformKey, o.ready.WebhookSecret, o.ready.APIKey, "beside"} {
		if strings.Contains(p.log.String(), secret) {
			t.Error("a secret stands in the log")
		}
	}
}

// cutOff kills a process between the exchange and its answer: an operator sees whose attempt is unfinished until the seller
// has connected again, and the code is never presented a second time.
func (o operator) cutOff(t *testing.T) {
	env := append([]string{"STRIPE_ENDPOINT_SECRET=" + o.ready.WebhookSecret}, o.stripe...)
	p, ready := start(t, env, "serve", "--addr", "127.0.0.1:0")
	beside := walk{t, ready}
	beside.ready.APIKey = o.ready.APIKey
	b := newBrowser(t)
	callback := b.location(http.MethodGet, b.begin(beside, "cut-off", "complete"), http.StatusFound)
	before := o.exchanges(t)
	o.sandbox(t, "faults", `[{"path":"/oauth/token","hold_ms":20000}]`)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := b.get(callback); err == nil {
			_ = res.Body.Close()
			t.Errorf("the callback was answered %d", res.StatusCode)
		}
	}()
	eventually(t, "the exchange", func() bool { return o.exchanges(t) == before+1 })
	p.signal(t, syscall.SIGKILL)
	<-done
	o.sandbox(t, "faults", `[]`)
	o.sql(t, `update oauth_codes set created_at = created_at - interval '1 minute' where seller_id = 'cut-off'`)

	well := append([]string{"BASE_URL=" + o.ready.BaseURL}, env...)
	if found := expect(t, 0, well, "doctor"); !strings.Contains(found, "unfinished for cut-off") {
		t.Errorf("doctor finds:\n%s", found)
	}
	admin := newBrowser(t)
	admin.form(o.ready.AdminURL, url.Values{"password": {o.ready.AdminPassword}})
	status := func() string {
		res, err := admin.get(o.ready.BaseURL + "/statusz")
		if err != nil {
			t.Fatal(err)
		}
		return read(t, res)
	}
	if page := status(); !strings.Contains(page, "seller cut-off") {
		t.Errorf("/statusz says:\n%s", page)
	}
	o.connect(t, "cut-off", "complete")
	if page := status(); strings.Contains(page, "seller cut-off") {
		t.Errorf("after another connection /statusz says:\n%s", page)
	}
}

func (o operator) refusesAnotherPlatform(t *testing.T) {
	var other struct {
		Key      string `json:"key"`
		ClientID string `json:"client_id"`
	}
	res := o.do(t, http.MethodPost, o.ready.SandboxURL+"/sandbox/platforms", "", "{}")
	if err := json.Unmarshal([]byte(read(t, res)), &other); err != nil {
		t.Fatal(err)
	}
	env := append(o.stripe, "STRIPE_SECRET_KEY="+other.Key, "STRIPE_OAUTH_CLIENT_ID="+other.ClientID)
	_, stderr, code := connectd(t, env, "serve", "--addr", "127.0.0.1:0")
	if code != 1 || !strings.Contains(stderr, "belongs to platform") {
		t.Errorf("it ended with %d: %s", code, stderr)
	}
}

func TestWrongSettingsAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, stderr, code := connectd(t, []string{
		"STRIPE_SECRET_KEY=pk_test_1", "STRIPE_OAUTH_CLIENT_ID=client", "STRIPE_ENDPOINT_SECRET=secret",
		"CONNECTD_SCAN_CRON=often", "BASE_URL=shop", "CONNECTD_STRIPE_RATE=fast", "CONNECTD_RECHECK_EVERY=monthly",
		"CONNECTD_STRIPE_READ_ALLOCATION=0",
		"CONNECTD_LOG_LEVEL=loud", "CONNECTD_SCAN_CORN=x", "STRIPE_API_BASE=stripe", "CONNECTD_PAYLOADS=/known",
	}, "serve")
	if code != 2 {
		t.Errorf("it ended with %d", code)
	}
	for _, name := range []string{
		"STRIPE_SECRET_KEY is", "STRIPE_OAUTH_CLIENT_ID is", "STRIPE_ENDPOINT_SECRET holds", "CONNECTD_SCAN_CRON is", "BASE_URL is",
		"CONNECTD_STRIPE_RATE is not a number (example: 20)", "CONNECTD_RECHECK_EVERY is not a duration (example: 672h)",
		"CONNECTD_LOG_LEVEL is not one of", "CONNECTD_SCAN_CORN is not a setting (did you mean CONNECTD_SCAN_CRON?)",
		"STRIPE_API_BASE is", "CONNECTD_STRIPE_READ_ALLOCATION is not above 0 (example: 10000)",
	} {
		if !strings.Contains(stderr, name) {
			t.Errorf("%s is not said:\n%s", name, stderr)
		}
	}
	if strings.Contains(stderr, "CONNECTD_PAYLOADS") {
		t.Error("the tests' own setting is refused")
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

func TestAdminHashIsTaken(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "admin", "hash")
	cmd.Env, cmd.Stdin = environment(), strings.NewReader("a long password\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	admin, err := access.NewAdmin(access.AdminConfig{PasswordHash: strings.TrimSpace(string(out))})
	if err != nil || !admin.Check("a long password") || admin.Check("another") {
		t.Errorf("%q is not taken: %v", out, err)
	}
	if _, stderr, code := connectd(t, nil, "admin", "hash"); code != 2 || !strings.Contains(stderr, "no password") {
		t.Errorf("without a password it ended with %d: %s", code, stderr)
	}
}

func TestSandboxAlone(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"sandbox", "--addr", "127.0.0.1:0", "--state", state}
	p, ready := start(t, nil, args...)
	for _, line := range []string{ready.SandboxURL, ready.PlatformKey, ready.ClientID} {
		if line == "" || !strings.Contains(p.log.String(), line) {
			t.Errorf("%q is not printed:\n%s", line, p.log)
		}
	}
	w := walk{t, ready}
	w.sandbox(t, "accounts", `{"persona":"complete","connected":true}`)
	before := w.sandboxAccounts(t)
	p.signal(t, syscall.SIGKILL)
	_, again := start(t, nil, args...)
	if again.PlatformKey != ready.PlatformKey {
		t.Error("the key changed")
	}
	w.ready = again
	if got := w.sandboxAccounts(t); got != before || !strings.Contains(got, "acct_") {
		t.Errorf("accounts %s became %s", before, got)
	}
}
