package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
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
	Mail     MailSettings
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
	findings = append(findings, d.mail(ctx))
	return append(findings, d.examineStripe(ctx, client, owner)...), nil
}

// examineStripe looks at what Stripe says of the settings; owner is whose the database is, nil where that is not known.
func (d Doctor) examineStripe(ctx context.Context, client *stripeapi.Client, owner *registry.Platform) []Finding {
	platform, finding := d.platform(ctx, client, owner)
	findings := []Finding{finding}
	if platform.Interval != (account.Interval{}) { // Stripe answered, if only with a refusal
		findings = append(findings, d.clock(platform))
	}
	if platform.AccountID == "" { // and what the key would open stays shut
		return append(findings, d.page(ctx, client), d.secrets())
	}
	return append(findings, d.accounts(ctx, client), d.authorize(ctx, client), d.endpoint(ctx, client), d.secrets())
}

func (d Doctor) examineDatabase(ctx context.Context) ([]Finding, *registry.Platform) {
	core := NewCore(d.Logger)
	defer core.Close(ctx) //nolint:errcheck // closing a pool does not fail
	err := core.OpenDatabase(ctx, d.Database)
	if errors.Is(err, postgres.ErrTooOld) {
		return []Finding{{"database", Wrong, err.Error(), "use the connectd that has migrated it"}}, nil
	}
	if err != nil {
		return []Finding{{"database", Wrong, err.Error(), "start Postgres, or correct DATABASE_URL"}}, nil
	}
	findings := append([]Finding{{"database", Fine, "it answers", ""}}, d.pooler(ctx)...)
	findings = append(findings, d.migrations(ctx))
	if findings[len(findings)-1].State == Wrong {
		return findings, nil
	}
	findings = append(findings, d.examineRows(ctx, core.queries)...)
	owner, known, err := registry.PlatformOf(ctx, core.queries)
	if err != nil || !known {
		return findings, nil
	}
	return findings, &owner
}

// examineRows looks at what connectd knows itself.
func (d Doctor) examineRows(ctx context.Context, q *db.Queries) []Finding {
	return []Finding{d.overdue(ctx, q), d.heard(ctx, q), d.missed(ctx, q), d.attempts(ctx, q), d.reads(ctx, q)}
}

// overdue looks at whether accounts wait for their checks.
func (d Doctor) overdue(ctx context.Context, q *db.Queries) Finding {
	counted, err := countTroubles(ctx, q, d.Now())
	switch {
	case err != nil:
		return Finding{"checks", Wrong, err.Error(), "see the database's log"}
	case counted.Overdue > 0:
		return Finding{"checks", Warning, overdueWords(counted.Overdue), "see that CONNECTD_STRIPE_RATE suffices and that Stripe answers"}
	}
	return Finding{"checks", Fine, "no account has been due for more than an hour", ""}
}

// heard says since when Stripe is silent, which on a quiet platform is no fault.
func (d Doctor) heard(ctx context.Context, q *db.Queries) Finding {
	heard, err := q.LastHeardAt(ctx)
	switch {
	case err != nil:
		return Finding{"events", Wrong, err.Error(), "see the database's log"}
	case len(heard) == 0:
		return Finding{"events", Fine, "none of Stripe's has come yet, or none is kept; where nothing happens that is no fault", ""}
	}
	return Finding{"events", Fine, "the last of Stripe's came at " + heard[0].UTC().Format(time.RFC3339) + "; where nothing happens silence is no fault", ""}
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

const answersWithin = 30 * time.Second

// mail looks at whether the mail server can be reached and lets connectd in; it sends nothing.
func (d Doctor) mail(ctx context.Context) Finding {
	if !d.Mail.mailed() {
		return Finding{"mail", Fine, "CONNECTD_SMTP_URL is not set: nothing is mailed", ""}
	}
	const fix = "correct CONNECTD_SMTP_URL, and see that this machine reaches the server"
	sender, err := d.Mail.sender(d.BaseURL, BrandSettings{})
	if err != nil {
		return Finding{"mail", Wrong, err.Error(), fix}
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		return Finding{"mail", Wrong, err.Error(), fix}
	}
	return Finding{"mail", Fine, "the server takes mails from " + sender.From.Address, ""}
}

// platform looks at the key: whose it is, of what mode, and whether that is the database's.
func (d Doctor) platform(ctx context.Context, client *stripeapi.Client, owner *registry.Platform) (stripeapi.Platform, Finding) {
	found, err := client.Platform(ctx)
	if err != nil {
		if e, ok := errors.AsType[*stripeapi.Error](err); ok {
			found.Interval = e.Interval
		}
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

// authorize looks at whether the client id is the key's, and then at the page.
func (d Doctor) authorize(ctx context.Context, client *stripeapi.Client) Finding {
	page := d.page(ctx, client)
	if err := client.CheckClientID(ctx); page.State == Fine && err != nil {
		return Finding{
			"OAuth", Wrong, "the client id is of another platform, or of the other mode, than the key: " + err.Error(),
			"copy STRIPE_OAUTH_CLIENT_ID from the same account as STRIPE_SECRET_KEY: Dashboard, Settings, Connect, Onboarding options, OAuth",
		}
	}
	return page
}

// page opens the page that sellers are sent to, for which no key is needed.
func (d Doctor) page(ctx context.Context, client *stripeapi.Client) Finding {
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
	case found.Fault() != "":
		return Finding{"webhook", Wrong, found.Fault(), setup}
	}
	return Finding{"webhook", Fine, "endpoint " + found.ID + " has every type that is handled", ""}
}

func (d Doctor) secrets() Finding {
	if len(d.Stripe.StripeEndpointSecret) == 0 {
		return Finding{"signatures", Wrong, "STRIPE_ENDPOINT_SECRET is not set: every webhook is refused", "set it to the endpoint's signing secret (whsec_…)"}
	}
	if slices.ContainsFunc(d.Stripe.StripeEndpointSecret, stripeapi.Guessable) {
		return Finding{
			"signatures", Warning, "a signing secret is shorter than any of Stripe's: who guesses it can forge events",
			"copy STRIPE_ENDPOINT_SECRET anew from the Dashboard, Developers, Webhooks, or from stripe listen",
		}
	}
	return Finding{"signatures", Fine, "a signing secret is set", ""}
}
