package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	// statesKept is how long a state outlives its ten minutes: a reload of the way back (while the browser has its cookie),
	// and the same verification (for 24 hours), are answered as they first were, and who comes too late is told so.
	statesKept = 24 * time.Hour
	// barrenCodesKept is how long a reload is told what Stripe said of a code that it did not take.
	barrenCodesKept = 24 * time.Hour
	// deletedAtOnce keeps each statement short.
	deletedAtOnce = 1000
)

// forget deletes what nobody comes back with any more. A code that has granted anything, or of which that is not known, is
// kept for ever, as connections are: Stripe revokes what a code granted whenever it is presented again, also long after the
// five minutes in which it works once. What is deleted are states, and codes that never granted anything.
func (s *Service) forget(ctx context.Context, now time.Time) error {
	states, err := deleteAll(func() (int64, error) {
		return s.cfg.Queries.DeleteStates(ctx, db.DeleteStatesParams{Before: now.Add(-statesKept), N: deletedAtOnce})
	})
	if err != nil {
		return fmt.Errorf("delete OAuth states: %w", err)
	}
	codes, err := deleteAll(func() (int64, error) {
		return s.cfg.Queries.DeleteBarrenCodes(ctx, db.DeleteBarrenCodesParams{
			Before: now.Add(-barrenCodesKept), N: deletedAtOnce,
		})
	})
	if err != nil {
		return fmt.Errorf("delete authorization codes: %w", err)
	}
	if states+codes > 0 {
		s.cfg.Logger.Debug("deleted what nobody comes back with", "states", states, "codes", codes)
	}
	return nil
}

// deleteAll deletes some until there are no more.
func deleteAll(some func() (int64, error)) (all int64, err error) {
	for {
		n, err := some()
		all += n
		if err != nil || n < deletedAtOnce {
			return all, err
		}
	}
}
