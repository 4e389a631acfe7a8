package app

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/policyfile"
	"github.com/connectd/connectd/internal/retention"
	"github.com/connectd/connectd/internal/stripeapi"
)

// ServiceSettings are the service's own.
type ServiceSettings struct {
	BrandSettings
	MailSettings

	ScanCron             string           `name:"scan-cron" env:"CONNECTD_SCAN_CRON" default:"*/10 * * * *" help:"When to look for accounts that are due: five fields, CRON_TZ=…, or @every 1m."`
	ScanBrake            string           `name:"scan-brake" env:"CONNECTD_SCAN_BRAKE" default:"20,1%" help:"How many accounts scans may make unable or disconnected within 24 hours: a number, or a share of those connected if that is more."`
	RecheckEvery         time.Duration    `name:"recheck-every" env:"CONNECTD_RECHECK_EVERY" default:"672h" help:"How long an account goes without a check."`
	StaleAfter           time.Duration    `name:"stale-after" env:"CONNECTD_STALE_AFTER" default:"840h" help:"How old the last check may be before readiness says stale."`
	Gap                  time.Duration    `name:"gap" env:"CONNECTD_GAP" default:"1h" help:"How long connectd may be down before it catches up with what it may have missed; shorter than 4s counts as 4s."`
	EventRetention       time.Duration    `name:"event-retention" env:"CONNECTD_EVENT_RETENTION" default:"2160h" help:"How long Stripe's events are kept; at least 840h (35 days)."`
	ReadinessCopy        string           `name:"readiness-copy" env:"CONNECTD_READINESS_COPY" default:"on" enum:"on,off" help:"Whether readiness is answered from memory where that is as good as the database: ${enum}."`
	APIRate              int              `name:"api-rate" env:"CONNECTD_API_RATE" default:"0" help:"Requests a second that an API key may make of this process; 0 is no limit."`
	ReturnOrigins        []string         `name:"return-origins" env:"CONNECTD_RETURN_ORIGINS" placeholder:"ORIGIN" help:"Origins that sellers may be sent back to, comma-separated; BASE_URL's always is one."`
	PolicyCountries      []string         `name:"policy-countries" env:"CONNECTD_POLICY_COUNTRIES" placeholder:"CC" help:"Countries of an empty database's policy (ISO 3166-1), comma-separated; none means all."`
	PolicyCurrencies     []string         `name:"policy-currencies" env:"CONNECTD_POLICY_CURRENCIES" placeholder:"CUR" help:"Currencies of an empty database's policy (ISO 4217), comma-separated; none means all."`
	PolicyRequirePayouts bool             `name:"policy-require-payouts" env:"CONNECTD_POLICY_REQUIRE_PAYOUTS" default:"true" negatable:"" help:"Whether an empty database's policy requires payouts."`
	AdminPassword        stripeapi.Secret `name:"admin-password" env:"CONNECTD_ADMIN_PASSWORD" placeholder:"PASSWORD" help:"The admin's password, in development."`
	AdminPasswordHash    stripeapi.Secret `name:"admin-password-hash" env:"CONNECTD_ADMIN_PASSWORD_HASH" placeholder:"HASH" help:"The admin's password as an argon2id hash."`
	MetricsAddr          string           `name:"metrics-addr" env:"CONNECTD_METRICS_ADDR" placeholder:"HOST:PORT" help:"Address at which Prometheus is answered (GET /metrics), and nobody else should reach; without it there are no metrics."`
	TrustedProxies       []string         `name:"trusted-proxies" env:"CONNECTD_TRUSTED_PROXIES" placeholder:"NETWORK" help:"Addresses and networks of proxies whose X-Forwarded-For is believed, comma-separated."`
}

const exampleOrigins = "https://shop.example.com,https://www.example.com"

// Check refuses what can't be used.
func (s ServiceSettings) Check() []error {
	var wrong []error
	if schedule, err := cron.ParseStandard(s.ScanCron); err != nil {
		wrong = append(wrong, setting("CONNECTD_SCAN_CRON", "is not a schedule", "*/10 * * * *"))
	} else if schedule.Next(time.Now()).IsZero() { // such as the 31st of February
		wrong = append(wrong, setting("CONNECTD_SCAN_CRON", "names a time that never comes", "*/10 * * * *"))
	}
	if _, err := parseBrake(s.ScanBrake); err != nil {
		wrong = append(wrong, setting("CONNECTD_SCAN_BRAKE", "is "+err.Error(), "20,1%"))
	}
	wrong = append(wrong, s.checkAges()...)
	wrong = append(wrong, s.BrandSettings.Check()...)
	if s.Gap <= 0 {
		wrong = append(wrong, setting("CONNECTD_GAP", "is no time", "1h"))
	}
	wrong = append(wrong, s.MailSettings.Check()...)
	if s.EventRetention < retention.Least {
		wrong = append(wrong, setting("CONNECTD_EVENT_RETENTION", "is less than 35 days, within which Stripe may repeat an event", "2160h"))
	}
	if s.APIRate < 0 {
		wrong = append(wrong, setting("CONNECTD_API_RATE", "is below 0", "100"))
	}
	for _, origin := range s.ReturnOrigins {
		switch {
		case strings.Contains(origin, "*"):
			wrong = append(wrong, setting("CONNECTD_RETURN_ORIGINS", fmt.Sprintf("holds %q, and origins have no wildcards", origin), exampleOrigins))
		case !isOrigin(origin):
			wrong = append(wrong, setting("CONNECTD_RETURN_ORIGINS", fmt.Sprintf("holds %q, which is no origin", origin), exampleOrigins))
		}
	}
	if _, err := net.ResolveTCPAddr("tcp", s.MetricsAddr); s.MetricsAddr != "" && err != nil {
		wrong = append(wrong, setting("CONNECTD_METRICS_ADDR", "is not an address", "127.0.0.1:9090"))
	}
	if _, err := access.NewAdmin(access.AdminConfig{PasswordHash: string(s.AdminPasswordHash)}); err != nil {
		wrong = append(wrong, setting("CONNECTD_ADMIN_PASSWORD_HASH", "is not an argon2id hash", "what connectd admin hash prints, in single quotes"))
	}
	if _, err := access.ParseProxies(s.TrustedProxies); err != nil {
		wrong = append(wrong, setting("CONNECTD_TRUSTED_PROXIES", "is wrong: "+err.Error(), "10.0.0.0/8,192.0.2.7"))
	}
	for _, country := range s.PolicyCountries {
		if fault := policyfile.CountryFault(country); fault != "" {
			wrong = append(wrong, setting("CONNECTD_POLICY_COUNTRIES", fmt.Sprintf("holds %q, %s", country, fault), "IE,GB,US"))
		}
	}
	for _, currency := range s.PolicyCurrencies {
		if fault := policyfile.CurrencyFault(currency); fault != "" {
			wrong = append(wrong, setting("CONNECTD_POLICY_CURRENCIES", fmt.Sprintf("holds %q, %s", currency, fault), "eur,gbp,usd"))
		}
	}
	return wrong
}

// shortestRecheck is what cron's shortest step is: what is due sooner would be due again in the pass that checks it.
const shortestRecheck = time.Second

// checkAges: an account that is stale before it is due would be stale most of the time.
func (s ServiceSettings) checkAges() []error {
	var wrong []error
	if s.RecheckEvery < shortestRecheck {
		wrong = append(wrong, setting("CONNECTD_RECHECK_EVERY", "is less than a second", "672h"))
	}
	switch {
	case s.StaleAfter <= 0:
		wrong = append(wrong, setting("CONNECTD_STALE_AFTER", "is not above 0", "840h"))
	case s.StaleAfter < s.RecheckEvery:
		wrong = append(wrong, setting("CONNECTD_STALE_AFTER", "is less than CONNECTD_RECHECK_EVERY, so that accounts would be stale before they are due", "840h"))
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
