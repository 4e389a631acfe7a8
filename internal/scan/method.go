package scan

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Method says how a pass asks Stripe.
type Method string

// The methods.
const (
	// Either lets connectd choose: by list pages where retrievals would use up the reads that Stripe allots.
	Either Method = ""
	// Retrieve asks for each account by itself.
	Retrieve Method = "retrieve"
	// List goes through Stripe's list of connected accounts, and asks for those by themselves that it leaves out, or that have
	// moved since.
	List Method = "list"
)

// allotment is how many reads Stripe allots to the platform in 30 days, and how often each account is checked.
type allotment struct {
	reads        int64 // 0: not known
	recheckEvery time.Duration
}

const allottedFor = 30 * 24 * time.Hour // docs.stripe.com/rate-limits

// Allotted says how many reads Stripe allots to the platform in 30 days, and how often each account is checked. Without it all
// passes retrieve unless they are told otherwise. 0 for recheckEvery means 28 days. It is not to be called while the passes are used.
func (p *Passes) Allotted(reads int64, recheckEvery time.Duration) *Passes {
	p.allotted = allotment{reads, cmp.Or(recheckEvery, 28*24*time.Hour)}
	return p
}

// plan completes what a pass is opened with.
func (p *Passes) plan(ctx context.Context, scope Scope, method Method, params db.OpenScanParams) (db.OpenScanParams, error) {
	due, err := p.q.CountDue(ctx, params.At)
	if err != nil {
		return params, fmt.Errorf("count the due accounts: %w", err)
	}
	if method == Either {
		if method, err = p.choose(ctx, scope, due, params.At); err != nil {
			return params, err
		}
	}
	params.Method = string(method)
	switch {
	case method == List:
		params.Listing = true // it counts what it is over when it copies the revisions
	case scope == All:
		params.DueThrough, params.Due = new(string), due
	default:
		params.Due = due
	}
	return params, nil
}

// choose takes the list where the pass's retrievals would use up what is allotted and the list costs less; and where those of a
// month would, once the first of them is due: the list then is the check of all.
func (p *Passes) choose(ctx context.Context, scope Scope, due int64, now time.Time) (Method, error) {
	if p.allotted.reads == 0 {
		return Retrieve, nil
	}
	read, err := stripeapi.Reads(ctx, p.q, now)
	if err != nil {
		return "", fmt.Errorf("count reads of Stripe's API: %w", err)
	}
	connected, err := p.q.CountByStatus(ctx)
	if err != nil {
		return "", fmt.Errorf("count the connected accounts: %w", err)
	}
	if scope == All {
		due = connected
	}
	if read+due > p.allotted.reads && pagesOf(connected) < due {
		return List, nil
	}
	if p.allotted.monthly(connected) <= p.allotted.reads {
		return Retrieve, nil
	}
	return p.chooseForTheMonth(ctx, now)
}

func (p *Passes) chooseForTheMonth(ctx context.Context, now time.Time) (Method, error) {
	every := p.allotted.recheckEvery
	routine, err := p.q.RoutineIsDue(ctx, db.RoutineIsDueParams{At: now, CheckedBy: now.Add(-every + every/14), Recently: now.Add(-every / 2)})
	if err != nil {
		return "", fmt.Errorf("look for checks that the calendar asks for: %w", err)
	}
	if routine {
		return List, nil
	}
	return Retrieve, nil
}

// monthly is how many reads it takes in 30 days to retrieve so many accounts as often as they are checked.
func (a allotment) monthly(accounts int64) int64 {
	return int64(float64(accounts) * allottedFor.Seconds() / a.recheckEvery.Seconds())
}

// pagesOf is how many calls it takes to list so many accounts.
func pagesOf(accounts int64) int64 { return (accounts + pageSize - 1) / pageSize }
