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
)

// happening is an event that is to be told.
type happening struct {
	Event
	accountID string // "": of no account
	change    bool   // told to those alone who listened when it happened
}

// jobsOf is all that a happening causes, as jobs: one delivery an endpoint that listens to it. Whatever else is to come of one
// (mail, say) is a job here too.
func jobsOf(h happening, endpoints []db.ListeningEndpointsRow) ([]job, error) {
	listening := slices.DeleteFunc(slices.Clone(endpoints), func(e db.ListeningEndpointsRow) bool { return !listens(e, h) })
	if len(listening) == 0 {
		return nil, nil
	}
	said := h.Event
	said.ID = "" // stands in the header
	body, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("encode an event of type %s: %w", h.Type, err)
	}
	eventID := cmp.Or(h.ID, newEventID())
	jobs := make([]job, len(listening))
	for i, e := range listening {
		jobs[i].delivery = &delivery{EndpointID: e.ID, EventID: eventID, Type: h.Type, AccountID: orNil(h.accountID), Body: string(body)}
	}
	return jobs, nil
}

func listens(e db.ListeningEndpointsRow, h happening) bool {
	if h.change && h.Sequence <= e.AfterPosition {
		return false
	}
	return len(e.Types) == 0 || slices.Contains(e.Types, h.Type)
}

// job is one that is to be inserted. One that delivers is made with its row.
type job struct {
	river.InsertManyParams
	delivery *delivery
}

// delivery is a new row of deliveries, as the statement takes it.
type delivery struct {
	ID         string  `json:"id"`
	EndpointID string  `json:"endpoint_id"`
	EventID    string  `json:"event_id"`
	Type       string  `json:"type"`
	AccountID  *string `json:"account_id"`
	Body       string  `json:"body"`
}

// deliver is the job of one round.
func deliver(id, endpointID string, round int32) river.InsertManyParams {
	return river.InsertManyParams{
		Args:       Deliver{DeliveryID: id, Round: round},
		InsertOpts: &river.InsertOpts{Queue: queueOf(endpointID), MaxAttempts: deliverAttempts},
	}
}

// insert stores what is to be delivered, and inserts the jobs.
func insert(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], jobs []job, at time.Time) error {
	if len(jobs) == 0 {
		return nil
	}
	var rows []*delivery
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		params[i] = j.InsertManyParams
		if row := j.delivery; row != nil {
			row.ID = newDeliveryID(at.Add(time.Duration(i) * time.Microsecond)) // a later one's is greater
			rows, params[i] = append(rows, row), deliver(row.ID, row.EndpointID, 1)
		}
	}
	if err := insertRows(ctx, tx, rows, at); err != nil {
		return err
	}
	if _, err := client.InsertManyFastTx(ctx, tx, params); err != nil {
		return fmt.Errorf("insert jobs: %w", err)
	}
	return nil
}

func insertRows(ctx context.Context, tx pgx.Tx, rows []*delivery, at time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode deliveries: %w", err)
	}
	if err := db.New(tx).InsertDeliveries(ctx, db.InsertDeliveriesParams{At: at, Deliveries: encoded}); err != nil {
		return fmt.Errorf("insert deliveries: %w", err)
	}
	return nil
}

// newEventID is the webhook-id of a change, one for all endpoints. It is drawn, since positions come again after a restore.
func newEventID() string { return "msg_" + rand.Text() }

// newDeliveryID begins with the time, so that the order of ids is the order in which they were made.
func newDeliveryID(at time.Time) string { return "dlv_" + timed(at) }

func newEndpointID(at time.Time) string { return "ep_" + timed(at) }

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
