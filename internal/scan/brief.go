package scan

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Brief is a pass as it stands at now, without its accounts. One that is not known is account.NotFound.
func (p *Passes) Brief(ctx context.Context, id string, now time.Time) (client.Scan, error) {
	pass, err := p.byID(ctx, id)
	return counted(pass, now), err
}

// Briefs is a page of List without the passes' accounts.
func (p *Passes) Briefs(ctx context.Context, cursor string, limit int, now time.Time) (found []client.Scan, next string, err error) {
	rows, next, err := p.page(ctx, cursor, limit)
	for _, pass := range rows {
		found = append(found, counted(pass, now))
	}
	return found, next, err
}

// Finding is a kind of what a pass keeps a list of.
type Finding string

// The kinds.
const (
	Changed  Finding = "changed"
	HeldBack Finding = "held_back"
)

// Kept is how many accounts of each kind a pass keeps, at least: the first.
const Kept = 1000

// Found is an account that a pass changed or held back. Held: it is held back still.
type Found struct {
	client.ScannedAccount
	Held bool
}

// Findings are the accounts of a pass of one kind, in the order of ids, at most limit of them, from after an account on (""). A pass
// keeps the first of each.
func (p *Passes) Findings(ctx context.Context, id string, kind Finding, after string, limit int) ([]Found, error) {
	rows, err := p.q.FindingsAfter(ctx, db.FindingsAfterParams{ScanID: id, Kind: string(kind), After: after, N: int32(limit)}) //nolint:gosec // the page's length is bounded
	if err != nil {
		return nil, fmt.Errorf("read what scan %s found: %w", id, err)
	}
	found := make([]Found, len(rows))
	for i, f := range rows {
		found[i] = Found{scanned(f.ScanFinding), f.Held}
	}
	return found, nil
}

// CountHeldBack is how many accounts are held back now, by whichever pass.
func (p *Passes) CountHeldBack(ctx context.Context) (int64, error) {
	return p.HeldBackUpTo(ctx, math.MaxInt32)
}

// HeldBackUpTo counts them as far as most, for who asks again and again.
func (p *Passes) HeldBackUpTo(ctx context.Context, most int32) (int64, error) {
	n, err := p.q.CountHeldBack(ctx, most)
	if err != nil {
		return 0, fmt.Errorf("count the accounts held back: %w", err)
	}
	return n, nil
}

// ResumeKnown is Resume by somebody who knows of so many accounts that are held back: where there are more by now it is an
// account.Conflict, and nothing is released.
func (p *Passes) ResumeKnown(ctx context.Context, id string, known int64, by account.Actor, now time.Time) (client.Scan, error) {
	return p.resume(ctx, id, by, now, func(q *db.Queries) error {
		held, err := q.CountHeldBack(ctx, math.MaxInt32)
		if err != nil {
			return fmt.Errorf("count the accounts held back: %w", err)
		}
		if held > known {
			return account.Errorf(account.Conflict, "Meanwhile %d accounts are held back, more than the %d that you were shown.", held, known)
		}
		return nil
	})
}

// Cost is what a pass would be, if it were started now.
type Cost struct {
	Method   Method
	Accounts int64
	Calls    int64 // to Stripe, at the least
}

// Costs are those of the passes that can be started: over what is due, by the method that connectd would choose, and over all by
// either method.
type Costs struct {
	Due, AllRetrieved, AllListed Cost
	// ReadsMade are connectd's of the last 30 days, ReadsAllotted what Stripe allots to the platform for all its programs; 0 where that
	// is not known.
	ReadsMade, ReadsAllotted int64
}

// Costs says what passes would cost.
func (p *Passes) Costs(ctx context.Context, now time.Time) (Costs, error) {
	due, err := p.plan(ctx, Due, Either, db.OpenScanParams{At: now})
	if err != nil {
		return Costs{}, err
	}
	connected, err := p.q.CountByStatus(ctx)
	if err != nil {
		return Costs{}, fmt.Errorf("count the connected accounts: %w", err)
	}
	read, err := stripeapi.Reads(ctx, p.q, now)
	if err != nil {
		return Costs{}, fmt.Errorf("count reads of Stripe's API: %w", err)
	}
	c := Costs{
		AllRetrieved: Cost{Method: Retrieve, Accounts: connected, Calls: connected},
		AllListed:    Cost{Method: List, Accounts: connected, Calls: pagesOf(connected)},
		ReadsMade:    read, ReadsAllotted: p.allotted.reads,
	}
	c.Due = c.AllListed
	if Method(due.Method) == Retrieve {
		c.Due = Cost{Method: Retrieve, Accounts: due.Due, Calls: due.Due}
	}
	return c, nil
}
