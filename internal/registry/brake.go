package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Brake bounds how many accounts passes may make unable or disconnected within 24 hours: Accounts, or that Share of those
// connected where it is more. A fault of ours, or of Stripe's, then costs so many sellers and no more.
type Brake struct {
	Accounts int64
	Share    float64 // 0.01 is one in a hundred
}

// BrakeWindow is how long what a pass has taken counts for the brake.
const BrakeWindow = 24 * time.Hour

const recount = time.Minute // how old the number of connected accounts may be

// brake is what a group may still take.
type brake struct {
	left  int64
	taken int64
	freed map[db.FreedAccount]bool // what passes had held back when they were resumed
}

// grants reports whether a pass may take the account too, and counts it.
func (b *brake) grants(o Observation) bool {
	if b.freed[db.FreedAccount{ScanID: o.scanID, AccountID: o.accountID}] {
		return true
	}
	if b.taken == b.left {
		return false
	}
	b.taken++
	return true
}

// takes reports whether a pass's answer, if it applies, makes the account unable or disconnected. A disconnection that Stripe
// has told already, and whose order a retrieval was to settle, is the event's and not the pass's.
func (g *group) takes(rec *record, o Observation) bool {
	if o.scanID == "" || !rec.connected() || rec.Revision != o.revision {
		return false
	}
	if o.kind == gone {
		return !rec.DeauthorizationSeen
	}
	return rec.CanTransact && !account.Judge(o.facts, g.policy.Policy).CanTransact
}

// loadBrake locks the brake where the group may need it: after its accounts, before the feed's counter. An answer of a pass
// applies only to a row that nothing else in the group has touched, so what the rows hold now says which will.
func (r *Registry) loadBrake(ctx context.Context, conn *pgx.Conn, g *group, obs []Observation) error {
	var passes, accounts []string
	for _, o := range obs {
		if rec := g.accounts[o.accountID]; rec != nil && g.takes(rec, o) {
			passes, accounts = append(passes, o.scanID), append(accounts, o.accountID)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	var held db.LockBrakeRow
	var taken int64
	g.brake.freed = map[db.FreedAccount]bool{}
	batch := &pgx.Batch{}
	queueRows(batch, db.LockBrake, func(row db.LockBrakeRow) error { held = row; return nil })
	queueRows(batch, db.BrakeTakes, func(row struct{ N int64 }) error { taken = row.N; return nil }, g.now.Add(-BrakeWindow))
	queueRows(batch, db.FreedAccounts, func(row db.FreedAccount) error {
		g.brake.freed[row] = true
		return nil
	}, passes, accounts)
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	connected, err := r.countConnected(ctx, conn, g.now, held, taken+int64(len(accounts)))
	if err != nil {
		return err
	}
	g.brake.left = max(0, r.cfg.Brake.limit(connected)-taken)
	return nil
}

func (b Brake) limit(connected int64) int64 {
	return max(b.Accounts, int64(b.Share*float64(connected)))
}

// countConnected counts only where the number can matter, and at most once a minute.
func (r *Registry) countConnected(ctx context.Context, conn *pgx.Conn, now time.Time, held db.LockBrakeRow, total int64) (int64, error) {
	if total <= r.cfg.Brake.Accounts || now.Sub(held.CountedAt) < recount {
		return held.Connected, nil
	}
	connected, err := db.New(conn).CountConnected(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("count the connected accounts: %w", err)
	}
	return connected, nil
}

// holdBack leaves the row as it is, due, and out of the queue until somebody releases the brake.
func (g *group) holdBack(rec *record, o Observation) Outcome {
	to := account.Disconnected
	if o.kind != gone {
		to = account.Judge(o.facts, g.policy.Policy).Status
	}
	count := g.scan(o.scanID)
	count.Checked++
	count.Brakes = true
	if rec.HeldBackBy == nil || *rec.HeldBackBy != o.scanID {
		count.HeldBack++
		g.find(o.scanID, "held_back", rec, string(to))
	}
	if rec.NextCheckAt == nil || rec.NextCheckAt.After(g.now) { // a list names those too that are not due
		rec.NextCheckAt = &g.now
	}
	rec.HeldBack, rec.HeldBackBy, rec.ClaimedUntil, rec.dirty = true, &o.scanID, nil, true
	return Outcome{Result: HeldBack, Why: "the brake keeps the scan from taking more accounts' yes"}
}
