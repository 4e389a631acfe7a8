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
	// Traceparent is of the span in which it was learned; "" where nothing is traced.
	Traceparent string
}

// notify keeps what is to be told of an event that is handled for the first time.
func (g *group) notify(rec *record, o Observation) {
	if o.notice == nil {
		return
	}
	n := *o.notice
	n.At, n.AccountID, n.SellerID, n.Traceparent = g.now, rec.ID, rec.SellerID, o.traceparent
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

// telling is what the group's writes answer of its notices.
type telling struct {
	fresh     map[toldRow]bool // those that were not told before
	published []db.ReadinessNowRow
}

// queueTelling marks the notices as told, and reads the readiness and the position that the group's writes have left.
func (g *group) queueTelling(b *jsonBatch) *telling {
	t := &telling{fresh: map[toldRow]bool{}}
	if len(g.notices) == 0 {
		return t
	}
	rows := make([]toldRow, len(g.notices))
	sellers := make([]string, len(g.notices))
	for i, n := range g.notices {
		rows[i], sellers[i] = n.row(), n.SellerID
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		b.err = fmt.Errorf("encode notices: %w", err)
		return t
	}
	queueRows(b.Batch, db.MarkTold, func(row toldRow) error { t.fresh[row] = true; return nil }, g.now, encoded)
	queueRows(b.Batch, db.ReadinessNow, func(row db.ReadinessNowRow) error {
		t.published = append(t.published, row)
		return nil
	}, sellers)
	return t
}

func (n Notice) row() toldRow { return toldRow{n.Type, n.ID} }

// tell hands over the notices that were not told before.
func (r *Registry) tell(ctx context.Context, tx pgx.Tx, notices []Notice, t *telling) error {
	var fresh []Notice
	for _, n := range notices {
		if !t.fresh[n.row()] {
			continue
		}
		t.fresh[n.row()] = false // the group may hold two events of one session
		ready, err := r.inOrder([]string{n.SellerID}, t.published)
		if err != nil {
			return err
		}
		n.Readiness, n.Position = ready[0], t.published[0].Position
		fresh = append(fresh, n)
	}
	if len(fresh) == 0 {
		return nil
	}
	return r.cfg.Tell(ctx, tx, fresh)
}
