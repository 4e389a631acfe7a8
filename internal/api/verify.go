package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
)

const verifyPath = "/api/verifyStripe"

func (s *service) registerVerify(api huma.API) {
	huma.Register(api, secured(access.OnboardingWrite, huma.Operation{
		OperationID: "verify-stripe", Method: http.MethodPost, Path: verifyPath, Tags: []string{"Onboarding"},
		Summary: "Connect a seller by the code that came to the platform's own redirect page",
		Description: "Exchanges the authorization code, once, however many requests carry it, connects the account and answers how it " +
			"stands. The same call within 24 hours is answered as the first was, with the account retrieved anew. Give either the " +
			"state or, where the platform has checked its own, the seller_id.",
		Errors: []int{http.StatusConflict, http.StatusBadGateway},
	}), s.verify)
}

type verifyInput struct {
	Body verifyParams
}

type verifyParams struct {
	Code     string    `json:"code" minLength:"1" maxLength:"1024" doc:"The authorization code from Stripe's redirect"`
	State    string    `json:"state,omitempty" maxLength:"1024" doc:"The state from Stripe's redirect, as POST /v1/oauth-states made it"`
	SellerID *sellerID `json:"seller_id,omitempty" doc:"The platform's own id of the seller, instead of state"`
}

// Resolve is called by huma.
func (p verifyParams) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if (p.State == "") == (p.SellerID == nil) {
		return []error{&huma.ErrorDetail{Location: at.With("state"), Message: "give one of state and seller_id"}}
	}
	return nil
}

type verifyOutput struct {
	Body verified
}

// The names are those that platforms with a page of their own already know.
type verified struct {
	Account           map[string]json.RawMessage `json:"account" doc:"Stripe's account object, without individual, company, external_accounts, tos_acceptance and email"`
	OAuth             grantedOAuth               `json:"oauth" doc:"Stripe's answer to the exchange; connectd keeps no tokens"`
	AccountAnalysis   accountAnalysis            `json:"accountAnalysis" doc:"How the account stands"`
	ShouldAllowUnlink bool                       `json:"shouldAllowUnlink" doc:"Whether the seller may disconnect the account"`
}

type grantedOAuth struct {
	AccessToken  string `json:"access_token" doc:"Always [redacted]: the platform's key with Stripe-Account does all that it could"`
	RefreshToken string `json:"refresh_token" doc:"Always [redacted]"`
	TokenType    string `json:"token_type" doc:"Always bearer"`
	StripeUserID string `json:"stripe_user_id" doc:"Stripe's id of the account"`
	Scope        string `json:"scope" doc:"What was granted"`
	Livemode     bool   `json:"livemode" doc:"Whether it was granted in live mode"`
}

type accountAnalysis struct {
	HasConnectedAccount bool    `json:"hasConnectedAccount" doc:"Whether an account is connected"`
	AccountID           string  `json:"accountId" doc:"Stripe's id of the account"`
	HasCompletedProcess bool    `json:"hasCompletedProcess" doc:"Whether the account's details were submitted"`
	IsValid             bool    `json:"isValid" doc:"Whether charges and payouts are both on"`
	DisplayName         *string `json:"displayName" doc:"The business's name at Stripe"`
	Country             *string `json:"country" doc:"ISO 3166-1 alpha-2, upper case"`
	Currency            *string `json:"currency" doc:"ISO 4217, lower case"`
}

func (s *service) verify(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	var found onboarding.Verification
	var err error
	if in.Body.State != "" {
		found, err = s.cfg.Onboarding.VerifyByState(ctx, in.Body.Code, in.Body.State)
	} else {
		found, err = s.cfg.Onboarding.VerifyBySeller(ctx, in.Body.Code, string(*in.Body.SellerID))
	}
	if err != nil {
		return nil, s.verifyProblem(ctx, err)
	}
	return &verifyOutput{Body: verified{
		Account: found.Account,
		OAuth: grantedOAuth{
			AccessToken: redacted, RefreshToken: redacted, TokenType: "bearer",
			StripeUserID: found.AccountID, Scope: found.Scope, Livemode: found.Livemode,
		},
		AccountAnalysis:   analysisOf(found),
		ShouldAllowUnlink: found.AllowUnlink,
	}}, nil
}

const redacted = "[redacted]"

func analysisOf(v onboarding.Verification) accountAnalysis {
	f := v.Facts
	return accountAnalysis{
		HasConnectedAccount: true, AccountID: v.AccountID, HasCompletedProcess: isTrue(f.DetailsSubmitted),
		IsValid:     isTrue(f.ChargesEnabled) && isTrue(f.PayoutsEnabled),
		DisplayName: orNull(f.DisplayName), Country: orNull(f.Country), Currency: orNull(f.DefaultCurrency),
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// verifyProblem: a code or a state that does not do is 400 here, with Stripe's message.
func (s *service) verifyProblem(ctx context.Context, err error) *problem {
	if errors.Is(err, onboarding.ErrUnfinished) {
		return newProblem(exchangeUnfinished, onboarding.ErrUnfinished.Error())
	}
	if e, ok := errors.AsType[*account.Error](err); ok && e.Kind == account.Invalid && e.Field != "seller_id" {
		return newProblem(codeRefused, e.Message, fieldError{Location: "body." + e.Field, Message: e.Message})
	}
	return s.problemOf(ctx, err, inBody)
}
