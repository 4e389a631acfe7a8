package onboarding

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// patience is how long each step of a connection may take: what goes on without the browser ends, and no step has less time
// because another took long.
type patience struct{ exchange, commit, keep, retrieve time.Duration }

func usualPatience() patience {
	return patience{
		exchange: 10 * time.Second, // as stripeapi has it
		commit:   10 * time.Second, // as the registry has it
		keep:     5 * time.Second,
		retrieve: 15 * time.Second, // Stripe's answer takes at most 10 s, and is asked for again where other news overtook it
	}
}

const connectWithin = time.Minute // more than all steps and waitForAnswer together

// ErrUnfinished says that nobody knows what became of an exchange; its code is never presented again.
var ErrUnfinished = told(account.Unanswered, "onboarding.unfinished", nil)

// errUnheard is ErrUnfinished as someone is told it who has an account connected.
var errUnheard = told(account.Unanswered, "onboarding.unheard", nil)

// connect exchanges the code and connects what it grants. A code presented twice costs all that it granted (Stripe revokes
// it), so the code's hash is committed first: whoever gets the row makes the one exchange, whoever does not waits for its
// answer. Once begun it is finished, also where the browser has gone. It returns what the code granted.
func (s *Service) connect(ctx context.Context, code, sellerID string) (db.OauthCode, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectWithin)
	defer cancel()
	row := db.OauthCode{CodeHash: hash(code), SellerID: sellerID, CreatedAt: s.now()}
	claimed, err := s.claim(ctx, row)
	if err != nil {
		return row, fmt.Errorf("claim a code of seller %s: %w", sellerID, err)
	}
	if claimed == 0 {
		return s.await(ctx, row.CodeHash, sellerID)
	}
	return s.exchange(ctx, code, row)
}

func (s *Service) claim(ctx context.Context, row db.OauthCode) (rows int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.keep)
	defer cancel()
	return s.cfg.Queries.ClaimCode(ctx, db.ClaimCodeParams{
		CodeHash: row.CodeHash, SellerID: row.SellerID, CreatedAt: row.CreatedAt,
	})
}

// exchange presents the code to Stripe and settles the answer. Nobody can ask Stripe for it once more: so it is kept at the
// same time, by another connection, to outlive this process where the commit has to wait.
func (s *Service) exchange(ctx context.Context, code string, row db.OauthCode) (db.OauthCode, error) {
	grant, err := s.present(ctx, code)
	at := s.now()
	row.AnsweredAt = &at
	if e, ok := errors.AsType[*stripeapi.Error](err); ok && e.Kind != stripeapi.Unreachable {
		return row, s.refuse(ctx, row, e)
	}
	if err != nil {
		s.cfg.Logger.Error("an exchange had no answer: the seller has to connect again", "seller", row.SellerID, "error", err)
		return row, ErrUnfinished
	}
	row.AccountID, row.Livemode, row.Scope = &grant.AccountID, &grant.Livemode, &grant.Scope
	row.GrantedFrom, row.GrantedAt, row.RequestID = &grant.Interval.From, &grant.Interval.To, &grant.RequestID
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { _ = s.keep(ctx, row) }) // settle keeps it once more, and says where that fails
	return row, s.settle(ctx, row)
}

func (s *Service) present(ctx context.Context, code string) (stripeapi.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.exchange)
	defer cancel()
	return s.cfg.Stripe.Exchange(ctx, code)
}
