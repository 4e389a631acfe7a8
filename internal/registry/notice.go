package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// Notice is what must be told once and is no change of an account: a paid Checkout, a failed payout.
type Notice struct {
	Type string          // of the signed event that tells it
	ID   string          // what it is told once of: of one type and id there is one notice, whatever the events
	Data json.RawMessage // what Stripe says of it

	// The registry adds what holds at that moment.
	At        time.Time
	EventID   string
	AccountID string
	SellerID  string
	Readiness client.Readiness
	Position  int64 // of the feed
}

// notify keeps what is to be told of an event that is handled for the first time.
func (g *group) notify(rec *record, o Observation) {
	if o.notice == nil {
		return
	}
	n := *o.notice
	n.At, n.AccountID, n.SellerID = g.now, rec.ID, rec.SellerID
	if o.event != nil {
		n.EventID = o.event.ID
	}
	g.notices = append(g.notices, n)
}

// hasTold reports whether an event of this outcome has made its notice. It is not to make it again by a replay, when it may
// be older than what is kept of what was told.
func (o Outcome) hasTold() bool { return o.Result == Applied || o.Result == Stale }

type toldRow struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// tell hands over what was not told before. It runs after the group's writes, so that readiness and position are those that
// its events have left.
func (r *Registry) tell(ctx context.Context, tx pgx.Tx, g *group) error {
	q := db.New(tx)
	fresh, err := unheard(ctx, q, g)
	if err != nil || len(fresh) == 0 {
		return err
	}
	feed, err := q.FeedPosition(ctx)
	if err != nil {
		return fmt.Errorf("read the feed's position: %w", err)
	}
	sellers := make([]string, len(fresh))
	for i, n := range fresh {
		sellers[i] = n.SellerID
	}
	published, err := r.published(ctx, q, sellers)
	if err != nil {
		return err
	}
	for i := range fresh {
		fresh[i].Readiness, fresh[i].Position = published[i], feed.Position
	}
	return r.cfg.Tell(ctx, tx, fresh)
}

// unheard marks the group's notices as told and returns those that were not before, in their order.
func unheard(ctx context.Context, q *db.Queries, g *group) ([]Notice, error) {
	rows := make([]toldRow, len(g.notices))
	for i, n := range g.notices {
		rows[i] = toldRow{n.Type, n.ID}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode notices: %w", err)
	}
	marked, err := q.MarkTold(ctx, db.MarkToldParams{At: g.now, Notices: encoded})
	if err != nil {
		return nil, fmt.Errorf("mark what is told: %w", err)
	}
	isNew := map[toldRow]bool{}
	for _, row := range marked {
		isNew[toldRow{row.Type, row.ID}] = true
	}
	var fresh []Notice
	for i, n := range g.notices {
		if isNew[rows[i]] {
			fresh = append(fresh, n)
			isNew[rows[i]] = false // the group may hold two events of one session
		}
	}
	return fresh, nil
}
