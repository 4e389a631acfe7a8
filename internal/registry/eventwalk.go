package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// EventsShown is a page of events as people look through them, without their payloads.
type EventsShown struct {
	EventPage
	// Searched is how many events were looked at for what the filter takes, where that ended before the page was full: the next
	// page goes on behind them. Else 0. Until is when the last of these came, or happened, as the order is.
	Searched int
	Until    time.Time
}

// mostLookedAt bounds how many events a page looks at, or a lot: one that takes few among millions goes on in the next. Another
// index would be written by every event.
const mostLookedAt = 2000

// BrowseEvents is a page of events, the newest first, that looks at so many rows at most whatever the filter leaves out. Those that
// failed are in the order of created, as their index is. What is wrong with the query is an account.Error that names the field.
func (r *Registry) BrowseEvents(ctx context.Context, q EventQuery) (EventsShown, error) {
	if err := q.normalize(); err != nil {
		return EventsShown{}, err
	}
	found, err := r.walkEvents(ctx, q, newestFirst)
	if err != nil {
		return EventsShown{}, err
	}
	return shown(found, q)
}

func shown(found []walkedEvent, q EventQuery) (EventsShown, error) {
	fit, next := cutWalk(found, q)
	v := EventsShown{EventPage: EventPage{Events: make([]client.StripeEvent, 0, len(fit)), NextCursor: next}}
	if next != "" && len(fit) < q.Limit {
		v.Searched, v.Until = mostLookedAt, found[len(found)-1].walkedAt(q)
	}
	for _, e := range fit {
		wire, err := eventToWire(e.StripeEvent)
		if err != nil {
			return EventsShown{}, err
		}
		v.Events = append(v.Events, wire)
	}
	return v, nil
}

// FailedLot are the next failed events that the filter takes, the oldest first, at most limit of them, from where the lot of the
// cursor ended; next is "" where no others are left.
func (r *Registry) FailedLot(ctx context.Context, f EventFilter, cursor string, limit int) (ids []string, next string, err error) {
	f.Outcome = Failed
	q := EventQuery{EventFilter: f, Cursor: cursor, Limit: limit}
	if err := q.normalize(); err != nil {
		return nil, "", err
	}
	found, err := r.walkEvents(ctx, q, oldestFirst)
	if err != nil {
		return nil, "", err
	}
	fit, next := cutWalk(found, q)
	for _, e := range fit {
		ids = append(ids, e.ID)
	}
	return ids, next, nil
}

// walkedEvent is an event that a walk came by, without its payload. Fits is false of the one at which the walk ended, where the
// filter leaves that out; Ends is true of it.
type walkedEvent struct {
	db.StripeEvent
	Fits, Ends bool
}

// walkOrder is the way that a walk takes, and how what comes after a place compares to it.
type walkOrder struct{ direction, beyond string }

var (
	newestFirst = walkOrder{" desc", "<"}
	oldestFirst = walkOrder{" asc", ">"}
)

// walkEvents goes along one index, and takes what the filter does.
func (r *Registry) walkEvents(ctx context.Context, q EventQuery, order walkOrder) ([]walkedEvent, error) {
	c := &conditions{}
	by := q.walkedBy()
	q.addWalked(c)
	if q.Cursor != "" {
		at, id, err := ParseCursorAt(q.Cursor, by)
		if err != nil {
			return nil, err
		}
		c.add("(e."+by+", e.id) "+order.beyond+" (%s, %s)", at, id)
	}
	index := c.sql()
	c.fragments = nil
	q.addLookedAt(c)
	way := fmt.Sprintf("order by %s%s, id%[2]s", by, order.direction)
	sql := fmt.Sprintf(`select id, type, account, created, received_at, outcome, why, null::text, fits, n = %[1]s
		from (select e.id, e.type, e.account, e.created, e.received_at, e.outcome, e.why, (%[2]s) as fits, row_number() over (%[3]s) as n from stripe_events e%[4]s %[3]s limit %[1]s) walked
		where fits or n = %[1]s %[3]s limit %[5]s`, c.arg(mostLookedAt), c.all(), way, index, c.arg(q.Limit+1))
	// Planned anew each time: which index is best depends on the values.
	rows, _ := r.pool.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, c.args...)...) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[walkedEvent])
	if err != nil {
		return nil, fmt.Errorf("look through events: %w", err)
	}
	return found, nil
}

// walkedBy is the order of the index that the walk goes along; its cursors bear the name.
func (f EventFilter) walkedBy() string {
	if f.Outcome == Failed {
		return "created"
	}
	return receivedAt
}

// addWalked adds what the index leaves out: of those that failed, of an account's, or of all.
func (f EventFilter) addWalked(c *conditions) {
	if f.Outcome == Failed {
		c.add("e.outcome = 'failed'")
		return
	}
	if f.Account != "" {
		c.add("e.account = %s", f.Account)
	}
	f.addReceived(c)
}

// addLookedAt adds what each event of the walk has to be looked at for.
func (f EventFilter) addLookedAt(c *conditions) {
	if f.Type != "" {
		c.add("e.type = %s", f.Type)
	}
	if f.Outcome != Failed {
		if f.Outcome != "" {
			c.add("e.outcome = %s", string(f.Outcome))
		}
		return
	}
	if f.Account != "" {
		c.add("e.account = %s", f.Account)
	}
	f.addReceived(c)
}

// cutWalk leaves of a walk what fits the page, and the cursor of the next one: behind the page where it is full, else where the walk
// ended; "" at the end.
func cutWalk(found []walkedEvent, q EventQuery) (fit []walkedEvent, next string) {
	full := len(found) > q.Limit
	if full {
		found = found[:q.Limit]
	}
	if n := len(found); n > 0 && (full || found[n-1].Ends) {
		last := found[n-1]
		next = CursorAt(q.walkedBy(), last.walkedAt(q), last.ID)
		if !last.Fits {
			found = found[:n-1]
		}
	}
	return found, next
}

func (e walkedEvent) walkedAt(q EventQuery) time.Time {
	if q.walkedBy() == receivedAt {
		return e.ReceivedAt
	}
	return e.Created
}

// NewestEvent is when the newest event came, or happened, of those that the filter's index lists: what is newer than a page was not
// on it. The zero time: there is none.
func (r *Registry) NewestEvent(ctx context.Context, f EventFilter) (time.Time, error) {
	c := &conditions{}
	f.addWalked(c)
	by := "e." + f.walkedBy()
	rows, _ := r.pool.Query(ctx, "select "+by+" from stripe_events e"+c.sql()+" order by "+by+" desc limit 1",
		append([]any{pgx.QueryExecModeExec}, c.args...)...) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return time.Time{}, fmt.Errorf("look for the newest event: %w", err)
	}
	return append(found, time.Time{})[0], nil
}

// FailedEvents counts the events that failed, as far as most.
func (r *Registry) FailedEvents(ctx context.Context, most int) (int64, error) {
	n, err := r.q.CountFailedEvents(ctx, int32(most)) //nolint:gosec // a bound of ours
	if err != nil {
		return 0, fmt.Errorf("count the failed events: %w", err)
	}
	return n, nil
}

// ChangesByEvent is what an event changed, the newest first, among the latest changes of its account, as many as latest says.
func (r *Registry) ChangesByEvent(ctx context.Context, e client.StripeEvent, latest int) ([]client.Change, error) {
	rows, err := r.q.ChangesByEvent(ctx, db.ChangesByEventParams{AccountID: client.Text(e.Account), EventID: e.ID, N: int32(latest)}) //nolint:gosec // a bound of ours
	if err != nil {
		return nil, fmt.Errorf("read what event %s changed: %w", e.ID, err)
	}
	changes := make([]client.Change, 0, len(rows))
	for _, row := range rows {
		c, err := changeToWire(row)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}
