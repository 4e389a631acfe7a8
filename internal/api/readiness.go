package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
)

// positionWithin bounds how long an answer waits for a position of the feed.
const positionWithin = 250 * time.Millisecond

func (s *service) registerReadiness(api huma.API) {
	huma.Register(api, secured(access.ReadinessRead, huma.Operation{
		OperationID: "get-readiness", Method: http.MethodGet, Path: "/v1/sellers/{seller_id}/readiness", Tags: []string{"Readiness"},
		Summary: "Whether a seller can transact",
		Description: "Says whether the seller can transact now and, if not, why, who must act, and how. A seller who was never " +
			"connected is an answer too: can_transact is false, status not_connected. With max_age the answer is no older than " +
			"asked for, or no yes; with at it is that of a past moment, as {readiness, evidence}.",
	}), s.readiness)
	huma.Register(api, secured(access.ReadinessRead, huma.Operation{
		OperationID: "get-readiness-batch", Method: http.MethodPost, Path: "/v1/readiness", Tags: []string{"Readiness"},
		Summary:     "Whether many sellers can transact",
		Description: "Answers for up to 1,000 sellers at once, in the order asked.",
	}), s.batch)
}

type readinessInput struct {
	SellerID    sellerID            `path:"seller_id" doc:"The platform's own id of the seller"`
	MinPosition int64               `query:"min_position" minimum:"0" doc:"Wait until the feed has come to this position, for at most 250 ms; Connectd-Position says how far it has come"`
	MaxAge      maxAgeParam         `query:"max_age" doc:"Ask Stripe first where checked_at is older, for at most 2 s: a Go duration, 0s to ask always; where that gives no answer, can_transact is false with the reason not_confirmed" example:"60s"`
	At          optional[time.Time] `query:"at" doc:"Answer as was known at this moment (RFC 3339) of connectd's clock, with the evidence; not with the other parameters"`
}

type readinessOutput struct {
	Position string `header:"Connectd-Position"` // "" leaves what the guard has read
	Body     readinessAnswer
}

func (s *service) readiness(ctx context.Context, in *readinessInput) (*readinessOutput, error) {
	if at := in.At.pointer(); at != nil {
		return s.readinessAt(ctx, in.SellerID, *at)
	}
	position := ""
	if in.MinPosition > 0 {
		reached, err := s.cfg.Registry.AwaitPosition(ctx, in.MinPosition, s.positionWithin)
		if err != nil {
			return nil, s.problemOf(ctx, err, inPath)
		}
		position = strconv.FormatInt(reached, 10)
	}
	if in.MaxAge != "" {
		return s.freshReadiness(ctx, string(in.SellerID), in.MaxAge.duration(), position)
	}
	ready, err := s.cfg.Registry.Readiness(ctx, string(in.SellerID))
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return readinessOf(ready, position), nil
}

type batchInput struct {
	Body readinessBatchParams
}

type readinessBatchParams struct {
	SellerIDs []sellerID `json:"seller_ids" maxItems:"1000" doc:"Up to 1,000 sellers' ids"`
}

type batchOutput struct {
	Body readinessBatch
}

type readinessBatch struct {
	Data []client.Readiness `json:"data" doc:"One for each id, in the order asked"`
}

func (s *service) batch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	ids := make([]string, len(in.Body.SellerIDs))
	for i, id := range in.Body.SellerIDs {
		ids[i] = string(id)
	}
	found, _, err := s.cfg.Registry.ReadinessBatch(ctx, ids)
	if err != nil {
		return nil, s.problemOf(ctx, err, inBody)
	}
	return &batchOutput{Body: readinessBatch{Data: found}}, nil
}
