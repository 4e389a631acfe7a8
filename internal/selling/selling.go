// Package selling acts on sellers' accounts at Stripe: it makes products and Checkout sessions there, for sellers who can
// transact and for nobody else.
//
// It may import account, client (the wire types), db, registry (who can transact) and stripeapi. Its one rule: nothing is
// asked of Stripe before the verdict in the database has said yes, and an error is never a yes.
package selling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// Config is what a Service needs. All of it is required.
type Config struct {
	Registry *registry.Registry
	Queries  *db.Queries
	Stripe   *stripeapi.Client
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service is safe for concurrent use.
type Service struct{ cfg Config }

// New makes a service.
func New(cfg Config) *Service { return &Service{cfg} }

// By is for whom something is done: on the seller's account, under the caller's Idempotency-Key ("" for none).
type By struct {
	SellerID       string
	IdempotencyKey string
}

// CannotTransact is why nothing was done: the seller can't transact, or Stripe says that the account is gone.
type CannotTransact struct {
	SellerID string
	Reasons  []client.Reason
	// Stripe is what Stripe answered, nil where it was not asked.
	Stripe *stripeapi.Error
}

func (e *CannotTransact) Error() string {
	if e.Stripe != nil {
		return fmt.Sprintf("Seller %s can't transact: Stripe says that the account is not connected. It is being looked at.", e.SellerID)
	}
	return fmt.Sprintf("Seller %s can't transact; reasons says why and who must act.", e.SellerID)
}

// Unwrap returns Stripe's refusal.
func (e *CannotTransact) Unwrap() error {
	if e.Stripe == nil {
		return nil
	}
	return e.Stripe
}

// act is the guard: it does one thing on the account of a seller who can transact. The verdict is read from the database,
// which is never older than what was committed; a copy in memory may be, by a lease, and money is not to move on that.
// Stripe has the last word, and what it says of the account by refusing is looked at.
func (s *Service) act(
	ctx context.Context, by By, do func(context.Context, stripeapi.On) (stripeapi.Made, error),
) (stripeapi.Made, error) {
	ready, err := s.cfg.Registry.Readiness(ctx, by.SellerID)
	if err != nil {
		return stripeapi.Made{}, err
	}
	if !ready.CanTransact || ready.AccountID == nil {
		return stripeapi.Made{}, &CannotTransact{SellerID: by.SellerID, Reasons: ready.Reasons}
	}
	on := stripeapi.On{AccountID: *ready.AccountID, IdempotencyKey: by.IdempotencyKey}
	made, err := do(ctx, on)
	if refusal, ok := errors.AsType[*stripeapi.Error](err); ok {
		return stripeapi.Made{}, s.heed(ctx, by.SellerID, on.AccountID, refusal)
	}
	return made, err
}

// heed has the account looked at where Stripe's refusal is about it, and says which error the refusal is.
func (s *Service) heed(ctx context.Context, sellerID, accountID string, refusal *stripeapi.Error) error {
	if !aboutTheAccount(refusal) {
		return refusal
	}
	// The caller may have hung up; what was learned is not to be lost with that.
	if err := s.cfg.Registry.MakeDue(context.WithoutCancel(ctx), accountID); err != nil {
		s.cfg.Logger.ErrorContext(ctx, "an account that Stripe refused to act on could not be made due; it is checked at its time",
			"account", accountID, "error", err)
	}
	if refusal.Kind != stripeapi.AccountGone {
		return refusal
	}
	return &CannotTransact{SellerID: sellerID, Stripe: refusal, Reasons: []client.Reason{{
		Code: string(account.CodeNotConfirmed), Who: string(account.Platform),
		Message: "Stripe says that the account is not connected; connectd is looking at it.",
	}}}
}

// aboutTheAccount: account_invalid says that it is gone. What else an account can't do (charges switched off since, a
// capability gone, no business name yet) Stripe says without a code of its own, but it then blames no parameter of the
// request ("Your account cannot currently make charges": github.com/Automattic/woocommerce-payments/issues/248; "In order to
// use Checkout, you must set an account or business name": github.com/stripe/vscode-stripe/issues/631; "No valid payment
// method types for this Checkout Session"). Looking at an account too often costs a retrieval, too seldom a sale that can't
// be paid.
func aboutTheAccount(e *stripeapi.Error) bool {
	return e.Kind == stripeapi.AccountGone || e.Declined() && e.Param == "" && e.Code != stripeapi.CodeIdempotency
}
