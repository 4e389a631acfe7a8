package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// Deliveries is a page of what was, or is to be, sent to an endpoint, newest first, as List has pages.
func (e *Endpoints) Deliveries(ctx context.Context, endpointID, cursor string, limit int) (found []client.Delivery, next string, err error) {
	endpoint, err := e.Get(ctx, endpointID)
	if err != nil {
		return nil, "", err
	}
	before, err := beforeOf(cursor, endpoint.ID)
	if err != nil {
		return nil, "", err
	}
	rows, err := e.q.ListDeliveries(ctx, db.ListDeliveriesParams{EndpointID: endpoint.ID, Before: before, N: int32(limit + 1)}) //nolint:gosec // the page's length is bounded
	if err != nil {
		return nil, "", fmt.Errorf("list the deliveries to endpoint %s: %w", endpoint.ID, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = registry.CursorAt(endpoint.ID, endpoint.CreatedAt, rows[limit-1].ID)
	}
	found = make([]client.Delivery, len(rows))
	for i, row := range rows {
		if found[i], err = deliveryOf(db.DeliveryByIDRow{
			ID: row.ID, EventID: row.EventID, Type: row.Type, State: row.State, Attempts: row.Attempts, NextAttemptAt: row.NextAttemptAt,
		}); err != nil {
			return nil, "", err
		}
	}
	return found, next, nil
}

func deliveryOf(row db.DeliveryByIDRow) (client.Delivery, error) {
	d := client.Delivery{ID: row.ID, EventID: row.EventID, Type: row.Type, State: row.State, NextAttemptAt: row.NextAttemptAt}
	if err := json.Unmarshal(row.Attempts, &d.Attempts); err != nil {
		return d, fmt.Errorf("attempts of delivery %s as stored: %w", row.ID, err)
	}
	return d, nil
}

// Redeliver has a delivery tried again at once, whatever became of it: a new round of attempts, with the same event id.
func (e *Endpoints) Redeliver(ctx context.Context, id string, by account.Actor) (d client.Delivery, err error) {
	err = pgx.BeginFunc(ctx, e.cfg.Pool, func(tx pgx.Tx) error {
		row, err := e.restartable(ctx, tx, id)
		if err != nil {
			return err
		}
		if d, err = deliveryOf(row); err != nil {
			return err
		}
		d.State, d.NextAttemptAt = pending, new(e.now())
		return e.restart(ctx, tx, row, by)
	})
	return d, err
}

// restartable is the delivery, locked, where one can be tried again.
func (e *Endpoints) restartable(ctx context.Context, tx pgx.Tx, id string) (db.DeliveryByIDRow, error) {
	rows, err := db.New(tx).DeliveryByID(ctx, id)
	switch {
	case err != nil:
		return db.DeliveryByIDRow{}, fmt.Errorf("read delivery %s: %w", id, err)
	case len(rows) == 0:
		return db.DeliveryByIDRow{}, noDelivery(id)
	case rows[0].DisabledAt != nil:
		return db.DeliveryByIDRow{}, switchedOff()
	}
	return rows[0], nil
}

func (e *Endpoints) restart(ctx context.Context, tx pgx.Tx, row db.DeliveryByIDRow, by account.Actor) error {
	q, now := db.New(tx), e.now()
	round, err := q.RestartDelivery(ctx, db.RestartDeliveryParams{ID: row.ID, At: now})
	if err != nil {
		return fmt.Errorf("begin delivery %s anew: %w", row.ID, err)
	}
	if err := registry.Record(ctx, q, registry.Act{At: now, By: by, Action: "redeliver", Subject: row.ID}); err != nil {
		return err
	}
	jobs := []river.InsertManyParams{deliver(row.ID, row.EndpointID, round)}
	if _, err := e.cfg.Jobs.InsertManyFastTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("insert the job of delivery %s: %w", row.ID, err)
	}
	return nil
}
