package scan

import (
	"context"
	"errors"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// check: an account that can't be read never stops the others.
func (w *work) check(ctx context.Context, stripe *stripeapi.Client, claim registry.Claim) {
	err := w.checker.checkClaimed(ctx, stripe, claim, w.pass.ID)
	kind := stripeapi.KindOf(err)
	if kind == stripeapi.Unreachable {
		w.inARow.Add(1)
	} else {
		w.inARow.Store(0)
	}
	switch {
	case ctx.Err() != nil: // its claim returns by itself
	case kind == stripeapi.KeyWrong:
		w.refuse(err)
		if err := w.giveBack(ctx, []registry.Claim{claim}); err != nil {
			w.logger.Warn("a claim could not be given back; it ends by itself", "account", claim.AccountID, "error", err)
		}
	case kind == stripeapi.RateLimited: // put off
		w.taken.Add(1)
	case err == nil, account.KindOf(err) == account.Conflict: // checked, or disconnected
		w.count(claim)
	default:
		w.count(claim)
		w.failed.Add(1)
		w.logger.Warn("a due account could not be checked", "account", claim.AccountID, "error", err)
	}
}

// giveBack gives claims back where the key is refused: an account that had no turn is as overdue as before.
func (w *work) giveBack(ctx context.Context, claims []registry.Claim) error {
	if w.refused.Load() == nil {
		return nil
	}
	return w.registry.Unclaim(ctx, claims)
}

func (w *work) refuse(err error) {
	refused, _ := errors.AsType[*stripeapi.Error](err)
	w.refused.Store(refused)
}

// count: an account that failed before was due when the pass was opened, or has been counted.
func (w *work) count(claim registry.Claim) {
	w.taken.Add(1)
	if claim.Failures == 0 && claim.DueAt.After(w.pass.StartedAt) {
		w.fellDue.Add(1)
	}
}

// trouble is what ends the tick: Stripe refuses the key, which ends the pass too, or Stripe does not answer.
func (w *work) trouble() error {
	if refused := w.refused.Load(); refused != nil {
		return w.stop(refused)
	}
	if w.inARow.Load() >= outageAfter {
		return ErrOutage
	}
	return nil
}

// stop ends the pass at once; no account is touched.
func (w *work) stop(refused *stripeapi.Error) error {
	w.logger.Error("the scan is stopped: Stripe refuses the key; set STRIPE_SECRET_KEY to a key that works", "scan", w.pass.ID, "error", refused)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(refused, w.passes.stop(ctx, w.pass.ID, refused.Error(), w.now()))
}
