package sandbox

import (
	"context"
	"encoding/json"
	"slices"
)

// webhookEndpoint is where a platform has events sent (docs.stripe.com/api/webhook_endpoints/object). Guarded by the
// state's lock, replaced whole.
type webhookEndpoint struct {
	ID            string            `json:"id"`
	Platform      string            `json:"platform"`
	URL           string            `json:"url"`
	Secret        string            `json:"secret"`
	Connect       bool              `json:"connect,omitempty"`
	Disabled      bool              `json:"disabled,omitempty"`
	EnabledEvents []string          `json:"enabled_events"`
	Description   string            `json:"description,omitempty"`
	Version       string            `json:"api_version,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Created       int64             `json:"created"`
}

// takes tells whether the event goes to the endpoint: one of connected accounts takes just theirs, one of the platform
// just its own (docs.stripe.com/connect/webhooks).
func (e *webhookEndpoint) takes(ev *event) bool {
	if e.Disabled || e.Connect != (ev.Account != "") || !ev.concerns(e.Platform) {
		return false
	}
	return slices.Contains(e.EnabledEvents, "*") || slices.Contains(e.EnabledEvents, ev.Type)
}

type webhookEndpointObject struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    *string           `json:"api_version"`
	Application   *string           `json:"application"`
	Created       int64             `json:"created"`
	Description   *string           `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Secret        string            `json:"secret,omitempty"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`
}

// object is the endpoint as Stripe writes it, without its secret. application is set on an endpoint of connected
// accounts' events: that is how the two kinds are told apart.
func (e *webhookEndpoint) object(p *platform) webhookEndpointObject {
	o := webhookEndpointObject{
		ID: e.ID, Object: "webhook_endpoint", Created: e.Created, EnabledEvents: e.EnabledEvents,
		Metadata: e.Metadata, Status: "enabled", URL: e.URL,
		APIVersion: pointerTo(e.Version), Description: pointerTo(e.Description),
	}
	if o.Metadata == nil {
		o.Metadata = map[string]string{}
	}
	if e.Connect {
		o.Application = &p.ClientID
	}
	if e.Disabled {
		o.Status = "disabled"
	}
	return o
}

func (e *webhookEndpoint) json(p *platform) (json.RawMessage, error) {
	return encode(e.object(p))
}

func pointerTo(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// WebhookEndpoint says where the default platform wants events delivered.
type WebhookEndpoint struct {
	// URL is where events go, by POST.
	URL string
	// Connect takes connected accounts' events; without it, the platform's own.
	Connect bool
	// EnabledEvents are the types wanted; "*" is all.
	EnabledEvents []string
	// Description, where given, is what the endpoint is found by, so that it keeps its secret where its URL changes.
	Description string
	// Secret, where given, is what an endpoint signs with that was not there before; else it gets one of its own.
	Secret string
}

// EnsureWebhookEndpoint registers the endpoint with the default platform and answers its secret (whsec_…). One that is
// there already, by its description or else by its URL, is brought up to date and keeps its secret and whatever still
// waits to be delivered to it.
func (s *Sandbox) EnsureWebhookEndpoint(ctx context.Context, want WebhookEndpoint) (secret string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	err = s.state.update(func(tx *transaction) error {
		e := tx.endpointLike(want)
		e.URL, e.Connect, e.Disabled = want.URL, want.Connect, false
		e.EnabledEvents, e.Description = slices.Clone(want.EnabledEvents), want.Description
		tx.change.Endpoints = append(tx.change.Endpoints, e)
		secret = e.Secret
		return nil
	})
	return secret, err
}

func (tx *transaction) endpointLike(want WebhookEndpoint) webhookEndpoint {
	p := tx.platforms[0]
	for _, e := range tx.endpoints {
		same := e.URL == want.URL
		if want.Description != "" {
			same = e.Description == want.Description
		}
		if same && e.Platform == p.Account {
			return *e
		}
	}
	e := newWebhookEndpoint(p, tx.now.Unix())
	if want.Secret != "" {
		e.Secret = want.Secret
	}
	return e
}

// RemoveWebhookEndpoint removes the default platform's endpoints of that description, with what waits for them. There
// need be none.
func (s *Sandbox) RemoveWebhookEndpoint(ctx context.Context, description string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.state.update(func(tx *transaction) error {
		for _, e := range tx.endpoints {
			if e.Description == description && e.Platform == tx.platforms[0].Account {
				tx.change.Removed = append(tx.change.Removed, e.ID)
			}
		}
		return nil
	})
}

func newWebhookEndpoint(p *platform, now int64) webhookEndpoint {
	return webhookEndpoint{
		ID: newID("we"), Platform: p.Account, Secret: "whsec_" + randomText(32), Created: now,
	}
}
