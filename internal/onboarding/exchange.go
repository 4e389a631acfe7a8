package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	commitWithin = 10 * time.Second
	// finishWithin bounds what goes on without the browser: an exchange and a retrieval end after 10 s each (stripeapi).
	finishWithin = 20*time.Second + commitWithin
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
// answer. Once begun it is finished, also where the browser has gone. It returns what the code granted.
func (s *Service) connect(ctx context.Context, code, sellerID string) (db.OauthCode, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), waitForAnswer+finishWithin)
	defer cancel()
	row := db.OauthCode{CodeHash: hash(code), SellerID: sellerID, CreatedAt: s.now()}
	claimed, err := s.cfg.Queries.ClaimCode(ctx, db.ClaimCodeParams{
		CodeHash: row.CodeHash, SellerID: row.SellerID, CreatedAt: row.CreatedAt,
	})
	if err != nil {
		return row, fmt.Errorf("claim a code of seller %s: %w", sellerID, err)
	}
	if claimed == 0 {
		return s.await(ctx, row.CodeHash, sellerID)
	}
	return s.exchange(ctx, code, row)
}

// exchange presents the code to Stripe, keeps the answer, and settles it. A grant is settled also where it could not be
// kept: nobody can ask Stripe for it once more.
func (s *Service) exchange(ctx context.Context, code string, row db.OauthCode) (db.OauthCode, error) {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	grant, err := s.cfg.Stripe.Exchange(ctx, code)
	if e, ok := errors.AsType[*stripeapi.Error](err); ok && e.Kind == stripeapi.Refused {
		s.cfg.Logger.Warn("Stripe refused an exchange", "seller", row.SellerID, "error", err)
		row.ErrorCode, row.ErrorDescription, row.RequestID = &e.Code, &e.Message, &e.RequestID
		s.keep(ctx, row)
		return row, codeRefused(orText(e.Message, e.Code))
	}
	if err != nil {
		s.cfg.Logger.Error("an exchange had no answer: the seller has to connect again", "seller", row.SellerID, "error", err)
		return row, ErrUnfinished
	}
	row.AccountID, row.Livemode, row.Scope = &grant.AccountID, &grant.Livemode, &grant.Scope
	row.GrantedFrom, row.GrantedAt, row.RequestID = &grant.Interval.From, &grant.Interval.To, &grant.RequestID
	return row, s.settle(ctx, s.keep(ctx, row))
}

// keep stores Stripe's answer, so that it outlives this process, and returns the row with it.
func (s *Service) keep(ctx context.Context, row db.OauthCode) db.OauthCode {
	at := s.now()
	row.AnsweredAt = &at
	err := s.cfg.Queries.AnswerCode(ctx, db.AnswerCodeParams{
		CodeHash: row.CodeHash, At: at, AccountID: row.AccountID, Livemode: row.Livemode, Scope: row.Scope,
		GrantedFrom: row.GrantedFrom, GrantedAt: row.GrantedAt, RequestID: row.RequestID,
		ErrorCode: row.ErrorCode, ErrorDescription: row.ErrorDescription,
	})
	if err != nil {
		s.cfg.Logger.Error("the answer of an exchange could not be kept", "seller", row.SellerID, "account", deref(row.AccountID), "error", err)
	}
	return row
}

// settle commits the connection at once, and only then retrieves the account: where that fails, details follow. Those who
// wait for the outcome are told after the retrieval, so that all of them read the same readiness.
func (s *Service) settle(ctx context.Context, row db.OauthCode) error {
	became, err := s.commit(ctx, row)
	if err != nil {
		return err
	}
	if became == connected {
		if err := s.cfg.Checker.Check(ctx, *row.AccountID, registry.OAuth); err != nil {
			s.cfg.Logger.Warn("a connected account could not be retrieved yet", "account", *row.AccountID, "error", err)
		}
	}
	s.record(ctx, row, became)
	return s.refusal(ctx, became, row.SellerID)
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
		s.cfg.Logger.Error("a grant could not be stored: the seller has to connect again", "seller", row.SellerID, "account", *row.AccountID, "error", err)
		return "", fmt.Errorf("connect account %s to seller %s: %w", *row.AccountID, row.SellerID, err)
	}
	switch out.Result {
	case registry.HeldByAnother:
		return heldByAnother, nil
	case registry.HasAnother:
		return hasAnother, nil
	case registry.Applied:
		return connected, nil
	}
	return "", ErrUnfinished // told so late that the account has been disconnected since
}

// observe tells the registry what Stripe has done already, and tries again for as long as a commit may take.
func (s *Service) observe(ctx context.Context, o registry.Observation) (out registry.Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, commitWithin)
	defer cancel()
	err = tryAgain(ctx, func(ctx context.Context) error {
		outs, err := s.cfg.Registry.Observe(ctx, []registry.Observation{o})
		if err == nil {
			out = outs[0]
		}
		return err
	})
	return out, err
}

// record says what became of the code. Where it can't, the seller is connected all the same, and the attempt seems unfinished.
func (s *Service) record(ctx context.Context, row db.OauthCode, became outcome) {
	text := string(became)
	err := tryAgain(ctx, func(ctx context.Context) error {
		return s.cfg.Queries.SettleCode(ctx, db.SettleCodeParams{
			CodeHash: row.CodeHash, Outcome: &text, AnsweredAt: row.AnsweredAt, AccountID: row.AccountID, Livemode: row.Livemode,
			Scope: row.Scope, GrantedFrom: row.GrantedFrom, GrantedAt: row.GrantedAt, RequestID: row.RequestID,
		})
	})
	if err != nil {
		s.cfg.Logger.Error("what became of an exchange could not be kept", "seller", row.SellerID, "outcome", became, "error", err)
	}
}

// tryAgain is for what must not fail for a moment's trouble of the database: five times in a second and a half.
func tryAgain(ctx context.Context, do retry.RetryFunc) error {
	backoff := retry.WithMaxRetries(4, retry.NewExponential(100*time.Millisecond))
	return retry.Do(ctx, backoff, func(ctx context.Context) error { return retry.RetryableError(do(ctx)) })
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
