// Package catchup notices that nobody was there to hear of Stripe's events, and makes up for it: a sweep looks at all
// accounts' states, which need no events, and what no state tells (a paid Checkout, a failed payout) is asked for, account
// by account.
//
// It may import account, db, scan (what a check knows), stripeapi and webhook (the one path of events). Its one rule: what
// it finds out and what it is to do about it are committed together, so that no kill forgets a gap.
package catchup

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

const (
	// reach is how far back Stripe lists events (docs.stripe.com/api/events).
	reach = 30 * 24 * time.Hour
	// resent is for how long Stripe sends an event again (docs.stripe.com/webhooks): one from so long before a gap may have had
	// its last chance within it.
	resent = 3 * 24 * time.Hour
)

// gap is a time in which nobody heard of what happened.
type gap struct {
	since time.Time
	why   string // in words, for people
}

// and is the gap that takes in both.
func (g *gap) and(other gap) *gap {
	if g == nil {
		return &other
	}
	return &gap{since: earlier(g.since, other.since), why: g.why + "; " + other.why}
}

// open makes a catch-up, in the transaction that has found the gap. It takes in one that is still open.
func open(ctx context.Context, q *db.Queries, g gap, now time.Time) (db.CatchUp, error) {
	superseded, err := q.SupersedeCatchUp(ctx, now)
	if err != nil {
		return db.CatchUp{}, fmt.Errorf("end the catch-up that is open: %w", err)
	}
	for _, s := range superseded {
		g.since = earlier(g.since, s.Since)
	}
	opened, err := q.OpenCatchUp(ctx, db.OpenCatchUpParams{Why: g.why, Since: account.Later(g.since, now.Add(-reach)), At: now})
	if err != nil {
		return db.CatchUp{}, fmt.Errorf("open a catch-up: %w", err)
	}
	return opened, nil
}

// Restored has all be caught up with that happened since the dump was made that the database was restored from, and says since
// when: the last beat in it. It is for the transaction that marks the restore.
func Restored(ctx context.Context, q *db.Queries, now time.Time) (since time.Time, err error) {
	was, err := lockHeartbeat(ctx, q)
	if err != nil {
		return since, err
	}
	opened, err := open(ctx, q, gap{since: was.lastSign(now), why: "the database was restored from a backup"}, now)
	if err != nil {
		return since, err
	}
	next := was
	next.at, next.deafSince = &now, nil
	return opened.Since, next.store(ctx, q)
}

// Report is what an operator may want to know.
type Report struct {
	// Open is the catch-up that is under way, with how many accounts' events it has still to ask for; nil where there is none.
	Open *db.CatchUp
	Left int64
	// Last is the last that has ended; nil where there was none.
	Last *db.CatchUp
	// Deaf: Stripe has switched the webhook endpoint off.
	Deaf bool
	// BeatAt is when connectd was last alive; nil where it has not started yet.
	BeatAt *time.Time
}

// State reads the report.
func State(ctx context.Context, q *db.Queries) (Report, error) {
	var r Report
	row, err := q.ReadHeartbeat(ctx)
	if err != nil {
		return r, fmt.Errorf("read the heartbeat: %w", err)
	}
	r.BeatAt, r.Deaf = row.At, row.DeafSince != nil
	last, err := q.LastCatchUp(ctx)
	if err != nil {
		return r, fmt.Errorf("read the last catch-up: %w", err)
	}
	if len(last) > 0 {
		r.Last = &last[0]
	}
	current, err := q.CurrentCatchUp(ctx)
	if err != nil || len(current) == 0 {
		return r, err
	}
	r.Open = &current[0]
	if r.Left, err = q.CatchUpLeft(ctx, r.Open.ID); err != nil {
		return r, fmt.Errorf("count the accounts that a catch-up has left: %w", err)
	}
	return r, nil
}

// Words say how far it is.
func (r Report) Words() string {
	c := r.Open
	switch {
	case c == nil:
		return ""
	case !c.Swept:
		return "all accounts are being looked at first"
	case c.ListedThrough != nil:
		return "accounts are being listed"
	}
	return fmt.Sprintf("the events of %d of %d accounts are still to be asked for", r.Left, c.Accounts)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
