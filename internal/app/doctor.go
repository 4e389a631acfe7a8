package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

// Finding is what became of looking at one thing.
type Finding struct {
	Name  string
	State State
	Words string // what was found
	Fix   string // what to do, "" where all is well
}

// State says how a finding is to be taken.
type State string

// The states.
const (
	Fine    State = "ok"
	Warning State = "warning"
	Wrong   State = "wrong"
)

const (
	skewTolerated = 5 * time.Second
	skewRefused   = 4 * time.Minute // signatures are refused after five minutes
)

// Doctor looks at all that connectd needs, from where it stands.
type Doctor struct {
	Database DatabaseSettings
	Stripe   StripeSettings
	// BaseURL is where browsers and Stripe reach connectd.
	BaseURL string
	Now     func() time.Time
	Logger  *slog.Logger
}

// Examine looks at each thing in turn: Postgres, then Stripe, then both together. What can't be looked at is left out.
func (d Doctor) Examine(ctx context.Context) ([]Finding, error) {
	client, err := d.Stripe.Client(nil, d.Logger)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	findings, owner := d.examineDatabase(ctx)
	platform, finding := d.platform(ctx, client, owner)
	findings = append(findings, finding)
	if finding.State == Wrong {
		return findings, nil
	}
	return append(findings, d.clock(platform), d.accounts(ctx, client), d.authorize(ctx, client), d.endpoint(ctx, client), d.secrets()), nil
}

func (d Doctor) examineDatabase(ctx context.Context) ([]Finding, *registry.Platform) {
	core := NewCore(d.Logger)
	defer core.Close(ctx) //nolint:errcheck // closing a pool does not fail
	if err := core.OpenDatabase(ctx, d.Database); err != nil {
		return []Finding{{"database", Wrong, err.Error(), "start Postgres, or correct DATABASE_URL"}}, nil
	}
	findings := []Finding{{"database", Fine, "it answers", ""}, d.migrations(ctx)}
	if findings[1].State == Wrong {
		return findings, nil
	}
	findings = append(findings, d.attempts(ctx, core.queries), d.reads(ctx, core.queries))
	owner, known, err := registry.PlatformOf(ctx, core.queries)
	if err != nil || !known {
		return findings, nil
	}
	return findings, &owner
}

func (d Doctor) migrations(ctx context.Context) Finding {
	migrations, err := postgres.MigrateStatus(ctx, d.Database.Direct())
	if err != nil {
		return Finding{"migrations", Wrong, err.Error(), "see that CONNECTD_DATABASE_DIRECT_URL leads to the database"}
	}
	for _, m := range migrations {
		if m.AppliedAt.IsZero() {
			return Finding{"migrations", Wrong, m.Name + " is pending", "connectd migrate up (serve does it when it starts)"}
		}
	}
	return Finding{"migrations", Fine, "all are applied", ""}
}

func (d Doctor) attempts(ctx context.Context, q *db.Queries) Finding {
	attempts, err := onboarding.Unfinished(ctx, q, d.Now())
	if err != nil {
		return Finding{"exchanges", Wrong, err.Error(), "see the database's log"}
	}
	if len(attempts) == 0 {
		return Finding{"exchanges", Fine, "none is unfinished", ""}
	}
	sellers := make([]string, len(attempts))
	for i, a := range attempts {
		sellers[i] = a.SellerID
	}
	return Finding{
		"exchanges", Warning, "unfinished for " + strings.Join(slices.Compact(sellers), ", "),
		"let these sellers connect again, by a fresh link, unless /statusz says that connectd goes on by itself",
	}
}

func (d Doctor) reads(ctx context.Context, q *db.Queries) Finding {
	used, err := readsUsed(ctx, q, d.Now(), d.Stripe.StripeReadAllocation)
	if err != nil {
		return Finding{"reads", Wrong, err.Error(), "see the database's log"}
	}
	if used.short() {
		return Finding{"reads", Warning, used.String(), used.fix()}
	}
	return Finding{"reads", Fine, used.String(), ""}
}

// platform looks at the key: whose it is, of what mode, and whether that is the database's.
func (d Doctor) platform(ctx context.Context, client *stripeapi.Client, owner *registry.Platform) (stripeapi.Platform, Finding) {
	found, err := client.Platform(ctx)
	if err != nil {
		return found, Finding{"key", Wrong, err.Error(), fixOf(err, d.Stripe, mendKey)}
	}
	asked := registry.Platform{AccountID: found.AccountID, Livemode: found.Livemode}
	if owner != nil && *owner != asked {
		return found, Finding{
			"key", Wrong,
			fmt.Sprintf("it is of platform %s in %s mode, the database of %s in %s mode", asked.AccountID, asked.Mode(), owner.AccountID, owner.Mode()),
			"use that platform's key, or another database",
		}
	}
	return found, Finding{"key", Fine, fmt.Sprintf("platform %s in %s mode", asked.AccountID, asked.Mode()), ""}
}

// What an operator does where the key is not enough.
const (
	mendKey = "copy STRIPE_SECRET_KEY anew from the Dashboard, Developers, API keys; where it is a restricted key, allow it to " +
		"read Connect's accounts"
	mendAccounts  = "allow the restricted key to read Connect's accounts, or use a secret key"
	mendEndpoints = "allow the restricted key to read and write webhook endpoints, or use a secret key"
)

// fixOf is what to do after an error of Stripe's: mend where the key is not enough.
func fixOf(err error, s StripeSettings, mend string) string {
	switch stripeapi.KindOf(err) {
	case stripeapi.Unreachable:
		return "see that this machine reaches " + s.StripeAPIBase
	case stripeapi.RateLimited:
		return "try again in a moment"
	}
	return mend
}

func (d Doctor) clock(p stripeapi.Platform) Finding {
	skew := p.ClockSkew(d.Now())
	f := Finding{Name: "clock", State: Fine, Words: "it agrees with Stripe's"}
	if skew.Abs() > skewTolerated {
		f = Finding{"clock", Warning, fmt.Sprintf("it is %v off Stripe's", skew.Abs().Round(time.Second)), "synchronize this machine's clock (NTP)"}
	}
	if skew.Abs() > skewRefused {
		f.State = Wrong
	}
	return f
}

// accounts looks at whether the key may read connected accounts, which a restricted one has to be allowed to.
func (d Doctor) accounts(ctx context.Context, client *stripeapi.Client) Finding {
	if _, err := client.Accounts(ctx, "", 1); err != nil {
		return Finding{"accounts", Wrong, err.Error(), fixOf(err, d.Stripe, mendAccounts)}
	}
	return Finding{"accounts", Fine, "the key may read them", ""}
}

func (d Doctor) authorize(ctx context.Context, client *stripeapi.Client) Finding {
	redirect := d.BaseURL + "/oauth/callback"
	err := client.CheckAuthorize(ctx, redirect)
	switch stripeapi.KindOf(err) {
	case "":
		return Finding{"OAuth", Fine, "Stripe takes the client id and the redirect URI " + redirect, ""}
	case stripeapi.Unreachable:
		return Finding{"OAuth", Wrong, err.Error(), "see that this machine reaches " + d.Stripe.StripeConnectBase}
	}
	return Finding{
		"OAuth", Wrong, err.Error(),
		"in the Dashboard, Settings, Connect, Onboarding options: switch OAuth on, copy STRIPE_OAUTH_CLIENT_ID, and add the redirect URI " + redirect,
	}
}

func (d Doctor) endpoint(ctx context.Context, client *stripeapi.Client) Finding {
	found, err := FindEndpoint(ctx, client, d.BaseURL)
	const setup = "connectd webhooks setup"
	switch {
	case err != nil:
		return Finding{"webhook", Wrong, err.Error(), fixOf(err, d.Stripe, mendEndpoints)}
	case found == nil:
		return Finding{"webhook", Wrong, "no endpoint for connected accounts' events leads to " + EndpointURL(d.BaseURL), setup}
	case !found.Enabled:
		return Finding{"webhook", Wrong, "endpoint " + found.ID + " is switched off", setup}
	}
	if missing := found.Missing(); len(missing) > 0 {
		return Finding{"webhook", Wrong, "endpoint " + found.ID + " lacks " + strings.Join(missing, ", "), setup}
	}
	return Finding{"webhook", Fine, "endpoint " + found.ID + " has every type that is handled", ""}
}

func (d Doctor) secrets() Finding {
	if len(d.Stripe.StripeEndpointSecret) == 0 {
		return Finding{"signatures", Wrong, "STRIPE_ENDPOINT_SECRET is not set: every webhook is refused", "set it to the endpoint's signing secret (whsec_…)"}
	}
	return Finding{"signatures", Fine, "a signing secret is set", ""}
}

// Endpoint is the platform's webhook endpoint that leads to connectd.
type Endpoint struct{ stripeapi.WebhookEndpoint }

// Missing are the handled types that the endpoint does not ask for.
func (e Endpoint) Missing() []string {
	if slices.Contains(e.EnabledEvents, "*") {
		return nil
	}
	return slices.DeleteFunc(webhook.Types(), func(t string) bool { return slices.Contains(e.EnabledEvents, t) })
}

// EndpointURL is where Stripe delivers to.
func EndpointURL(baseURL string) string { return baseURL + "/api/connectWebhook" }

// MendEndpoints is what to do after an error of Stripe's about webhook endpoints.
func MendEndpoints(err error, s StripeSettings) string { return fixOf(err, s, mendEndpoints) }

// FindEndpoint finds the endpoint for connected accounts' events that leads to connectd, an enabled one first; nil where
// there is none.
func FindEndpoint(ctx context.Context, client *stripeapi.Client, baseURL string) (*Endpoint, error) {
	endpoints, err := client.WebhookEndpoints(ctx)
	if err != nil {
		return nil, err
	}
	var found *Endpoint
	for _, e := range endpoints {
		if e.Connect && e.URL == EndpointURL(baseURL) && (found == nil || e.Enabled && !found.Enabled) {
			found = &Endpoint{e}
		}
	}
	return found, nil
}
