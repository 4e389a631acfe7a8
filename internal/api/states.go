package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
)

func (s *service) registerStates(api huma.API) {
	huma.Register(api, secured(access.OnboardingWrite, huma.Operation{
		OperationID: "create-oauth-state", Method: http.MethodPost, Path: "/v1/oauth-states", Tags: []string{"Onboarding"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Make an OAuth state for a redirect page of the platform's own",
		Description: "For platforms that own the page to which Stripe redirects. Bind the state to the seller's session, send the " +
			"seller to authorize_url, and present the code that comes back to POST /api/verifyStripe. A state works once, for ten minutes.",
	}), s.createState)
}

type stateInput struct {
	Body stateParams
}

type stateParams struct {
	SellerID    sellerID `json:"seller_id" doc:"The platform's own id of the seller"`
	RedirectURI string   `json:"redirect_uri" maxLength:"2048" doc:"The platform's page, of an origin in CONNECTD_RETURN_ORIGINS, without a fragment, registered at Stripe as a redirect URI; not connectd's own /oauth/callback"`
}

type stateOutput struct {
	Body oauthState
}

type oauthState struct {
	State        string    `json:"state" doc:"What comes back with the code"`
	AuthorizeURL string    `json:"authorize_url" doc:"Where to send the seller"`
	ExpiresAt    time.Time `json:"expires_at" doc:"When the state stops working"`
}

func (s *service) createState(ctx context.Context, in *stateInput) (*stateOutput, error) {
	made, err := s.cfg.Onboarding.CreateState(ctx, string(in.Body.SellerID), in.Body.RedirectURI)
	if err != nil {
		return nil, s.problemOf(ctx, err, inBody)
	}
	return &stateOutput{Body: oauthState{State: made.State, AuthorizeURL: made.AuthorizeURL, ExpiresAt: made.ExpiresAt}}, nil
}
