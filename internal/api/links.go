package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/onboarding"
)

func (s *service) registerOnboarding(api huma.API) {
	huma.Register(api, secured(access.OnboardingWrite, huma.Operation{
		OperationID: "create-onboarding-link", Method: http.MethodPost, Path: "/v1/onboarding-links", Tags: []string{"Onboarding"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Make a seller's link",
		Description: "Makes a link to the page where the seller connects a Stripe account, and later sees how it stands. It works " +
			"any number of times until it expires. Who has it can connect an account as the seller: send it to nobody else.",
	}), s.createLink)
}

type linkInput struct {
	Body onboardingLinkParams
}

type onboardingLinkParams struct {
	SellerID  sellerID `json:"seller_id" doc:"The platform's own id of the seller"`
	Email     string   `json:"email,omitempty" maxLength:"254" doc:"Where the seller can be reached"`
	ReturnURL string   `json:"return_url,omitempty" maxLength:"2048" doc:"Where the seller is sent afterwards: of an origin in CONNECTD_RETURN_ORIGINS, or BASE_URL's, with a query of its own or none; seller_id, status and position are appended to it"`
	ExpiresIn int64    `json:"expires_in,omitempty" minimum:"1" maximum:"2592000" default:"604800" doc:"How long the link works, in seconds"`
}

type linkOutput struct {
	Body onboardingLink
}

type onboardingLink struct {
	URL       string    `json:"url" doc:"The seller's page"`
	ExpiresAt time.Time `json:"expires_at" doc:"When the link stops working"`
}

func (s *service) createLink(ctx context.Context, in *linkInput) (*linkOutput, error) {
	link, err := s.cfg.Onboarding.CreateLink(ctx, onboarding.LinkParams{
		SellerID: string(in.Body.SellerID), Email: in.Body.Email, ReturnURL: in.Body.ReturnURL,
		ExpiresIn: time.Duration(in.Body.ExpiresIn) * time.Second, By: actorOf(ctx),
	})
	if err != nil {
		return nil, s.problemOf(ctx, err, inBody)
	}
	return &linkOutput{Body: onboardingLink{URL: link.URL, ExpiresAt: link.ExpiresAt}}, nil
}
