package selling

import (
	"context"
	"fmt"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Sale is a Checkout session to be made, with the platform's fee: Fee, or Percent of the total, or neither.
type Sale struct {
	stripeapi.Checkout
	Fee     *int64 // in the currency's smallest unit
	Percent *Percent
}

// Checkout makes a Checkout session on the seller's account. A fee that can't be, or can't be reckoned, is an account.Error.
func (s *Service) Checkout(ctx context.Context, by By, sale Sale) (stripeapi.Made, error) {
	fee, err := sale.fee()
	if err != nil {
		return stripeapi.Made{}, err
	}
	session := by.markAll(sale.Checkout)
	if fee != nil {
		session.Payment.ApplicationFeeAmount = *fee
	}
	return s.act(ctx, by, func(ctx context.Context, on stripeapi.On) (stripeapi.Made, error) {
		made, err := s.cfg.Stripe.CreateCheckoutSession(ctx, on, session)
		if err != nil || fee == nil {
			return made, err
		}
		return made, s.keepFee(ctx, made.ID, *fee)
	})
}

// keepFee is done before the session is handed out: nobody can have paid one before, and where it fails the caller has none,
// and gets the same by the same Idempotency-Key.
func (s *Service) keepFee(ctx context.Context, sessionID string, fee int64) error {
	err := s.cfg.Queries.KeepCheckoutFee(ctx, db.KeepCheckoutFeeParams{
		SessionID: sessionID, ApplicationFeeAmount: fee, At: s.cfg.Now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("keep the application fee of session %s: %w", sessionID, err)
	}
	return nil
}
