package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/registry"
)

func (s *service) registerActions(api huma.API) {
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "recheck-account", Method: http.MethodPost, Path: "/v1/accounts/{id}/recheck", Tags: []string{"Accounts"},
		Summary:     "Ask Stripe now",
		Description: "Retrieves the account from Stripe now and answers its seller's readiness as it then is. Takes {} or no body.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusBadGateway, http.StatusServiceUnavailable},
	}), s.recheck)
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "unlink-account", Method: http.MethodPost, Path: "/v1/accounts/{id}/unlink", Tags: []string{"Accounts"},
		Summary: "Disconnect an account",
		Description: "Deauthorizes the account at Stripe and answers its seller's readiness; an account that is disconnected " +
			"already is done. An account that works and has a name is refused with 409, unless force is true, which needs a key " +
			"with the scope accounts:force too.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusBadGateway, http.StatusServiceUnavailable},
	}), s.unlink)
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "reassign-account", Method: http.MethodPost, Path: "/v1/accounts/{id}/reassign", Tags: []string{"Accounts"},
		Summary: "Give an account to another seller",
		Description: "Gives a connected account to another seller and answers the new holder's readiness. The former holder is " +
			"disconnected from then on; at Stripe nothing changes. Refused with 409 where the new seller has an account, or the " +
			"account is disconnected.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}), s.reassign)
}

type recheckInput struct {
	ID   string `path:"id" doc:"Stripe's id of the account"`
	Body *recheckParams
}

type recheckParams struct{}

// changedOutput is the readiness after something was done about it, and a position that has seen that.
type changedOutput struct {
	Position int64 `header:"Connectd-Position"`
	Body     client.Readiness
}

func (s *service) recheck(ctx context.Context, in *recheckInput) (*changedOutput, error) {
	found, err := s.findAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Registry.Rechecking(ctx, in.ID, actorOf(ctx)); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	if err := s.cfg.Checker.Check(ctx, in.ID, registry.Recheck); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return s.changed(ctx, found.SellerID)
}

type unlinkInput struct {
	ID   string `path:"id" doc:"Stripe's id of the account"`
	Body *unlinkParams
}

type unlinkParams struct {
	Force bool `json:"force,omitempty" doc:"Also where the account works"`
}

func (s *service) unlink(ctx context.Context, in *unlinkInput) (*changedOutput, error) {
	rule := onboarding.Allowed
	if in.Body != nil && in.Body.Force {
		if !callerOf(ctx).May(access.AccountsForce) {
			return nil, huma.ErrorWithHeaders(scopeMissing(access.AccountsForce),
				http.Header{"WWW-Authenticate": {challenge(access.AccountsForce)}})
		}
		rule = onboarding.Forced
	}
	found, err := s.findAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Onboarding.UnlinkAccount(ctx, in.ID, rule, actorOf(ctx)); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return s.changed(ctx, found.SellerID)
}

type reassignInput struct {
	ID   string `path:"id" doc:"Stripe's id of the account"`
	Body reassignParams
}

type reassignParams struct {
	SellerID sellerID `json:"seller_id" doc:"Who is to hold the account"`
}

func (s *service) reassign(ctx context.Context, in *reassignInput) (*changedOutput, error) {
	to := string(in.Body.SellerID)
	if err := s.cfg.Registry.Reassign(ctx, in.ID, to, actorOf(ctx)); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return s.changed(ctx, to)
}

func (s *service) changed(ctx context.Context, sellerID string) (*changedOutput, error) {
	position, err := s.cfg.Registry.Position(ctx)
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	ready, err := s.cfg.Registry.Readiness(ctx, sellerID)
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return &changedOutput{Position: position, Body: ready}, nil
}
