package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// unlinkWithin bounds what goes on without the browser: Stripe's answer, the commit and a retrieval, of 10 s each.
const unlinkWithin = 30 * time.Second

// Rule says whether an unlink keeps to the sellers' rule.
type Rule int

// The rules.
const (
	// Allowed unlinks only what allow_unlink permits: never an account that works and has a name.
	Allowed Rule = iota
	// Forced unlinks a working account too.
	Forced
)

// UnlinkByLink disconnects the account of the link's seller where that is allowed: else account.Conflict, or
// account.Forbidden where the link may not. It fails as Page does. Nil says that the account is not connected any more.
func (s *Service) UnlinkByLink(ctx context.Context, token string) error {
	link, err := s.useLink(ctx, token)
	if err != nil {
		return err
	}
	if !link.MayUnlink {
		return told(account.Forbidden, "onboarding.link_cannot_unlink", nil)
	}
	held, connected, err := s.cfg.Registry.HeldBy(ctx, link.SellerID)
	if err != nil || !connected {
		return err // nothing to unlink: done already
	}
	return s.unlink(ctx, held, Allowed, account.Actor{Name: "seller"})
}

// UnlinkAccount disconnects an account. An unknown one is account.NotFound, one that works account.Conflict unless Forced;
// one that is disconnected is done already. The audit keeps who has asked Stripe for it.
func (s *Service) UnlinkAccount(ctx context.Context, accountID string, rule Rule, by account.Actor) error {
	held, err := s.cfg.Registry.Holding(ctx, accountID)
	if err != nil || held.DisconnectedAt != nil {
		return err
	}
	return s.unlink(ctx, held, rule, by)
}

func (s *Service) unlink(ctx context.Context, held registry.Held, rule Rule, by account.Actor) error {
	if rule == Allowed && !held.AllowUnlink {
		return told(account.Conflict, "onboarding.account_works", nil)
	}
	// Once Stripe has been told, the row must follow.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlinkWithin)
	defer cancel()
	if err := s.cfg.Registry.Unlinking(ctx, held.Account, by); err != nil {
		return err
	}
	answered, err := s.cfg.Stripe.Deauthorize(ctx, held.ID)
	if stripeapi.KindOf(err) == stripeapi.Unreachable {
		s.cfg.Logger.Warn("a deauthorization had no answer", "account", held.ID, "error", err)
		return told(account.Unanswered, "onboarding.unanswered", nil)
	}
	if err != nil {
		return err
	}
	out, err := s.observe(ctx, registry.Unlinked(held.ID, held.Grant, answered))
	if err != nil {
		return fmt.Errorf("unlink account %s: %w", held.ID, err)
	}
	if out.Result == registry.Applied {
		return nil
	}
	return s.unlinkedBefore(ctx, held.ID)
}

// unlinkedBefore is for an unlink that changed nothing: the account was disconnected already, or connected anew meanwhile.
func (s *Service) unlinkedBefore(ctx context.Context, accountID string) error {
	held, err := s.cfg.Registry.Holding(ctx, accountID)
	if err != nil || held.DisconnectedAt != nil {
		return err
	}
	return s.askWhichHolds(ctx, accountID)
}

// askWhichHolds is for an account that was connected anew while it was unlinked: which came last Stripe alone can tell.
func (s *Service) askWhichHolds(ctx context.Context, accountID string) error {
	checkErr := s.cfg.Checker.Check(ctx, accountID, registry.Recheck)
	held, err := s.cfg.Registry.Holding(ctx, accountID)
	switch {
	case err != nil || held.DisconnectedAt != nil:
		return err
	case checkErr != nil:
		s.cfg.Logger.Warn("an account that was connected while it was unlinked could not be retrieved yet",
			"account", accountID, "error", checkErr)
		return told(account.Unanswered, "onboarding.connected_again_maybe", nil)
	}
	return told(account.Conflict, "onboarding.connected_again", nil)
}
