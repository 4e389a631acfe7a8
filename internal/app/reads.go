package app

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// warnFrom is from what part of the allocation on an operator hears of it.
const warnFrom = 0.8

// reads are connectd's own of the last 30 days, beside what Stripe allots to the platform for all of its programs.
type reads struct {
	made, allocation int64
}

func readsUsed(ctx context.Context, q *db.Queries, now time.Time, allocation int64) (reads, error) {
	made, err := stripeapi.Reads(ctx, q, now)
	if err != nil {
		return reads{}, fmt.Errorf("count reads of Stripe's API: %w", err)
	}
	return reads{made, allocation}, nil
}

func (r reads) short() bool { return float64(r.made) >= warnFrom*float64(r.allocation) }

func (r reads) String() string {
	return fmt.Sprintf("connectd has read from Stripe %d times in 30 days, %d %% of the allocation of %d", r.made, 100*r.made/r.allocation, r.allocation)
}

// fix: docs.stripe.com/rate-limits has the allocation.
func (reads) fix() string {
	return "set CONNECTD_STRIPE_READ_ALLOCATION to 500 times the platform's transactions of 30 days where that is more, or let CONNECTD_RECHECK_EVERY be longer"
}
