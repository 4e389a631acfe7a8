// Package notify tells people and programs what connectd has learned, as jobs: River keeps them in Postgres and tries each
// again until it is done. It follows the changes with a cursor of its own, which moves in the transaction that inserts the
// jobs; what is no change is a job that was inserted in the transaction of its cause.
//
// It may import account (its words and errors), client (the wire types), db, mail, registry (what there is to tell) and
// tracing. Its one rule: what is told, is told because its cause was committed, and a cause that was committed is told,
// once, or again with the same id.
package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/tracing"
)

// Event is the job that tells one event.
type Event struct {
	ID        string          `json:"id,omitempty"` // one for all that tells of the same; "": of what happens once
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Sequence  int64           `json:"sequence"` // the feed's position at that moment
	Data      json.RawMessage `json:"data"`
}

// Kind names the job in river_job.
func (Event) Kind() string { return "event" }

// Tell makes a job of each notice, in the transaction of its cause.
func Tell(jobs *river.Client[pgx.Tx]) func(context.Context, pgx.Tx, []registry.Notice) error {
	return func(ctx context.Context, tx pgx.Tx, notices []registry.Notice) error {
		fees, err := feesOf(ctx, tx, notices)
		if err != nil {
			return err
		}
		inserts := make([]river.InsertManyParams, len(notices))
		for i, n := range notices {
			data, err := dataOf(n, fees)
			if err != nil {
				return fmt.Errorf("encode what to tell of %s %s: %w", n.Type, n.ID, err)
			}
			inserts[i].Args = Event{ID: idOf(n), Type: n.Type, Timestamp: n.At, Sequence: n.Position, Data: data}
			inserts[i].InsertOpts = &river.InsertOpts{Metadata: tracing.Metadata(n.Traceparent)}
		}
		if _, err := jobs.InsertManyFastTx(ctx, tx, inserts); err != nil {
			return fmt.Errorf("insert jobs: %w", err)
		}
		return nil
	}
}

// TellScan makes a job of a pass that has ended, in the transaction that ends it.
func TellScan(jobs *river.Client[pgx.Tx]) func(context.Context, pgx.Tx, client.Scan) error {
	return func(ctx context.Context, tx pgx.Tx, report client.Scan) error {
		data, err := json.Marshal(report)
		if err != nil {
			return fmt.Errorf("encode the report of scan %s: %w", report.ID, err)
		}
		feed, err := db.New(tx).FeedPosition(ctx)
		if err != nil {
			return fmt.Errorf("read the feed's position: %w", err)
		}
		job := Event{Type: ScanFinished, Timestamp: *report.FinishedAt, Sequence: feed.Position, Data: data}
		if _, err := jobs.InsertTx(ctx, tx, job, nil); err != nil {
			return fmt.Errorf("insert a job: %w", err)
		}
		return nil
	}
}

// dataOf is what an event says: for a seller's the readiness, for a Checkout also what Stripe says of the session.
func dataOf(n registry.Notice, fees map[string]int64) (json.RawMessage, error) {
	if n.Type != CheckoutPaid {
		return json.Marshal(client.SellerEvent{Readiness: n.Readiness, Previous: map[string]json.RawMessage{}})
	}
	var session client.PaidCheckout
	if err := json.Unmarshal(n.Data, &session); err != nil {
		return nil, err
	}
	session.SellerID, session.AccountID, session.Readiness = n.SellerID, n.AccountID, n.Readiness
	if fee, made := fees[n.ID]; made && session.ApplicationFeeAmount == nil {
		session.ApplicationFeeAmount = &fee
	}
	return json.Marshal(session)
}
