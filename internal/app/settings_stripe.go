package app

import (
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
)

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
	wrong := slices.Concat(s.checkKeys(), s.checkEndpointSecrets())
	wrong = append(wrong, s.StripeLimits.Check()...)
	for _, base := range []struct{ name, url, example string }{
		{"STRIPE_API_BASE", s.StripeAPIBase, "https://api.stripe.com"},
		{"STRIPE_CONNECT_BASE", s.StripeConnectBase, "https://connect.stripe.com"},
	} {
		if !isOrigin(base.url) {
			wrong = append(wrong, setting(base.name, "is not an http or https URL of scheme, host and port alone", base.example))
		}
	}
	return wrong
}

func (s StripeSettings) checkKeys() []error {
	var wrong []error
	live, known := stripeapi.ModeOf(string(s.StripeSecretKey))
	switch fault := stripeapi.SecretKey.Fault(string(s.StripeSecretKey)); {
	case s.StripeSecretKey == "":
		wrong = append(wrong, setting("STRIPE_SECRET_KEY", notSet, "sk_test_…"))
	case fault != "":
		wrong = append(wrong, setting("STRIPE_SECRET_KEY", fault, "sk_test_…"))
	}
	fault := stripeapi.PublishableKey.Fault(s.StripePublishableKey)
	switch {
	case s.StripePublishableKey == "":
	case fault != "":
		wrong = append(wrong, setting("STRIPE_PUBLISHABLE_KEY", fault, "pk_test_…"))
	case known && strings.HasPrefix(s.StripePublishableKey, "pk_live_") != live:
		wrong = append(wrong, setting("STRIPE_PUBLISHABLE_KEY", "is of another mode than STRIPE_SECRET_KEY", "two keys of one mode"))
	}
	return wrong
}

func (s StripeSettings) checkEndpointSecrets() []error {
	var wrong []error
	for _, secret := range s.StripeEndpointSecret {
		if fault := stripeapi.SigningSecret.Fault(string(secret)); fault != "" {
			wrong = append(wrong, setting("STRIPE_ENDPOINT_SECRET", "holds a value that "+fault, "whsec_…,whsec_…"))
		}
	}
	return wrong
}

// CheckOAuth refuses a client id that can't be used; only connecting and unlinking need one.
func (s StripeSettings) CheckOAuth() []error {
	if s.StripeOAuthClientID == "" {
		return []error{setting("STRIPE_OAUTH_CLIENT_ID", notSet, "ca_…")}
	}
	if fault := stripeapi.ClientID.Fault(s.StripeOAuthClientID); fault != "" {
		return []error{setting("STRIPE_OAUTH_CLIENT_ID", fault, "ca_…")}
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
	return s.client(pacer, nil, logger)
}

// client has its calls counted by asked.
func (s StripeSettings) client(
	pacer stripeapi.Pacer, asked func(string, stripeapi.Kind, time.Duration), logger *slog.Logger,
) (*stripeapi.Client, error) {
	return stripeapi.New(stripeapi.Config{
		SecretKey: s.StripeSecretKey, ClientID: s.StripeOAuthClientID, APIBase: s.StripeAPIBase,
		ConnectBase: s.StripeConnectBase, Pacer: pacer, Asked: asked, Logger: logger,
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
	if !(s.StripeRate > 0) || math.IsInf(s.StripeRate, 1) { // NaN is not above 0 either
		wrong = append(wrong, setting("CONNECTD_STRIPE_RATE", "is not a number above 0", "20"))
	}
	if s.StripeReadAllocation <= 0 {
		wrong = append(wrong, setting("CONNECTD_STRIPE_READ_ALLOCATION", "is not above 0", "10000"))
	}
	return wrong
}
