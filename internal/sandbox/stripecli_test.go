package sandbox_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/sandbox"
)

// tool finds a program by the environment variable or else on the PATH. A machine without it proves less, and says so.
func tool(t *testing.T, variable, name, install string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("NOT PROVED: %s is neither in %s nor on the PATH (%s)", name, variable, install)
	}
	return path
}

// cli runs the official Stripe CLI against the sandbox, which must please it.
func (r *running) cli(t *testing.T, path string, args ...string) string {
	t.Helper()
	out, err := r.tryCLI(t, path, args...)
	if err != nil {
		t.Fatalf("stripe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (r *running) tryCLI(t *testing.T, path string, args ...string) (string, error) {
	t.Helper()
	args = append(args, "--api-key", r.Platform().Key, "--api-base", r.URL())
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir(), "STRIPE_CLI_TELEMETRY_OPTOUT=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestStripeCLICannotTell(t *testing.T) {
	t.Parallel()
	path := tool(t, "STRIPE_CLI", "stripe", "npm install @stripe/cli")
	for name, test := range map[string]struct {
		args  []string
		event string
		// on tells whose event it is: the platform's, a new account's, or that of --stripe-account.
		on string
	}{
		"an account updated":         {[]string{"trigger", "account.updated"}, "account.updated", "new"},
		"an account deauthorized":    {[]string{"trigger", "account.application.deauthorized"}, "account.application.deauthorized", "new"},
		"a product":                  {[]string{"trigger", "product.created"}, "product.created", "platform"},
		"a price":                    {[]string{"trigger", "price.created"}, "price.created", "platform"},
		"a paid Checkout":            {[]string{"trigger", "checkout.session.completed"}, "checkout.session.completed", "platform"},
		"a Checkout that expires":    {[]string{"trigger", "checkout.session.expired"}, "checkout.session.expired", "platform"},
		"a seller's product":         {[]string{"trigger", "product.created"}, "product.created", "account"},
		"a seller's price":           {[]string{"trigger", "price.created"}, "price.created", "account"},
		"a seller's paid Checkout":   {[]string{"trigger", "checkout.session.completed"}, "checkout.session.completed", "account"},
		"a seller's product changed": {[]string{"trigger", "product.updated"}, "product.updated", "account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			rec := newReceiver(t, always(http.StatusOK))
			if _, err := s.EnsureWebhookEndpoint(t.Context(), sandbox.WebhookEndpoint{
				URL: rec.server.URL, Connect: test.on != "platform", EnabledEvents: []string{test.event},
			}); err != nil {
				t.Fatal(err)
			}
			args, want := test.args, ""
			if test.on == "account" {
				want = s.account("complete")
				args = append(args, "--stripe-account", want)
			}
			if out := s.cli(t, path, args...); !strings.Contains(out, "Trigger succeeded") {
				t.Errorf("stripe %s said\n%s", strings.Join(args, " "), out)
			}
			e := rec.next()
			if e.Type != test.event || test.on != "new" && e.Account != want || test.on == "new" && e.Account == "" {
				t.Errorf("event is %s of %q", e.Type, e.Account)
			}
		})
	}
}

// TestStripeCLICannotMakeAccountsOnAnAccount: at Stripe it can't either (github.com/stripe/stripe-cli/issues/620).
func TestStripeCLICannotMakeAccountsOnAnAccount(t *testing.T) {
	t.Parallel()
	path := tool(t, "STRIPE_CLI", "stripe", "npm install @stripe/cli")
	s := start(t)
	out, err := s.tryCLI(t, path, "trigger", "account.updated", "--stripe-account", s.account("complete"))
	if err == nil || !strings.Contains(out, "Connect platforms cannot create new accounts on behalf of their connected accounts.") {
		t.Errorf("it ended with %v and said\n%s", err, out)
	}
}

func TestStripeCLIReads(t *testing.T) {
	t.Parallel()
	path := tool(t, "STRIPE_CLI", "stripe", "npm install @stripe/cli")
	s := start(t)
	id := s.account("restricted")
	if out := s.cli(t, path, "get", "/v1/account"); !strings.Contains(out, s.Platform().Account) {
		t.Errorf("get said %s", out)
	}
	if out := s.cli(t, path, "accounts", "list", "--limit", "1"); !strings.Contains(out, id) {
		t.Errorf("accounts list said %s", out)
	}
	if out := s.cli(t, path, "get", "/v1/accounts/"+id); !strings.Contains(out, "requirements.past_due") {
		t.Errorf("get of an account said %s", out)
	}
}
