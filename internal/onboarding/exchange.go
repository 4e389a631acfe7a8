package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	waitForAnswer = 15 * time.Second // a second caller's; the exchange itself times out at 10 s
	pollEvery     = 50 * time.Millisecond
)

// ErrUnfinished says that nobody knows what became of an exchange; its code is never presented again.
var ErrUnfinished = account.Errorf(account.Unanswered, "Stripe gave no answer, so the connection could not be finished. Please connect again.")

// outcome is what became of an exchange that Stripe answered with a grant.
type outcome string

const (
	connected     outcome = "connected"
	heldByAnother outcome = "held_by_another"
	hasAnother    outcome = "has_another"
	otherMode     outcome = "other_mode"
)

// connect exchanges the code and connects what it grants. A code presented twice costs all that it granted (Stripe revokes
// it), so the code's hash is committed first: whoever gets the row makes the one exchange, whoever does not waits for its
// answer. Once begun it is finished, also where the browser has gone.
func (s *Service) connect(ctx context.Context, code, sellerID string) error {
	ctx = context.WithoutCancel(ctx)
	claimed, err := s.cfg.Queries.ClaimCode(ctx, db.ClaimCodeParams{
		CodeHash: hash(code), SellerID: sellerID, CreatedAt: s.now(),
	})
	if err != nil {
		return fmt.Errorf("claim a code of seller %s: %w", sellerID, err)
	}
	if claimed == 0 {
		return s.await(ctx, hash(code), sellerID)
	}
	return s.exchange(ctx, code, sellerID)
}

// exchange presents the code to Stripe, keeps the answer, and settles it.
func (s *Service) exchange(ctx context.Context, code, sellerID string) error {
	answer := db.AnswerCodeParams{CodeHash: hash(code)}
	grant, err := s.cfg.Stripe.Exchange(ctx, code)
	if e, ok := errors.AsType[*stripeapi.Error](err); ok && e.Kind == stripeapi.Refused {
		answer.ErrorCode, answer.ErrorDescription, answer.RequestID = &e.Code, &e.Message, &e.RequestID
		answer.At = s.now()
		s.cfg.Logger.Warn("Stripe refused an exchange", "seller", sellerID, "error", err)
		if err := s.cfg.Queries.AnswerCode(ctx, answer); err != nil {
			s.cfg.Logger.Error("a refused exchange could not be kept", "seller", sellerID, "error", err)
		}
		return codeRefused(orText(e.Message, e.Code))
	}
	if err != nil {
		s.cfg.Logger.Error("an exchange had no answer: the seller has to connect again", "seller", sellerID, "error", err)
		return ErrUnfinished
	}
	answer.At = s.now()
	answer.AccountID, answer.Livemode, answer.Scope = &grant.AccountID, &grant.Livemode, &grant.Scope
	answer.GrantedFrom, answer.GrantedAt, answer.RequestID = &grant.Interval.From, &grant.Interval.To, &grant.RequestID
	if err := s.cfg.Queries.AnswerCode(ctx, answer); err != nil {
		return fmt.Errorf("keep the answer of an exchange for seller %s: %w", sellerID, err)
	}
	return s.settle(ctx, answer.CodeHash, sellerID, registry.Grant{
		SellerID: sellerID, AccountID: grant.AccountID, Livemode: grant.Livemode, Interval: grant.Interval,
	})
}

// settle commits the connection at once, and only then retrieves the account: where that fails, details follow. Those who
// wait for the outcome are told after the retrieval, so that all of them read the same readiness.
func (s *Service) settle(ctx context.Context, codeHash []byte, sellerID string, grant registry.Grant) error {
	became, err := s.commit(ctx, grant)
	if err != nil {
		return err
	}
	if became == connected {
		if err := s.cfg.Checker.Check(ctx, grant.AccountID, registry.OAuth); err != nil {
			s.cfg.Logger.Warn("a connected account could not be retrieved yet", "account", grant.AccountID, "error", err)
		}
	}
	text := string(became)
	if err := s.cfg.Queries.SettleCode(ctx, db.SettleCodeParams{CodeHash: codeHash, Outcome: &text}); err != nil {
		return fmt.Errorf("settle a code of seller %s: %w", sellerID, err)
	}
	return s.refusal(ctx, became, sellerID)
}

func (s *Service) commit(ctx context.Context, grant registry.Grant) (outcome, error) {
	if grant.Livemode != s.cfg.Stripe.Livemode() {
		return otherMode, nil
	}
	outs, err := s.cfg.Registry.Observe(ctx, []registry.Observation{registry.Granted(grant)})
	if err != nil {
		return "", fmt.Errorf("connect account %s to seller %s: %w", grant.AccountID, grant.SellerID, err)
	}
	switch outs[0].Result {
	case registry.HeldByAnother:
		return heldByAnother, nil
	case registry.HasAnother:
		return hasAnother, nil
	case registry.Applied:
		return connected, nil
	}
	return "", ErrUnfinished // told so late that the account has been disconnected since
}

// await polls for the answer that another caller gets, of this process or of another. An exchange that began so long ago
// that it must have ended is not waited for.
func (s *Service) await(ctx context.Context, codeHash []byte, sellerID string) error {
	ctx, cancel := context.WithTimeout(ctx, waitForAnswer)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		row, err := s.cfg.Queries.Code(context.WithoutCancel(ctx), codeHash)
		if err != nil {
			return fmt.Errorf("read a code of seller %s: %w", sellerID, err)
		}
		if row.SellerID != sellerID {
			return account.Errorf(account.Conflict, "This answer of Stripe's belongs to another seller.")
		}
		if row.Outcome != nil || row.ErrorCode != nil {
			return s.told(context.WithoutCancel(ctx), row)
		}
		if !s.now().Before(row.CreatedAt.Add(waitForAnswer)) {
			return s.finish(context.WithoutCancel(ctx), row)
		}
		select {
		case <-ctx.Done():
			return s.finish(context.WithoutCancel(ctx), row)
		case <-tick.C:
		}
	}
}

// finish settles an answer whose first caller died before it could, and gives up on an exchange without an answer.
func (s *Service) finish(ctx context.Context, row db.OauthCode) error {
	if row.AccountID == nil {
		return ErrUnfinished
	}
	return s.settle(ctx, row.CodeHash, row.SellerID, registry.Grant{
		SellerID: row.SellerID, AccountID: *row.AccountID, Livemode: *row.Livemode,
		Interval: account.Interval{From: *row.GrantedFrom, To: *row.GrantedAt},
	})
}

// told is the first caller's answer.
func (s *Service) told(ctx context.Context, row db.OauthCode) error {
	if row.Outcome == nil {
		return codeRefused(orText(deref(row.ErrorDescription), deref(row.ErrorCode)))
	}
	return s.refusal(ctx, outcome(*row.Outcome), row.SellerID)
}

// refusal is what the seller is told, nil where the account was connected.
func (s *Service) refusal(ctx context.Context, o outcome, sellerID string) error {
	switch o {
	case connected:
		return nil
	case heldByAnother:
		return account.Errorf(account.Conflict,
			"This Stripe account is connected by another seller. It was left as it is; please connect another account.")
	case hasAnother:
		return s.otherHeld(ctx, sellerID)
	}
	return account.InvalidField("code", "This Stripe account is of the other mode (live or test). It was not connected.")
}

// otherHeld says which account is connected, and how to change.
func (s *Service) otherHeld(ctx context.Context, sellerID string) error {
	held, there, err := s.cfg.Registry.HeldBy(ctx, sellerID)
	if err != nil {
		return err
	}
	if !there {
		return account.Errorf(account.Conflict, "Another Stripe account was connected at that time. Please connect again.")
	}
	return account.Errorf(account.Conflict,
		"%s is connected already, and stays connected. To change, unlink it first where your page offers that, or ask the platform.",
		orText(deref(held.DisplayName), "The Stripe account "+held.ID))
}

func codeRefused(message string) error {
	return account.InvalidField("code", "Stripe did not accept the answer: %s", message)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
