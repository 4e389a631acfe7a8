package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	skewTolerated = 5 * time.Second
	skewRefused   = 4 * time.Minute // signatures are refused after five minutes
)

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

// platform looks at the key: whose it is, of what mode, and whether that is the database's.
func (d Doctor) platform(ctx context.Context, client *stripeapi.Client, owner *registry.Platform) (stripeapi.Platform, Finding) {
	found, err := client.Platform(ctx)
	if err != nil {
		if e, ok := errors.AsType[*stripeapi.Error](err); ok {
			found.Interval = e.Interval
		}
		return found, Finding{Name: "key", State: Wrong, Words: err.Error(), Fix: fixOf(err, d.Stripe, mendKey)}
	}
	asked := registry.Platform{AccountID: found.AccountID, Livemode: found.Livemode}
	if owner != nil && *owner != asked {
		return found, Finding{
			Name: "key", State: Wrong,
			Words: fmt.Sprintf("it is of platform %s in %s mode, the database of %s in %s mode", asked.AccountID, asked.Mode(), owner.AccountID, owner.Mode()),
			Fix:   "use that platform's key, or another database",
		}
	}
	return found, Finding{Name: "key", State: Fine, Words: fmt.Sprintf("platform %s in %s mode", asked.AccountID, asked.Mode())}
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
		f = Finding{Name: "clock", State: Warning, Words: fmt.Sprintf("it is %v off Stripe's", skew.Abs().Round(time.Second)), Fix: "synchronize this machine's clock (NTP)"}
	}
	if skew.Abs() > skewRefused {
		f.State = Wrong
	}
	return f
}

// accounts looks at whether the key may read connected accounts, which a restricted one has to be allowed to.
func (d Doctor) accounts(ctx context.Context, client *stripeapi.Client) Finding {
	if _, err := client.Accounts(ctx, "", 1); err != nil {
		return Finding{Name: "accounts", State: Wrong, Words: err.Error(), Fix: fixOf(err, d.Stripe, mendAccounts)}
	}
	return Finding{Name: "accounts", State: Fine, Words: "the key may read them"}
}

// authorize looks at whether the client id is the key's, and then at the page.
func (d Doctor) authorize(ctx context.Context, client *stripeapi.Client) Finding {
	page := d.page(ctx, client)
	if err := client.CheckClientID(ctx); page.State == Fine && err != nil {
		return Finding{
			Name: "OAuth", State: Wrong, Words: "the client id is of another platform, or of the other mode, than the key: " + err.Error(),
			Fix: "copy STRIPE_OAUTH_CLIENT_ID from the same account as STRIPE_SECRET_KEY: Dashboard, Settings, Connect, Onboarding options, OAuth",
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
		return Finding{Name: "OAuth", State: Fine, Words: "Stripe takes the client id and the redirect URI " + redirect}
	case stripeapi.Unreachable:
		return Finding{Name: "OAuth", State: Wrong, Words: err.Error(), Fix: "see that this machine reaches " + d.Stripe.StripeConnectBase}
	}
	return Finding{
		Name: "OAuth", State: Wrong, Words: err.Error(),
		Fix: "in the Dashboard, Settings, Connect, Onboarding options: switch OAuth on, copy STRIPE_OAUTH_CLIENT_ID, and add the redirect URI " + redirect,
	}
}

func (d Doctor) endpoint(ctx context.Context, client *stripeapi.Client) Finding {
	found, err := FindEndpoint(ctx, client, d.BaseURL)
	const setup = "connectd webhooks setup"
	switch {
	case err != nil:
		return Finding{Name: "webhook", State: Wrong, Words: err.Error(), Fix: fixOf(err, d.Stripe, mendEndpoints)}
	case found == nil:
		return Finding{Name: "webhook", State: Wrong, Words: "no endpoint for connected accounts' events leads to " + EndpointURL(d.BaseURL), Fix: setup}
	case found.Fault() != "":
		return Finding{Name: "webhook", State: Wrong, Words: found.Fault(), Fix: setup}
	}
	return Finding{Name: "webhook", State: Fine, Words: "endpoint " + found.ID + " has every type that is handled"}
}

func (d Doctor) secrets() Finding {
	if len(d.Stripe.StripeEndpointSecret) == 0 {
		return Finding{Name: "signatures", State: Wrong, Words: "STRIPE_ENDPOINT_SECRET is not set: every webhook is refused", Fix: "set it to the endpoint's signing secret (whsec_…)"}
	}
	if slices.ContainsFunc(d.Stripe.StripeEndpointSecret, stripeapi.Guessable) {
		return Finding{
			Name: "signatures", State: Warning, Words: "a signing secret is shorter than any of Stripe's: who guesses it can forge events",
			Fix: "copy STRIPE_ENDPOINT_SECRET anew from the Dashboard, Developers, Webhooks, or from stripe listen",
		}
	}
	return Finding{Name: "signatures", State: Fine, Words: "a signing secret is set"}
}
