package stripeapi

import (
	"context"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// WebhookEndpoint is where the platform has Stripe send events (docs.stripe.com/api/webhook_endpoints).
type WebhookEndpoint struct {
	ID            string
	URL           string
	EnabledEvents []string // "*" is all
	Enabled       bool
	// Connect: it gets connected accounts' events, and none of the platform's own.
	Connect bool
	// Secret signs its deliveries; Stripe tells it once, when the endpoint is made.
	Secret Secret
}

type endpointObject struct {
	ID            string   `json:"id"`
	URL           string   `json:"url"`
	EnabledEvents []string `json:"enabled_events"`
	Status        string   `json:"status"`
	Application   *string  `json:"application"`
	Secret        Secret   `json:"secret"`
}

// endpoint: application is set on endpoints of connected accounts' events alone.
func (o endpointObject) endpoint() WebhookEndpoint {
	return WebhookEndpoint{
		ID: o.ID, URL: o.URL, EnabledEvents: o.EnabledEvents, Enabled: o.Status == "enabled",
		Connect: o.Application != nil, Secret: o.Secret,
	}
}

// WebhookEndpoints lists the platform's endpoints; an account has 16 at the most (docs.stripe.com/webhooks).
func (c *Client) WebhookEndpoints(ctx context.Context) ([]WebhookEndpoint, error) {
	const op = "list webhook endpoints"
	params := &stripe.WebhookEndpointListParams{}
	params.Limit = stripe.Int64(100)
	res, err := c.call(ctx, request{op: op, backend: c.api, method: http.MethodGet, path: "/v1/webhook_endpoints", params: params})
	if err != nil {
		return nil, err
	}
	list, err := decode[struct {
		Data []endpointObject `json:"data"`
	}](res, op)
	if err != nil {
		return nil, err
	}
	endpoints := make([]WebhookEndpoint, len(list.Data))
	for i, o := range list.Data {
		endpoints[i] = o.endpoint()
	}
	return endpoints, nil
}

// CreateWebhookEndpoint has connected accounts' events of the types sent to url, in the API version that retrievals have
// too, whatever the platform's own is; the answer holds the secret.
func (c *Client) CreateWebhookEndpoint(ctx context.Context, url string, types []string) (WebhookEndpoint, error) {
	return c.writeEndpoint(ctx, "create a webhook endpoint", "/v1/webhook_endpoints", &stripe.WebhookEndpointParams{
		URL: stripe.String(url), EnabledEvents: stripe.StringSlice(types), Connect: stripe.Bool(true),
		Description: stripe.String("connectd"), APIVersion: stripe.String(stripe.APIVersion),
	})
}

// EnableWebhookEndpoint switches an endpoint on, for these types and no others.
func (c *Client) EnableWebhookEndpoint(ctx context.Context, id string, types []string) (WebhookEndpoint, error) {
	return c.writeEndpoint(ctx, "update webhook endpoint "+id, stripe.FormatURLPath("/v1/webhook_endpoints/%s", id),
		&stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice(types), Disabled: stripe.Bool(false)})
}

func (c *Client) writeEndpoint(ctx context.Context, op, path string, params *stripe.WebhookEndpointParams) (WebhookEndpoint, error) {
	res, err := c.call(ctx, request{op: op, backend: c.api, method: http.MethodPost, path: path, params: params})
	if err != nil {
		return WebhookEndpoint{}, err
	}
	o, err := decode[endpointObject](res, op)
	return o.endpoint(), err
}
