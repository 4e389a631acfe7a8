package onboarding

import (
	"context"
	"fmt"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/words"
)

// refuse keeps that Stripe granted nothing, and why: any 4xx of its own says so
// (docs.stripe.com/connect/oauth-reference#post-token-errors). The code is not presented again, also where Stripe has not
// looked at it.
func (s *Service) refuse(ctx context.Context, row db.OauthCode, refused *stripeapi.Error) error {
	row.ErrorCode, row.ErrorDescription, row.RequestID = &refused.Code, &refused.Message, &refused.RequestID
	log := s.cfg.Logger.With("seller", row.SellerID, "error", refused)
	switch refused.Kind {
	case stripeapi.KeyWrong, stripeapi.AccountGone:
		row.Outcome = keyRefused.text()
		log.Error("Stripe does not take the platform's key, so no seller can connect: " +
			"look at STRIPE_SECRET_KEY and STRIPE_OAUTH_CLIENT_ID (connectd doctor)")
	case stripeapi.RateLimited:
		row.Outcome = rateLimited.text()
		log.Warn("Stripe asked for fewer requests at an exchange: the seller has to connect again")
	default:
		log.Warn("Stripe refused an exchange")
	}
	if err := s.keep(ctx, row); err != nil {
		log.Error("Stripe's refusal of an exchange could not be kept", "keeping", err)
	}
	return refusal(row)
}

// refusal is what the seller is told of an exchange that granted nothing. Where it is the platform that Stripe refused, the
// error holds Stripe's own too, as an *stripeapi.Error.
func refusal(row db.OauthCode) error {
	switch outcome(client.Text(row.Outcome)) {
	case keyRefused:
		return ofPlatform(row, stripeapi.KeyWrong, told(account.Refused, "onboarding.key_refused", nil))
	case rateLimited:
		return ofPlatform(row, stripeapi.RateLimited, told(account.Busy, "onboarding.rate_limited", nil))
	}
	return codeRefused(orText(client.Text(row.ErrorDescription), client.Text(row.ErrorCode)))
}

func ofPlatform(row db.OauthCode, kind stripeapi.Kind, told *account.Error) error {
	return fmt.Errorf("%w: %w", told, &stripeapi.Error{
		Kind: kind, Op: "exchange an authorization code", Code: client.Text(row.ErrorCode),
		Message: client.Text(row.ErrorDescription), RequestID: client.Text(row.RequestID),
	})
}

func codeRefused(message string) error {
	return toldOf("code", "onboarding.code_refused", words.Args{"Message": message})
}
