package onboarding

import (
	"context"
	"fmt"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// outcome is what became of an exchange that Stripe answered; none where it is not known, or Stripe did not take the code.
type outcome string

const (
	connected     outcome = "connected"
	heldByAnother outcome = "held_by_another"
	hasAnother    outcome = "has_another"
	otherMode     outcome = "other_mode"
	disconnected  outcome = "disconnected" // committed so late that the account has been disconnected since

	keyRefused  outcome = "key_refused"  // nothing was granted: Stripe did not take the platform's key
	rateLimited outcome = "rate_limited" // nothing was granted: Stripe asked for fewer requests
)

func (o outcome) text() *string {
	text := string(o)
	return &text
}

// settle commits what was granted, and only then retrieves the account: where that fails, details follow.
func (s *Service) settle(ctx context.Context, row db.OauthCode) error {
	became, err := s.conclude(ctx, row)
	if err != nil {
		return err
	}
	if became == connected {
		s.retrieve(ctx, *row.AccountID)
	}
	return s.obstacle(ctx, became, row.SellerID)
}

// conclude commits the grant first of all, and then keeps what became of it or, where it can't be committed, the grant
// itself, for Tick.
func (s *Service) conclude(ctx context.Context, row db.OauthCode) (outcome, error) {
	log := s.cfg.Logger.With("seller", row.SellerID, "account", *row.AccountID)
	became, err := s.commit(ctx, row)
	if err == nil {
		row.Outcome = became.text()
	}
	notKept := s.keep(ctx, row)
	switch {
	case err != nil && notKept != nil:
		log.Error("a grant could be neither stored nor kept: the seller may have to connect again",
			"error", err, "keeping", notKept)
	case err != nil:
		log.Error("a grant could not be stored yet: it is tried again each minute", "error", err)
	case notKept != nil:
		log.Error("what became of an exchange could not be kept: it seems unfinished", "outcome", became, "error", notKept)
	}
	return became, err
}

// commit connects what was granted, if that may be.
func (s *Service) commit(ctx context.Context, row db.OauthCode) (outcome, error) {
	if *row.Livemode != s.cfg.Stripe.Livemode() {
		return otherMode, nil
	}
	out, err := s.observe(ctx, registry.Granted(registry.Grant{
		SellerID: row.SellerID, AccountID: *row.AccountID, Livemode: *row.Livemode,
		Interval: account.Interval{From: *row.GrantedFrom, To: *row.GrantedAt},
	}))
	if err != nil {
		return "", fmt.Errorf("connect account %s to seller %s: %w", *row.AccountID, row.SellerID, err)
	}
	switch out.Result {
	case registry.HeldByAnother:
		return heldByAnother, nil
	case registry.HasAnother:
		return hasAnother, nil
	case registry.Stale:
		return disconnected, nil
	case registry.Applied:
		return connected, nil
	}
	return "", fmt.Errorf("connect account %s to seller %s: a grant became %q", *row.AccountID, row.SellerID, out.Result)
}

// observe tells the registry what Stripe has done already, and tries again for as long as a commit may take.
func (s *Service) observe(ctx context.Context, o registry.Observation) (out registry.Outcome, err error) {
	err = tryAgain(ctx, s.within.commit, func(ctx context.Context) error {
		outs, err := s.cfg.Registry.Observe(ctx, []registry.Observation{o})
		if err == nil {
			out = outs[0]
		}
		return err
	})
	return out, err
}

// keep stores what is known of a code.
func (s *Service) keep(ctx context.Context, row db.OauthCode) error {
	return tryAgain(ctx, s.within.keep, func(ctx context.Context) error {
		return s.cfg.Queries.KeepCode(ctx, db.KeepCodeParams(row))
	})
}

func (s *Service) retrieve(ctx context.Context, accountID string) {
	ctx, cancel := context.WithTimeout(ctx, s.within.retrieve)
	defer cancel()
	if err := s.cfg.Checker.Check(ctx, accountID, registry.OAuth); err != nil {
		s.cfg.Logger.Warn("a connected account could not be retrieved yet", "account", accountID, "error", err)
	}
}
