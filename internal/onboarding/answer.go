package onboarding

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/words"
)

const (
	waitForAnswer    = 15 * time.Second // a second caller's; the exchange itself times out at 10 s
	waitForRetrieval = 5 * time.Second  // from Stripe's answer on
	pollEvery        = 50 * time.Millisecond
)

// await polls for the answer that another caller gets, of this process or of another. An exchange that began so long ago
// that it must have ended is not waited for.
func (s *Service) await(ctx context.Context, codeHash []byte, sellerID string) (db.OauthCode, error) {
	waiting, stop := context.WithTimeout(ctx, waitForAnswer)
	defer stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		row, err := s.cfg.Queries.Code(ctx, codeHash)
		if err != nil {
			return row, fmt.Errorf("read a code of seller %s: %w", sellerID, err)
		}
		if row.SellerID != sellerID {
			return row, told(account.Conflict, "onboarding.code_of_another_seller", nil)
		}
		if row.Outcome != nil || row.ErrorCode != nil {
			return row, s.told(ctx, row)
		}
		if !s.now().Before(row.CreatedAt.Add(waitForAnswer)) {
			return row, s.finish(ctx, row)
		}
		select {
		case <-waiting.Done():
			return row, s.finish(ctx, row)
		case <-tick.C:
		}
	}
}

// finish settles an answer whose first caller died before it could, and gives up on an exchange without an answer.
func (s *Service) finish(ctx context.Context, row db.OauthCode) error {
	if row.AccountID == nil {
		return ErrUnfinished
	}
	return s.settle(ctx, row)
}

// told is the first caller's answer.
func (s *Service) told(ctx context.Context, row db.OauthCode) error {
	if row.ErrorCode != nil {
		return refusal(row)
	}
	became := outcome(*row.Outcome)
	if became == connected {
		s.awaitRetrieval(ctx, row)
	}
	return s.obstacle(ctx, became, row.SellerID)
}

// awaitRetrieval waits for the retrieval that follows a connection, so that all callers read the same readiness; not for
// long, since the connection stands without it.
func (s *Service) awaitRetrieval(ctx context.Context, row db.OauthCode) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for row.AnsweredAt != nil && s.now().Before(row.AnsweredAt.Add(waitForRetrieval)) {
		held, err := s.cfg.Registry.Account(ctx, *row.AccountID)
		if err != nil || held.DisconnectedAt != nil || held.CheckFailures > 0 {
			return
		}
		if held.CheckedAt != nil && held.CheckedAt.After(*row.AnsweredAt) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// obstacle is what kept a grant from becoming a connection, nil where the account was connected.
func (s *Service) obstacle(ctx context.Context, o outcome, sellerID string) error {
	switch o {
	case connected:
		return nil
	case heldByAnother:
		return told(account.Conflict, "onboarding.held_by_another", nil)
	case hasAnother:
		return s.otherHeld(ctx, sellerID)
	case otherMode:
		return s.modeRefused()
	case disconnected:
		return told(account.Conflict, "onboarding.disconnected_since", nil)
	}
	return fmt.Errorf("what became of an exchange of seller %s is %q, which only a newer connectd knows: upgrade this one",
		sellerID, o)
}

func (s *Service) modeRefused() error {
	if s.cfg.Stripe.Livemode() {
		return toldOf("code", "onboarding.test_account", nil)
	}
	return toldOf("code", "onboarding.live_account", nil)
}

// otherHeld says which account is connected, and how to change.
func (s *Service) otherHeld(ctx context.Context, sellerID string) error {
	held, there, err := s.cfg.Registry.HeldBy(ctx, sellerID)
	if err != nil {
		return err
	}
	if !there {
		return told(account.Conflict, "onboarding.another_was_connected", nil)
	}
	if name := client.Text(held.DisplayName); name != "" {
		return told(account.Conflict, "onboarding.has_another", words.Args{"Name": name})
	}
	return told(account.Conflict, "onboarding.has_another_nameless", words.Args{"ID": held.ID})
}
