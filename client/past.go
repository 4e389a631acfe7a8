package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// PastReadiness is what connectd would have answered at a past moment, and on what evidence.
type PastReadiness struct {
	Readiness Readiness `json:"readiness" doc:"The seller's readiness as it was known then"`
	// Evidence is nil before the first connection.
	Evidence *Evidence `json:"evidence" doc:"The change that was the seller's last by then; null before the first connection"`
}

// Evidence is the change behind a past readiness: how connectd had learned it, and by which policy it was judged.
type Evidence struct {
	Position      int64     `json:"position" doc:"The change's place in the feed and in the account's history"`
	At            time.Time `json:"at" doc:"When connectd stored it, by its own clock"`
	Source        string    `json:"source" enum:"oauth,webhook,scan,recheck,import,policy,person" doc:"By what way connectd learned it"`
	EventID       *string   `json:"event_id" doc:"Stripe's event behind it"`
	RequestID     *string   `json:"request_id" doc:"Stripe's id of the request behind it"`
	PolicyVersion int32     `json:"policy_version" doc:"The version of the policy that judged"`
}

// ReadinessAt asks what connectd would have answered of the seller at a past moment of its own clock, and on what evidence. With
// an error the readiness is zero, which could not transact.
func (c *Client) ReadinessAt(ctx context.Context, sellerID string, at time.Time) (PastReadiness, error) {
	past, err := read[PastReadiness](ctx, c, request{
		method: http.MethodGet, path: readinessPath(sellerID) + "?at=" + url.QueryEscape(at.UTC().Format(time.RFC3339Nano)),
	})
	if err == nil {
		err = sameSeller(past.Readiness, sellerID)
	}
	if err != nil {
		return PastReadiness{}, fmt.Errorf("readiness of %s at %s: %w", sellerID, at, err)
	}
	return past, nil
}
