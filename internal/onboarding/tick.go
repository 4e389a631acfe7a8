package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	settleWithin  = 50 * time.Second // of the minute until the next tick
	settledAtOnce = 100
)

// Tick settles the grants that could not be stored when Stripe answered, and deletes what nobody comes back with. It is
// made for each minute, and any number of processes may run it at the same time.
func (s *Service) Tick(ctx context.Context, now time.Time) error {
	return errors.Join(s.settleKept(ctx, now), s.forget(ctx, now))
}

// settleKept commits kept grants whose exchange began so long ago that nobody else is about to. Their accounts are due at
// once, so that the scan retrieves them. One that fails keeps none of the others.
func (s *Service) settleKept(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	rows, err := s.cfg.Queries.UnsettledCodes(ctx, db.UnsettledCodesParams{Before: now.Add(-waitForAnswer), N: settledAtOnce})
	if err != nil {
		return fmt.Errorf("read kept grants: %w", err)
	}
	var errs []error
	for _, row := range rows {
		became, err := s.conclude(ctx, row)
		if err == nil {
			s.cfg.Logger.Info("a kept grant was settled", "seller", row.SellerID, "account", *row.AccountID, "outcome", became)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
