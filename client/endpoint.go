package client

import "time"

// EventEndpoint is where connectd sends its own events, which VerifyEvent reads.
type EventEndpoint struct {
	ID  string `json:"id" doc:"The endpoint's id"`
	URL string `json:"url" doc:"Where events are sent to"`
	// Types are the types of events that it gets; none means all, those of later versions too.
	Types     []string  `json:"types" doc:"The types of events that it gets; empty for all, those of later versions too"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made; it gets what happens from then on"`
	// DisabledAt is when it was switched off after days of failure; nil while events are sent to it.
	DisabledAt *time.Time `json:"disabled_at" doc:"When it was switched off after days of failure; null while events are sent to it"`
	// Secret is shown once: when the endpoint is made, and when the secret is rotated.
	Secret string `json:"secret,omitempty" doc:"Signs the events; shown when the endpoint is made or its secret rotated, and never again"`
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID      string `json:"id" doc:"The delivery's id"`
	EventID string `json:"event_id" doc:"The webhook-id that is sent: one an event for all endpoints, the same on every repeat"`
	Type    string `json:"type" doc:"The event's type"`
	// State is pending, delivered or failed: failed is tried no more, unless somebody asks for it.
	State    string            `json:"state" enum:"pending,delivered,failed" doc:"failed: it is tried no more, unless somebody asks for it"`
	Attempts []DeliveryAttempt `json:"attempts" doc:"The attempts so far, oldest first"`
	// NextAttemptAt is nil where none follows.
	NextAttemptAt *time.Time `json:"next_attempt_at" doc:"When it is tried next; null where it is not"`
}

// DeliveryAttempt is one attempt to deliver an event.
type DeliveryAttempt struct {
	At time.Time `json:"at" doc:"When it began"`
	// Status is the HTTP status of the answer, nil where none came.
	Status *int `json:"status" doc:"The answer's HTTP status; null where none came"`
	// Error says why it failed, nil where it did not.
	Error *string `json:"error" doc:"Why it failed; null where it did not"`
}
