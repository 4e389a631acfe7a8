package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/connectd/connectd/internal/walktest"
	"github.com/connectd/connectd/internal/webhook"
)

// restrictedKeys work, and what one may not do is said by the permission's name, with what to do about it.
func (o operator) restrictedKeys(t *testing.T) {
	acct := *o.Readiness(t, "enabled").AccountID
	with := func(without ...string) []string {
		return append(o.wellSet(), "STRIPE_SECRET_KEY="+o.restrictedKey(t, without...))
	}
	all := with()
	for _, command := range [][]string{{"doctor"}, {"accounts", "recheck", acct}, {"webhooks", "check"}} {
		expect(t, 0, all, command...)
	}
	p, _ := start(t, all, "serve", "--addr", "127.0.0.1:0")
	p.Signal(t, syscall.SIGTERM)

	for _, lack := range []struct {
		resource, permission, mend string
		fails, works               [][]string
	}{
		{
			"accounts", "rak_accounts_kyc_basic_read", "read Connect's accounts",
			[][]string{{"doctor"}, {"accounts", "recheck", acct}, {"serve", "--addr", "127.0.0.1:0"}},
			[][]string{{"webhooks", "check"}},
		},
		{
			"webhook_endpoints", "rak_webhook_read", "read and write webhook endpoints",
			[][]string{{"doctor"}, {"webhooks", "check"}, {"webhooks", "setup"}},
			[][]string{{"accounts", "recheck", acct}},
		},
	} {
		env := with(lack.resource)
		for _, command := range lack.fails {
			stdout, stderr, code := connectd(t, env, command...)
			if said := stdout + stderr; code != 1 || !strings.Contains(said, "'"+lack.permission+"' permission") || !strings.Contains(said, lack.mend) {
				t.Errorf("without %s connectd %v ended with %d:\n%s", lack.permission, command, code, said)
			}
		}
		for _, command := range lack.works {
			expect(t, 0, env, command...)
		}
	}
}

// wellSet is the environment in which a doctor finds nothing.
func (o operator) wellSet() []string {
	return append([]string{"BASE_URL=" + o.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
}

func (o operator) restrictedKey(t *testing.T, without ...string) string {
	t.Helper()
	var made struct {
		Key string `json:"key"`
	}
	order, err := json.Marshal(map[string][]string{"without": without})
	if err != nil {
		t.Fatal(err)
	}
	res := o.Do(t, http.MethodPost, o.SandboxURL+"/sandbox/keys", "", string(order))
	if err := json.Unmarshal([]byte(walktest.Read(t, res)), &made); err != nil || !strings.HasPrefix(made.Key, "rk_test_") {
		t.Fatalf("the key %q: %v", made.Key, err)
	}
	return made.Key
}

// endpoints: a platform's own endpoint is not taken for the Connect one, and each lack of that is named and mended.
func (o operator) endpoints(t *testing.T) {
	env := append([]string{"BASE_URL=http://127.0.0.1:10"}, o.stripe...)
	address := "http://127.0.0.1:10/api/connectWebhook"
	refused := func(words string) {
		t.Helper()
		if _, stderr, code := connectd(t, env, "webhooks", "check"); code != 1 || !strings.Contains(stderr, words) || !strings.Contains(stderr, "webhooks setup") {
			t.Errorf("webhooks check ended with %d, want it to say %q: %s", code, words, stderr)
		}
		if found := expect(t, 1, append(o.wellSet(), env[0]), "doctor"); !strings.Contains(found, words) || !strings.Contains(found, "fix: connectd webhooks setup") {
			t.Errorf("doctor does not say %q:\n%s", words, found)
		}
	}
	o.askStripe(t, "/v1/webhook_endpoints", url.Values{"url": {address}, "enabled_events[]": {"*"}})
	refused("no endpoint for connected accounts' events leads to " + address)
	allButOne := slices.DeleteFunc(webhook.Types(), func(typ string) bool { return typ == "account.application.deauthorized" })
	id := o.askStripe(t, "/v1/webhook_endpoints", url.Values{"url": {address}, "enabled_events[]": allButOne, "connect": {"true"}})
	refused("endpoint " + id + " lacks account.application.deauthorized")
	o.askStripe(t, "/v1/webhook_endpoints/"+id, url.Values{"disabled": {"true"}})
	refused("endpoint " + id + " is switched off, and lacks account.application.deauthorized")
	said, words, code := connectd(t, env, "webhooks", "setup")
	if code != 0 || !strings.Contains(said, id) || !strings.Contains(words, "lacked account.application.deauthorized") {
		t.Errorf("webhooks setup of %s ended with %d: %s%s", id, code, said, words)
	}
	expect(t, 0, env, "webhooks", "check")

	named := o.askStripe(t, "/v1/webhook_endpoints", url.Values{"url": {"https://Shop.example.com/api/connectWebhook"}, "enabled_events[]": {"*"}, "connect": {"true"}})
	if found := expect(t, 0, append(env, "BASE_URL=https://shop.EXAMPLE.com"), "webhooks", "check"); !strings.Contains(found, named) {
		t.Errorf("with the host in another case: %s", found)
	}
}

// askStripe writes an object at the sandbox and returns its id.
func (o operator) askStripe(t *testing.T, path string, form url.Values) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.SandboxURL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.PlatformKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		ID string `json:"id"`
	}
	body := walktest.Read(t, res)
	if err := json.Unmarshal([]byte(body), &made); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("POST %s answered %d: %s", path, res.StatusCode, body)
	}
	return made.ID
}

// oauthSwitchedOff is found by the doctor, in Stripe's words.
func (o operator) oauthSwitchedOff(t *testing.T) {
	var platform struct {
		ID string `json:"id"`
	}
	res := o.Do(t, http.MethodGet, o.SandboxURL+"/v1/account", o.PlatformKey, "")
	if err := json.Unmarshal([]byte(walktest.Read(t, res)), &platform); err != nil {
		t.Fatal(err)
	}
	o.Sandbox(t, "platforms/"+platform.ID, `{"oauth":false}`)
	found := expect(t, 1, o.wellSet(), "doctor")
	o.Sandbox(t, "platforms/"+platform.ID, `{"oauth":true}`)
	if !strings.Contains(found, "OAuth is disabled") || !strings.Contains(found, "switch OAuth on") {
		t.Errorf("doctor finds:\n%s", found)
	}
}

// clockOff comes last: the sandbox's clock does not go back.
func (o operator) clockOff(t *testing.T) {
	o.Sandbox(t, "clock", `{"advance":"1m"}`)
	if found := expect(t, 0, o.wellSet(), "doctor"); !strings.Contains(found, "warning  clock") || !strings.Contains(found, "NTP") {
		t.Errorf("a minute off, doctor finds:\n%s", found)
	}
	o.Sandbox(t, "clock", `{"advance":"1h"}`)
	if found := expect(t, 1, o.wellSet(), "doctor"); !strings.Contains(strings.Join(strings.Fields(found), " "), "wrong clock") {
		t.Errorf("an hour off, doctor finds:\n%s", found)
	}
}
