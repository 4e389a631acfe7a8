package notify

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/tracing"
)

// happening is an event that is to be told.
type happening struct {
	Event
	accountID string // "": of no account
	change    bool   // told to those alone who listened when it happened

	traceparent string // of the span that it was learned in; "": of that in which it is told
}

// deliveriesOf is what comes of a happening: one delivery an endpoint that listens to it.
func deliveriesOf(h happening, endpoints []db.ListeningEndpointsRow) ([]*delivery, error) {
	listening := slices.DeleteFunc(slices.Clone(endpoints), func(e db.ListeningEndpointsRow) bool { return !listens(e, h) })
	if len(listening) == 0 {
		return nil, nil
	}
	said := h.Event
	said.ID = "" // stands in the header
	encoded, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("encode an event of type %s: %w", h.Type, err)
	}
	eventID, body := cmp.Or(h.ID, newEventID()), string(encoded)
	deliveries := make([]*delivery, len(listening))
	for i, e := range listening {
		deliveries[i] = &delivery{EndpointID: e.ID, EventID: eventID, Type: h.Type, AccountID: orNil(h.accountID), Body: body, traceparent: h.traceparent}
	}
	return deliveries, nil
}

func listens(e db.ListeningEndpointsRow, h happening) bool {
	if h.change && h.Sequence <= e.AfterPosition {
		return false
	}
	return len(e.Types) == 0 || slices.Contains(e.Types, h.Type)
}

// delivery is a new row of deliveries, as the statement takes it.
type delivery struct {
	ID         string  `json:"id"`
	EndpointID string  `json:"endpoint_id"`
	EventID    string  `json:"event_id"`
	Type       string  `json:"type"`
	AccountID  *string `json:"account_id"`
	Body       string  `json:"body"`

	traceparent string
}

// deliver is the job of one round.
func deliver(id, endpointID string, round int32) river.InsertManyParams {
	return river.InsertManyParams{
		Args:       Deliver{DeliveryID: id, Round: round},
		InsertOpts: &river.InsertOpts{Queue: queueOf(endpointID), MaxAttempts: deliverAttempts},
	}
}

// insert stores what is to be delivered, and inserts the jobs.
func insert(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], deliveries []*delivery, at time.Time) error {
	if len(deliveries) == 0 {
		return nil
	}
	jobs := make([]river.InsertManyParams, len(deliveries))
	for i, d := range deliveries {
		d.ID = newDeliveryID(at.Add(time.Duration(i) * time.Microsecond)) // a later one's is greater
		jobs[i] = deliver(d.ID, d.EndpointID, 1)
		jobs[i].InsertOpts.Metadata = tracing.Metadata(d.traceparent)
	}
	encoded, err := json.Marshal(deliveries)
	if err != nil {
		return fmt.Errorf("encode deliveries: %w", err)
	}
	if err := db.New(tx).InsertDeliveries(ctx, db.InsertDeliveriesParams{At: at, Deliveries: encoded}); err != nil {
		return fmt.Errorf("insert deliveries: %w", err)
	}
	if _, err := client.InsertManyFastTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("insert jobs: %w", err)
	}
	return nil
}

// newEventID is the webhook-id of a change, one for all endpoints. It is drawn, since positions come again after a restore.
func newEventID() string { return "msg_" + rand.Text() }

// newDeliveryID begins with the time, so that the order of ids is the order in which they were made.
func newDeliveryID(at time.Time) string { return "dlv_" + timed(at) }

// NewEndpointID is an id for EndpointParams.
func NewEndpointID(at time.Time) string { return "ep_" + timed(at) }

// timed is the microsecond, in as many digits as last for centuries, and what is drawn.
func timed(at time.Time) string {
	return fmt.Sprintf("%013x%s", at.UnixMicro(), strings.ToLower(rand.Text()[:12]))
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
