package app

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

// Endpoint is the platform's webhook endpoint that leads to connectd.
type Endpoint struct{ stripeapi.WebhookEndpoint }

// Missing are the handled types that the endpoint does not ask for.
func (e Endpoint) Missing() []string {
	if slices.Contains(e.EnabledEvents, "*") {
		return nil
	}
	return slices.DeleteFunc(webhook.Types(), func(t string) bool { return slices.Contains(e.EnabledEvents, t) })
}

// Fault says all that keeps events from coming, "" where nothing does.
func (e Endpoint) Fault() string {
	var faults []string
	if !e.Enabled {
		faults = append(faults, "is switched off")
	}
	if missing := e.Missing(); len(missing) > 0 {
		faults = append(faults, "lacks "+strings.Join(missing, ", "))
	}
	if len(faults) == 0 {
		return ""
	}
	return "endpoint " + e.ID + " " + strings.Join(faults, ", and ")
}

const webhookPath = "/api/connectWebhook"

// EndpointURL is where Stripe delivers to.
func EndpointURL(baseURL string) string { return baseURL + webhookPath }

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
		if e.Connect && sameURL(e.URL, EndpointURL(baseURL)) && (found == nil || e.Enabled && !found.Enabled) {
			found = &Endpoint{e}
		}
	}
	return found, nil
}

// sameURL takes hosts in either case for the same, as DNS does.
func sameURL(a, b string) bool {
	one, err := url.Parse(a)
	other, otherErr := url.Parse(b)
	if err != nil || otherErr != nil {
		return a == b
	}
	one.Host, other.Host = strings.ToLower(one.Host), strings.ToLower(other.Host)
	return one.String() == other.String()
}
