package stripeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// EventQuery asks for a page of an account's events (docs.stripe.com/api/events/list). Stripe has those of 30 days.
type EventQuery struct {
	// AccountID is whose: the platform's own list has no connected account's.
	AccountID string
	Types     []string // at most 20
	// Since is the created of the oldest.
	Since time.Time
	// StartingAfter is the Next of the page before; "" is the first page.
	StartingAfter string
}

// EventPage is a page of events, newest first, each as it came.
type EventPage struct {
	Events []json.RawMessage
	// Next is the StartingAfter of the next page; "" at the end.
	Next string
}

const largestPage = 100 // that Stripe answers

// Events lists an account's events. Of one that is not connected to the platform the error is AccountGone: its events are gone
// with it.
func (c *Client) Events(ctx context.Context, q EventQuery) (EventPage, error) {
	op := "list events of account " + q.AccountID
	params := &stripe.EventListParams{
		Types:        stripe.StringSlice(q.Types),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: q.Since.Unix()},
	}
	params.Limit = stripe.Int64(largestPage)
	if q.StartingAfter != "" {
		params.StartingAfter = stripe.String(q.StartingAfter)
	}
	res, err := c.call(ctx, request{
		op: op, backend: c.api, method: http.MethodGet, path: "/v1/events", params: params, on: On{AccountID: q.AccountID},
	})
	if err != nil {
		return EventPage{}, err
	}
	list, err := decode[struct {
		Data    []json.RawMessage `json:"data"`
		HasMore bool              `json:"has_more"`
	}](res, op)
	if err != nil || !list.HasMore {
		return EventPage{Events: list.Data}, err
	}
	next, ok := idOfLast(list.Data)
	if !ok {
		return EventPage{}, unreadable(op, res)
	}
	return EventPage{Events: list.Data, Next: next}, nil
}

func idOfLast(objects []json.RawMessage) (id string, ok bool) {
	if len(objects) == 0 {
		return "", false
	}
	var last struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(objects[len(objects)-1], &last)
	return last.ID, err == nil && last.ID != ""
}
