package sandboxtest

import (
	"time"

	"github.com/connectd/connectd/internal/sandbox"
)

// Deliver has connected accounts' events of these types ("*" is all) delivered to the URL, signed with s.WebhookSecret
// and again until a 2xx. Stripe's own POST /v1/webhook_endpoints works too.
func (s *Sandbox) Deliver(url string, types ...string) {
	s.t.Helper()
	_, err := s.inside.EnsureWebhookEndpoint(s.t.Context(), sandbox.WebhookEndpoint{
		URL: url, Connect: true, EnabledEvents: types, Secret: s.WebhookSecret,
	})
	if err != nil {
		s.t.Fatalf("sandbox: deliver to %s: %v", url, err)
	}
}

// Event is any event, whether or not what it says is so. What is missing is filled in.
type Event struct {
	Type string `json:"type"`
	// Account is the connected account's; "" is an event of the platform's own.
	Account string `json:"account,omitempty"`
	// Data is the event's object.
	Data any `json:"data"`
	// Previous is data.previous_attributes.
	Previous any `json:"previous_attributes,omitempty"`
	// Created is in Unix seconds.
	Created    int64  `json:"created,omitempty"`
	ID         string `json:"id,omitempty"`
	Livemode   bool   `json:"livemode,omitempty"`
	APIVersion string `json:"api_version,omitempty"`
}

// Emit delivers the event as it is and answers its id (evt_…).
func (s *Sandbox) Emit(event Event) string {
	s.t.Helper()
	var made object
	s.post("/sandbox/events", event, &made)
	return made.ID
}

// Redeliver delivers the event once more.
func (s *Sandbox) Redeliver(event string) {
	s.t.Helper()
	s.post("/sandbox/events/"+event+"/redeliver", nothing{}, &nothing{})
}

// Checkout is a finished one.
type Checkout struct {
	Account string `json:"account"`
	// Session is one that the platform made and that is open; without it a new one over the amount is made.
	Session string `json:"session,omitempty"`
	// Amount is in the currency's smallest unit.
	Amount            *int64            `json:"amount,omitempty"`
	Currency          string            `json:"currency,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	ClientReferenceID string            `json:"client_reference_id,omitempty"`
}

// Pay finishes a Checkout on the account, sends checkout.session.completed and answers the session's id (cs_…).
func (s *Sandbox) Pay(checkout Checkout) string {
	s.t.Helper()
	var session object
	s.post("/sandbox/checkout", checkout, &session)
	return session.ID
}

// Mode is how events are delivered.
type Mode string

// The modes.
const (
	Normal    Mode = "normal"
	Duplicate Mode = "duplicate" // each twice
	Reverse   Mode = "reverse"   // those of a quarter of a second together, the newest first
	Hold      Mode = "hold"      // not at all; leaving it delivers what waited
)

// DeliverIn changes how events are delivered from now on, and how long after they came about.
func (s *Sandbox) DeliverIn(mode Mode, delay time.Duration) {
	s.t.Helper()
	s.post("/sandbox/delivery", map[string]any{"mode": mode, "delay_ms": delay.Milliseconds()}, &nothing{})
}
