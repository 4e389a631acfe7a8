package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

const (
	tries         = 3           // of a retrieval that keeps racing with other news of the account
	raceHold      = time.Minute // an account that raced so often stays due, and is left alone this long
	limitHold     = time.Second // an account whose check met one of Stripe's limits; no failure of the account
	firstHold     = time.Minute // after a failed check; it doubles with each further one
	longestHold   = time.Hour
	longestFactor = 6 // doublings until longestHold
)

// Checker retrieves one account and hands what Stripe said to the registry. It is safe for concurrent use.
type Checker struct {
	registry *registry.Registry
	stripe   *stripeapi.Client
	now      func() time.Time
	logger   *slog.Logger

	// ConfirmWithin bounds a retrieval for which somebody's answer waits: two seconds, unless set before the first.
	ConfirmWithin time.Duration
	confirming    *confirmations
}

// NewChecker makes a checker that asks Stripe by the given client, at its pace. Who lets people ask it closes it.
func NewChecker(reg *registry.Registry, stripe *stripeapi.Client, now func() time.Time, logger *slog.Logger) *Checker {
	return &Checker{
		registry: reg, stripe: stripe, now: now, logger: logger,
		ConfirmWithin: 2 * time.Second, confirming: newConfirmations(now),
	}
}

// Check retrieves the account until an answer applies, at most three times: an answer that something else overtook is
// thrown away. After three the row holds what is known, and the account stays due. It fails with an account.Error where
// the account is unknown or disconnected, and with a *stripeapi.Error where Stripe gives no answer that can be used.
func (c *Checker) Check(ctx context.Context, accountID string, source registry.Source) error {
	if source == registry.Recheck {
		if err := c.registry.Wish(ctx, accountID); err != nil {
			return err
		}
	}
	claim, err := c.read(ctx, accountID)
	if err != nil {
		return err
	}
	return c.check(ctx, c.stripe, claim, registry.Retrieval{AccountID: accountID, Source: source})
}

// checkClaimed checks a due account for a pass.
func (c *Checker) checkClaimed(ctx context.Context, stripe *stripeapi.Client, claim registry.Claim, scanID string) error {
	return c.check(ctx, stripe, claim, registry.Retrieval{AccountID: claim.AccountID, Source: registry.Scan, ScanID: scanID})
}

func (c *Checker) check(ctx context.Context, stripe *stripeapi.Client, claim registry.Claim, asked registry.Retrieval) error {
	for range tries {
		asked.Revision = claim.Revision
		outcome, err := c.retrieve(ctx, stripe, asked, claim.Failures)
		if err != nil || outcome.Result != registry.Raced {
			return err
		}
		if claim, err = c.read(ctx, claim.AccountID); err != nil {
			return err
		}
	}
	c.logger.Info("retrievals of an account kept racing with other news of it", "account", claim.AccountID)
	return c.registry.HoldBack(ctx, claim.AccountID, c.now().Add(raceHold))
}

// read is what has to be known of an account before it is asked for.
func (c *Checker) read(ctx context.Context, accountID string) (registry.Claim, error) {
	row, err := c.connected(ctx, accountID)
	return registry.Claim{AccountID: accountID, Revision: row.Revision, Failures: row.CheckFailures}, err
}

func (c *Checker) connected(ctx context.Context, accountID string) (client.Account, error) {
	row, err := c.registry.Account(ctx, accountID)
	if err == nil && row.DisconnectedAt != nil {
		err = account.Errorf(account.Conflict, "Account %s is disconnected; only its seller can connect it again.", accountID)
	}
	return row, err
}

// retrieve hands what Stripe says to the registry. Where Stripe says nothing of the account, that is recorded.
func (c *Checker) retrieve(ctx context.Context, stripe *stripeapi.Client, asked registry.Retrieval, failures int32) (registry.Outcome, error) {
	said, err := c.ask(ctx, stripe, asked)
	if err == nil {
		return c.observe(ctx, said)
	}
	if ctx.Err() == nil {
		err = errors.Join(err, c.record(ctx, asked, failures, err))
	}
	return registry.Outcome{}, err
}

// isGone retrieves the account, and stores nothing of it.
func (c *Checker) isGone(ctx context.Context, stripe *stripeapi.Client, accountID string) (bool, error) {
	_, err := stripe.Account(ctx, accountID)
	if stripeapi.KindOf(err) != stripeapi.AccountGone {
		return false, err
	}
	return true, c.ConfirmPlatform(ctx, stripe)
}

// ask makes an observation of Stripe's answer, a disconnection where that is what a refusal means. A refusal of the key says
// nothing of the account.
func (c *Checker) ask(ctx context.Context, stripe *stripeapi.Client, asked registry.Retrieval) (registry.Observation, error) {
	answer, err := stripe.Account(ctx, asked.AccountID)
	if err == nil {
		asked.Interval, asked.RequestID = answer.Interval, answer.RequestID
		return registry.Retrieved(asked, answer.Facts), nil
	}
	e, ok := errors.AsType[*stripeapi.Error](err)
	if !ok || e.Kind != stripeapi.AccountGone {
		return registry.Observation{}, err
	}
	if err := c.ConfirmPlatform(ctx, stripe); err != nil {
		return registry.Observation{}, err
	}
	asked.Interval, asked.RequestID = e.Interval, e.RequestID
	return registry.Gone(asked), nil
}

func (c *Checker) record(ctx context.Context, asked registry.Retrieval, failures int32, cause error) error {
	switch stripeapi.KindOf(cause) {
	case stripeapi.KeyWrong:
		return nil
	case stripeapi.RateLimited:
		return c.registry.HoldBack(ctx, asked.AccountID, c.now().Add(limitHold))
	}
	return c.registry.CheckFailed(ctx, asked, cause, c.now().Add(holdAfter(failures)))
}

// ConfirmPlatform makes sure that "not connected" is about the account and not about the key: Stripe says the same of
// every account to a key of another platform or mode (docs.stripe.com/error-codes#account-invalid).
func (c *Checker) ConfirmPlatform(ctx context.Context, stripe *stripeapi.Client) error {
	answer, err := stripe.Platform(ctx)
	if err != nil {
		return err
	}
	owner, known, err := c.registry.BelongsTo(ctx)
	if err != nil {
		return err
	}
	asked := registry.Platform{AccountID: answer.AccountID, Livemode: answer.Livemode}
	if !known || owner != asked {
		return &stripeapi.Error{
			Kind: stripeapi.KeyWrong, Op: "confirm the platform",
			Message: fmt.Sprintf("the key is of platform %s in %s mode, the database of %s in %s mode",
				asked.AccountID, asked.Mode(), owner.AccountID, owner.Mode()),
		}
	}
	return nil
}

func (c *Checker) observe(ctx context.Context, o registry.Observation) (registry.Outcome, error) {
	outs, err := c.registry.Observe(ctx, []registry.Observation{o})
	if err != nil {
		return registry.Outcome{}, err
	}
	return outs[0], nil
}

func holdAfter(failures int32) time.Duration {
	return min(firstHold<<min(failures, longestFactor), longestHold)
}
