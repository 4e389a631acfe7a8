package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/internal/access"
)

func (s *service) registerSellers(api huma.API) {
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "erase-seller", Method: http.MethodDelete, Path: "/v1/sellers/{seller_id}", Tags: []string{"Accounts"},
		DefaultStatus: http.StatusNoContent,
		Summary:       "Erase a seller",
		Description: "Erases the seller's e-mail address and name, in the history and in stored events too, and the notes, and keeps the " +
			"rest of the history. Refused with 409 while the seller is connected.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}), s.erase)
}

type eraseInput struct {
	SellerID sellerID `path:"seller_id" doc:"The platform's own id of the seller"`
}

func (s *service) erase(ctx context.Context, in *eraseInput) (*struct{}, error) {
	if err := s.cfg.Registry.EraseSeller(ctx, string(in.SellerID), actorOf(ctx)); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return nil, nil
}
