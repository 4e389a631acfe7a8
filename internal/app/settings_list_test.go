package app

import (
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/web"
)

// inForce are the settings of a service, by the names of their flags.
func inForce(c Config) map[string]web.Setting {
	found := map[string]web.Setting{}
	for _, group := range c.settings() {
		for _, s := range group.Settings {
			found[strings.TrimPrefix(s.Flag, "--")] = s
		}
	}
	return found
}

// TestOfASecretItsHostIsShownAtMost: of what can't be told from the password for certain, nothing is.
func TestOfASecretItsHostIsShownAtMost(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"": "not set",
		"postgres://who:hidden@db.example:5432/connectd": "set, hidden but for the host db.example:5432",
		"postgres://who:hid/den@db.example/x":            "set, hidden",
		"postgres://who:12/34@db.example/x":              "set, hidden",
		"postgres://who:12?34@db.example/x":              "set, hidden",
		"postgres://who:12#34@db.example/x":              "set, hidden",
		"postgres:///connectd?password=hidden":           "set, hidden",
		"host=db.example password=hidden":                "set, hidden",
		"postgres://who:hidden@a:1,b:2/x":                "set, hidden but for the host a:1,b:2",
	} {
		s := inForce(Config{Database: DatabaseSettings{DatabaseURL: stripeapi.Secret(secret)}})["database-url"]
		if got := s.Standing(); got != want {
			t.Errorf("%s: %q, want %q", secret, got, want)
		}
	}
	c := Config{Stripe: StripeSettings{StripeSecretKey: "https://hidden.example", StripeEndpointSecret: []stripeapi.Secret{"whsec_hidden"}}}
	c.Service.AdminPasswordHash = "$argon2id$hidden"
	for _, name := range []string{"stripe-secret-key", "stripe-endpoint-secret", "admin-password-hash"} {
		if s := inForce(c)[name]; s.Standing() != "set, hidden" || s.Origin() != "from connectd itself" {
			t.Errorf("%s: %q %q", name, s.Standing(), s.Origin())
		}
	}
}

func TestSettingsAreShownAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	c := Config{
		PlaceSettings: PlaceSettings{BaseURL: "https://somebody:hidden@shop.example/x"},
		Service:       ServiceSettings{RecheckEvery: 672 * time.Hour, Gap: 90 * time.Minute, StaleAfter: 20 * time.Second, ReturnOrigins: []string{"a", "b"}},
		Stripe:        StripeSettings{StripeLimits: StripeLimits{StripeRate: 0.5, StripeReadAllocation: 10000}},
		Log:           LogSettings{LogLevel: "info"},
		Origins:       map[string]string{"gap": "the environment"},
	}
	found := inForce(c)
	for name, want := range map[string]string{
		"base-url": "https://shop.example/x", "recheck-every": "672h", "gap": "1h30m", "stale-after": "20s", "return-origins": "a,b",
		"stripe-rate": "0.5", "stripe-read-allocation": "10000", "policy-require-payouts": "false", "log-level": "info",
	} {
		if got := found[name].Standing(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"gap": "from the environment; the default is 1h", "recheck-every": "from the default", "stale-after": "from connectd itself; the default is 840h",
		"mail-from": "",
	} {
		if got := found[name].Origin(); got != want {
			t.Errorf("%s comes %q, want %q", name, got, want)
		}
	}
	if help := found["log-level"].Help; help != "Least important lines to log: debug,info,warn,error." {
		t.Errorf("the help is %q", help)
	}
}
