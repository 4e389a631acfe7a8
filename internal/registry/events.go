package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// EventQuery asks for a page of events, the newest first.
type EventQuery struct {
	EventFilter
	// Limit is 1 to MaxPage; 0 means 50.
	Limit  int
	Cursor string // of the page before
}

// EventPage is one page; NextCursor is "" at the end.
type EventPage struct {
	Events     []client.StripeEvent
	NextCursor string
}

// EventCount is how many events there are of a type and an outcome.
type EventCount struct {
	Type    string `json:"type"`
	Outcome string `json:"outcome"`
	Events  int64  `json:"events"`
}

// StoredEvent is an event with what became of it.
type StoredEvent struct {
	Event
	Outcome Outcome
}

var eventColumns = columnsOf[db.StripeEvent]()

// StripeEvents lists events. What is wrong with the query is an account.Error that names the field.
func (r *Registry) StripeEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	if err := q.normalize(); err != nil {
		return EventPage{}, err
	}
	where := q.conditions()
	if q.Cursor != "" {
		at, id, err := ParseCursorAt(q.Cursor, receivedAt)
		if err != nil {
			return EventPage{}, err
		}
		where.add("(e.received_at, e.id) < (%s, %s)", at, id)
	}
	sql := "select " + eventColumns + " from stripe_events e" + where.sql() + " order by e.received_at desc, e.id desc limit " + where.arg(q.Limit+1)
	found, err := rowsOf[db.StripeEvent](ctx, r, sql, where.args)
	if err != nil {
		return EventPage{}, fmt.Errorf("list events: %w", err)
	}
	return q.page(found)
}

// CountEvents counts the events that the filter takes by type and outcome. It reads all of them.
func (r *Registry) CountEvents(ctx context.Context, f EventFilter) ([]EventCount, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	where := f.conditions()
	sql := "select e.type, e.outcome, count(*) from stripe_events e" + where.sql() + " group by 1, 2 order by 1, 2"
	counts, err := rowsOf[EventCount](ctx, r, sql, where.args)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	return counts, nil
}

// StripeEvent is one event. One that is not known is an account.Error.
func (r *Registry) StripeEvent(ctx context.Context, id string) (client.StripeEvent, error) {
	row, err := r.eventRow(ctx, id)
	if err != nil {
		return client.StripeEvent{}, err
	}
	return eventToWire(row)
}

// EventAsStored is one event, with its payload as it is stored, "" where none is. One that is not known is an account.Error.
func (r *Registry) EventAsStored(ctx context.Context, id string) (e client.StripeEvent, payload string, err error) {
	row, err := r.eventRow(ctx, id)
	if err != nil {
		return e, "", err
	}
	payload, row.Payload = client.Text(row.Payload), nil
	e, err = eventToWire(row)
	return e, payload, err
}

// StoredEvent is one event, to be applied again. One that is not known is an account.Error.
func (r *Registry) StoredEvent(ctx context.Context, id string) (StoredEvent, error) {
	row, err := r.eventRow(ctx, id)
	return storedFrom(row), err
}

func (r *Registry) eventRow(ctx context.Context, id string) (db.StripeEvent, error) {
	rows, err := r.q.StripeEvents(ctx, []string{id})
	if err != nil {
		return db.StripeEvent{}, fmt.Errorf("read event %s: %w", id, err)
	}
	if len(rows) == 0 {
		return db.StripeEvent{}, account.Errorf(account.NotFound, "There is no event %q here.", id)
	}
	return rows[0], nil
}

// EachEvent hands over the events that the filter takes as they stand at the call, at most n at a time, in the order of
// created. Their ids are sorted once, by Postgres, and stream from there, however many they are.
func (r *Registry) EachEvent(ctx context.Context, f EventFilter, n int, use func([]StoredEvent) error) error {
	if err := f.check(); err != nil {
		return err
	}
	where := f.conditions()
	rows, err := r.pool.Query(ctx, "select e.id from stripe_events e"+where.sql()+" order by e.created, e.id", where.args...)
	if err != nil {
		return fmt.Errorf("choose events: %w", err)
	}
	defer rows.Close()
	for {
		ids, err := next(rows, n)
		if err != nil {
			return fmt.Errorf("choose events: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := r.useEvents(ctx, ids, use); err != nil {
			return err
		}
	}
}

// next reads up to n ids; none at the end.
func next(rows pgx.Rows, n int) ([]string, error) {
	ids := make([]string, 0, n)
	for len(ids) < n && rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func (r *Registry) useEvents(ctx context.Context, ids []string, use func([]StoredEvent) error) error {
	events, err := r.StoredEvents(ctx, ids)
	if err != nil {
		return err
	}
	return use(events)
}

// StoredEvents are those of the events that are known, in the order of created, to be applied again.
func (r *Registry) StoredEvents(ctx context.Context, ids []string) ([]StoredEvent, error) {
	rows, err := r.q.StripeEvents(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	events := make([]StoredEvent, len(rows))
	for i, row := range rows {
		events[i] = storedFrom(row)
	}
	return events, nil
}

func storedFrom(row db.StripeEvent) StoredEvent {
	return StoredEvent{
		Event: Event{
			ID: row.ID, Type: row.Type, Account: client.Text(row.Account), Created: row.Created, Payload: client.Text(row.Payload),
		},
		Outcome: Outcome{Result: Result(row.Outcome), Why: client.Text(row.Why)},
	}
}

func eventToWire(row db.StripeEvent) (client.StripeEvent, error) {
	e := client.StripeEvent{
		ID: row.ID, Type: row.Type, Account: row.Account, Created: row.Created, ReceivedAt: row.ReceivedAt,
		Outcome: row.Outcome, Why: row.Why,
	}
	if row.Payload == nil {
		return e, nil
	}
	if err := json.Unmarshal([]byte(*row.Payload), &e.Payload); err != nil {
		return e, fmt.Errorf("event %s as stored: %w", row.ID, err)
	}
	return e, nil
}

// receivedAt is the one order of lists of events; its cursors bear the name.
const receivedAt = "received_at"

// page cuts off the row too many that shows that there is a next page.
func (q *EventQuery) page(found []db.StripeEvent) (EventPage, error) {
	p := EventPage{Events: make([]client.StripeEvent, 0, len(found))}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[len(found)-1]
		p.NextCursor = CursorAt(receivedAt, last.ReceivedAt, last.ID)
	}
	for _, row := range found {
		e, err := eventToWire(row)
		if err != nil {
			return EventPage{}, err
		}
		p.Events = append(p.Events, e)
	}
	return p, nil
}

func (q *EventQuery) normalize() error {
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return account.InvalidField("limit", "a page has 1 to %d events", MaxPage)
	}
	return q.check()
}

func rowsOf[T any](ctx context.Context, r *Registry, sql string, args []any) ([]T, error) {
	rows, err := r.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
