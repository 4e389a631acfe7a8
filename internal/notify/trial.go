package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Send has an event of type test sent to the endpoint.
func (e *Endpoints) Send(ctx context.Context, id string, by account.Actor) (client.Delivery, error) {
	endpoint, err := e.Get(ctx, id)
	if err != nil {
		return client.Delivery{}, err
	}
	if endpoint.DisabledAt != nil {
		return client.Delivery{}, switchedOff()
	}
	now := e.now()
	body, err := e.testBody(ctx, id, now)
	if err != nil {
		return client.Delivery{}, err
	}
	row := &delivery{EndpointID: id, EventID: newEventID(), Type: Test, Body: string(body)}
	err = pgx.BeginFunc(ctx, e.cfg.Pool, func(tx pgx.Tx) error {
		if err := insert(ctx, tx, e.cfg.Jobs, []*delivery{row}, now); err != nil {
			return err
		}
		return registry.Record(ctx, db.New(tx), registry.Act{At: now, By: by, Action: "test_endpoint", Subject: id})
	})
	return client.Delivery{
		ID: row.ID, EventID: row.EventID, Type: Test, State: pending, Attempts: []client.DeliveryAttempt{}, NextAttemptAt: &now,
	}, err
}

func (e *Endpoints) testBody(ctx context.Context, id string, now time.Time) ([]byte, error) {
	feed, err := e.q.FeedPosition(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the feed's position: %w", err)
	}
	data, err := json.Marshal(map[string]string{"endpoint_id": id})
	if err != nil {
		return nil, fmt.Errorf("encode a test event: %w", err)
	}
	return json.Marshal(Event{Type: Test, Timestamp: now, Sequence: feed.Position, Data: data})
}

func switchedOff() *account.Error {
	return account.Errorf(account.Conflict, "The endpoint was switched off after days of failure; enable it first.")
}
