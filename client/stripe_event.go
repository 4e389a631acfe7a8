package client

import (
	"encoding/json"
	"time"
)

// StripeEvent is one of Stripe's events as connectd stored it, with what became of it. The names are the columns' names.
type StripeEvent struct {
	ID         string    `json:"id" doc:"Stripe's id of the event"`
	Type       string    `json:"type" doc:"Stripe's type of the event"`
	Account    *string   `json:"account" doc:"The connected account that it is of; null where it is of the platform's own"`
	Created    time.Time `json:"created" doc:"When it happened, by Stripe's clock"`
	ReceivedAt time.Time `json:"received_at" doc:"When connectd stored it"`
	Outcome    string    `json:"outcome" enum:"applied,stale,ignored,failed" doc:"What became of it"`
	Why        *string   `json:"why" doc:"Why it was not applied; null where it was"`
	// Payload is what connectd reads of the event and no more.
	Payload map[string]json.RawMessage `json:"payload" nullable:"true" doc:"What connectd reads of the event, cut to that; null where nothing of it is needed"`
}
