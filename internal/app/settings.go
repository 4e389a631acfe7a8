package app

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/retention"
	"github.com/connectd/connectd/internal/stripeapi"
)

// The settings are environment variables, each also a flag: the tags are what the command line reads. They stand in groups,
// since a command asks only for what it uses.

// LogSettings say how connectd logs.
type LogSettings struct {
	LogLevel  string `name:"log-level" env:"CONNECTD_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least important lines to log: ${enum}."`
	LogFormat string `name:"log-format" env:"CONNECTD_LOG_FORMAT" default:"text" enum:"text,json" help:"Form of the log: ${enum}."`
}

// DatabaseSettings say where Postgres is.
type DatabaseSettings struct {
	DatabaseURL       stripeapi.Secret `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"Postgres: postgres://USER:PASSWORD@HOST:PORT/NAME."`
	DatabaseDirectURL stripeapi.Secret `name:"database-direct-url" env:"CONNECTD_DATABASE_DIRECT_URL" placeholder:"URL" help:"The same without a transaction pooler between, for migrations."`
}

// Direct is the URL for what needs a session of its own.
func (s DatabaseSettings) Direct() string {
	if s.DatabaseDirectURL != "" {
		return string(s.DatabaseDirectURL)
	}
	return string(s.DatabaseURL)
}

// pooled reports whether DATABASE_URL may lead through a transaction pooler.
func (s DatabaseSettings) pooled() bool { return s.DatabaseDirectURL != "" }

const exampleDatabase = "postgres://connectd:secret@localhost:5432/connectd"

// Check refuses what can't be used.
func (s DatabaseSettings) Check() []error {
	if s.DatabaseURL == "" {
		return append(s.CheckForm(), setting("DATABASE_URL", "is not set", exampleDatabase))
	}
	return s.CheckForm()
}

// CheckForm refuses what is set and can't be used; serve has a Postgres of its own where nothing is set.
func (s DatabaseSettings) CheckForm() []error {
	var wrong []error
	for _, at := range []struct {
		name string
		url  stripeapi.Secret
	}{{"DATABASE_URL", s.DatabaseURL}, {"CONNECTD_DATABASE_DIRECT_URL", s.DatabaseDirectURL}} {
		if at.url != "" && postgres.CheckURL(string(at.url)) != nil { // its error would repeat most of the URL
			wrong = append(wrong, setting(at.name, "is not a Postgres URL", exampleDatabase))
		}
	}
	if s.DatabaseURL == "" && s.DatabaseDirectURL != "" {
		wrong = append(wrong, setting("CONNECTD_DATABASE_DIRECT_URL", "is set without DATABASE_URL, which it stands beside", exampleDatabase))
	}
	return wrong
}

// StripeSettings say who the platform is and where Stripe is.
type StripeSettings struct {
	StripeSecretKey      stripeapi.Secret   `name:"stripe-secret-key" env:"STRIPE_SECRET_KEY" placeholder:"KEY" help:"The platform's secret key (sk_…) or a restricted one (rk_…)."`
	StripePublishableKey string             `name:"stripe-publishable-key" env:"STRIPE_PUBLISHABLE_KEY" placeholder:"KEY" help:"The platform's publishable key (pk_…); only its mode is looked at."`
	StripeOAuthClientID  string             `name:"stripe-oauth-client-id" env:"STRIPE_OAUTH_CLIENT_ID" placeholder:"ID" help:"The platform's OAuth client id (ca_…)."`
	StripeEndpointSecret []stripeapi.Secret `name:"stripe-endpoint-secret" env:"STRIPE_ENDPOINT_SECRET" placeholder:"SECRET" help:"Signing secrets of the webhook endpoints (whsec_…), comma-separated."`
	StripeAPIBase        string             `name:"stripe-api-base" env:"STRIPE_API_BASE" default:"https://api.stripe.com" help:"Where Stripe's API is."`
	StripeConnectBase    string             `name:"stripe-connect-base" env:"STRIPE_CONNECT_BASE" default:"https://connect.stripe.com" help:"Where Stripe's OAuth is."`
	StripeLimits
}

// Check refuses what can't be used.
func (s StripeSettings) Check() []error {
	var wrong []error
	live, known := stripeapi.ModeOf(string(s.StripeSecretKey))
	switch {
	case s.StripeSecretKey == "":
		wrong = append(wrong, setting("STRIPE_SECRET_KEY", "is not set", "sk_test_…"))
	case strings.HasPrefix(string(s.StripeSecretKey), "pk_"):
		wrong = append(wrong, setting("STRIPE_SECRET_KEY", "is a publishable key", "sk_test_…"))
	case !known:
		wrong = append(wrong, setting("STRIPE_SECRET_KEY", "is not a Stripe key", "sk_test_…"))
	case s.StripePublishableKey != "" && strings.HasPrefix(s.StripePublishableKey, "pk_live_") != live:
		wrong = append(wrong, setting("STRIPE_PUBLISHABLE_KEY", "is of another mode than STRIPE_SECRET_KEY", "two keys of one mode"))
	}
	if s.StripePublishableKey != "" && !strings.HasPrefix(s.StripePublishableKey, "pk_") {
		wrong = append(wrong, setting("STRIPE_PUBLISHABLE_KEY", "is not a publishable key", "pk_test_…"))
	}
	for _, secret := range s.StripeEndpointSecret {
		if !strings.HasPrefix(string(secret), "whsec_") {
			wrong = append(wrong, setting("STRIPE_ENDPOINT_SECRET", "holds what is not a signing secret", "whsec_…,whsec_…"))
		}
	}
	wrong = append(wrong, s.StripeLimits.Check()...)
	return append(wrong, checkURLs(map[string]string{
		"STRIPE_API_BASE": s.StripeAPIBase, "STRIPE_CONNECT_BASE": s.StripeConnectBase,
	})...)
}

// CheckOAuth refuses a client id that can't be used; only connecting and unlinking need one.
func (s StripeSettings) CheckOAuth() []error {
	switch {
	case s.StripeOAuthClientID == "":
		return []error{setting("STRIPE_OAUTH_CLIENT_ID", "is not set", "ca_…")}
	case !strings.HasPrefix(s.StripeOAuthClientID, "ca_"):
		return []error{setting("STRIPE_OAUTH_CLIENT_ID", "is not an OAuth client id", "ca_…")}
	}
	return nil
}

// Mode is one of Stripe's two.
type Mode string

// The modes.
const (
	Test Mode = "test"
	Live Mode = "live"
)

// Mode is the secret key's; a key that can't be read is taken for a test key.
func (s StripeSettings) Mode() Mode {
	if live, _ := stripeapi.ModeOf(string(s.StripeSecretKey)); live {
		return Live
	}
	return Test
}

// Client is a client of the platform, whose calls the pacer hears of; nil: nobody does.
func (s StripeSettings) Client(pacer stripeapi.Pacer, logger *slog.Logger) (*stripeapi.Client, error) {
	return stripeapi.New(stripeapi.Config{
		SecretKey: s.StripeSecretKey, ClientID: s.StripeOAuthClientID, APIBase: s.StripeAPIBase,
		ConnectBase: s.StripeConnectBase, Pacer: pacer, Logger: logger,
	})
}

// StripeLimits say what Stripe permits the platform.
type StripeLimits struct {
	StripeRate           float64 `name:"stripe-rate" env:"CONNECTD_STRIPE_RATE" default:"20" help:"Calls to Stripe a second that checks of due accounts may make, on all replicas together."`
	StripeReadAllocation int64   `name:"stripe-read-allocation" env:"CONNECTD_STRIPE_READ_ALLOCATION" default:"10000" help:"Reads that Stripe allots to the platform in 30 days; connectd warns before its own have used them up."`
}

// Check refuses what can't be used.
func (s StripeLimits) Check() []error {
	var wrong []error
	if s.StripeRate <= 0 {
		wrong = append(wrong, setting("CONNECTD_STRIPE_RATE", "is not above 0", "20"))
	}
	if s.StripeReadAllocation <= 0 {
		wrong = append(wrong, setting("CONNECTD_STRIPE_READ_ALLOCATION", "is not above 0", "10000"))
	}
	return wrong
}

// ServiceSettings are the service's own.
type ServiceSettings struct {
	ScanCron             string           `name:"scan-cron" env:"CONNECTD_SCAN_CRON" default:"*/10 * * * *" help:"When to look for accounts that are due: five fields, CRON_TZ=…, or @every 1m."`
	ScanBrake            string           `name:"scan-brake" env:"CONNECTD_SCAN_BRAKE" default:"20,1%" help:"How many accounts scans may make unable or disconnected within 24 hours: a number, or a share of those connected if that is more."`
	RecheckEvery         time.Duration    `name:"recheck-every" env:"CONNECTD_RECHECK_EVERY" default:"672h" help:"How long an account goes without a check."`
	StaleAfter           time.Duration    `name:"stale-after" env:"CONNECTD_STALE_AFTER" default:"840h" help:"How old the last check may be before readiness says stale."`
	EventRetention       time.Duration    `name:"event-retention" env:"CONNECTD_EVENT_RETENTION" default:"2160h" help:"How long Stripe's events are kept; at least 840h (35 days)."`
	ReturnOrigins        []string         `name:"return-origins" env:"CONNECTD_RETURN_ORIGINS" placeholder:"ORIGIN" help:"Origins that sellers may be sent back to, comma-separated; BASE_URL's always is one."`
	PolicyCountries      []string         `name:"policy-countries" env:"CONNECTD_POLICY_COUNTRIES" placeholder:"CC" help:"Countries of an empty database's policy (ISO 3166-1), comma-separated; none means all."`
	PolicyCurrencies     []string         `name:"policy-currencies" env:"CONNECTD_POLICY_CURRENCIES" placeholder:"CUR" help:"Currencies of an empty database's policy (ISO 4217), comma-separated; none means all."`
	PolicyRequirePayouts bool             `name:"policy-require-payouts" env:"CONNECTD_POLICY_REQUIRE_PAYOUTS" default:"true" negatable:"" help:"Whether an empty database's policy requires payouts."`
	AdminPassword        stripeapi.Secret `name:"admin-password" env:"CONNECTD_ADMIN_PASSWORD" placeholder:"PASSWORD" help:"The admin's password, in development."`
	AdminPasswordHash    string           `name:"admin-password-hash" env:"CONNECTD_ADMIN_PASSWORD_HASH" placeholder:"HASH" help:"The admin's password as an argon2id hash."`
}

// Check refuses what can't be used.
func (s ServiceSettings) Check() []error {
	var wrong []error
	if _, err := cron.ParseStandard(s.ScanCron); err != nil {
		wrong = append(wrong, setting("CONNECTD_SCAN_CRON", "is not a schedule", "*/10 * * * *"))
	}
	if _, err := parseBrake(s.ScanBrake); err != nil {
		wrong = append(wrong, setting("CONNECTD_SCAN_BRAKE", "is "+err.Error(), "20,1%"))
	}
	if s.RecheckEvery <= 0 {
		wrong = append(wrong, setting("CONNECTD_RECHECK_EVERY", "is not above 0", "672h"))
	}
	if s.StaleAfter <= 0 {
		wrong = append(wrong, setting("CONNECTD_STALE_AFTER", "is not above 0", "840h"))
	}
	if s.EventRetention < retention.Least {
		wrong = append(wrong, setting("CONNECTD_EVENT_RETENTION", "is less than 35 days, within which Stripe may repeat an event", "2160h"))
	}
	for _, origin := range s.ReturnOrigins {
		if !isOrigin(origin) {
			wrong = append(wrong, setting("CONNECTD_RETURN_ORIGINS", fmt.Sprintf("holds %q, which is no origin", origin), "https://shop.example.com"))
		}
	}
	if _, err := access.NewAdmin(access.AdminConfig{PasswordHash: s.AdminPasswordHash}); err != nil {
		wrong = append(wrong, setting("CONNECTD_ADMIN_PASSWORD_HASH", "is not an argon2id hash", "what connectd admin hash prints, in single quotes"))
	}
	for _, country := range s.PolicyCountries {
		if len(country) != 2 {
			wrong = append(wrong, setting("CONNECTD_POLICY_COUNTRIES", fmt.Sprintf("holds %q, which is no country code", country), "IE,GB,US"))
		}
	}
	for _, currency := range s.PolicyCurrencies {
		if len(currency) != 3 {
			wrong = append(wrong, setting("CONNECTD_POLICY_CURRENCIES", fmt.Sprintf("holds %q, which is no currency code", currency), "eur,gbp,usd"))
		}
	}
	return wrong
}

// Policy is the policy that an empty database gets.
func (s ServiceSettings) Policy() account.Policy {
	p := account.DefaultPolicy()
	for _, country := range s.PolicyCountries {
		p.Countries = append(p.Countries, strings.ToUpper(country))
	}
	for _, currency := range s.PolicyCurrencies {
		p.Currencies = append(p.Currencies, strings.ToLower(currency))
	}
	p.RequirePayouts = s.PolicyRequirePayouts
	return p
}

// isOrigin takes scheme, host and port alone: a path would allow no more of it than the rest of the origin.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}

func checkURLs(urls map[string]string) []error {
	var wrong []error
	for name, address := range urls {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			wrong = append(wrong, setting(name, "is not an http or https URL", "https://connect.example.com"))
		}
	}
	return wrong
}

// setting says which setting is wrong, what is wrong with it, and what it should look like.
func setting(name, what, example string) error {
	return fmt.Errorf("%s %s (example: %s)", name, what, example)
}

// Logger logs to w as the settings say.
func (s LogSettings) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
