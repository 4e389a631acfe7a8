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

// readinessID and batchID name the operations that the copy answers.
const (
	readinessID = "get-readiness"
	batchID     = "get-readiness-batch"
)

func (s *service) registerReadiness(api huma.API) {
	huma.Register(api, readinessOperation(), s.readiness)
	huma.Register(api, secured(access.ReadinessRead, huma.Operation{
		OperationID: batchID, Method: http.MethodPost, Path: "/v1/readiness", Tags: []string{"Readiness"},
		Summary:     "Whether many sellers can transact",
		Description: "Answers for up to 1,000 sellers at once, in the order asked.",
	}), s.batch)
}

func readinessOperation() huma.Operation {
	return secured(access.ReadinessRead, huma.Operation{
		OperationID: readinessID, Method: http.MethodGet, Path: "/v1/sellers/{seller_id}/readiness", Tags: []string{"Readiness"},
		Summary: "Whether a seller can transact",
		Description: "Says whether the seller can transact now and, if not, why, who must act, and how. A seller who was never " +
			"connected is an answer too: can_transact is false, status not_connected. Answered from memory that is at most 250 ms " +
			"old, and from the database where that is not to be had, or with Cache-Control: no-cache. With max_age the answer is no " +
			"older than asked for, or no yes; with at it is that of a past moment, as {readiness, evidence}.",
		Responses: map[string]*huma.Response{"304": {Description: "It is as If-None-Match says"}},
	})
}

type readinessInput struct {
	SellerID     sellerID            `path:"seller_id" doc:"The platform's own id of the seller"`
	MinPosition  int64               `query:"min_position" minimum:"0" doc:"Wait until the feed has come to this position, for at most 250 ms; Connectd-Position says how far it has come"`
	MaxAge       maxAgeParam         `query:"max_age" doc:"Ask Stripe first where checked_at is older, for at most 2 s: a Go duration, 0s to ask always; where that gives no answer, can_transact is false with the reason not_confirmed" example:"60s"`
	At           optional[time.Time] `query:"at" doc:"Answer as was known at this moment (RFC 3339) of connectd's clock, with the evidence; not with the other parameters"`
	IfNoneMatch  string              `header:"If-None-Match" doc:"The ETag of what is known: answered with 304 where it is still that"`
	CacheControl string              `header:"Cache-Control" doc:"no-cache has the database answer"`
}

type readinessOutput struct {
	Status      int
	Position    string     `header:"Connectd-Position"` // "" leaves what the guard has read
	ETag        string     `header:"ETag" doc:"Another wherever the answer differs; a past moment has none"`
	CacheStatus provenance `header:"Cache-Status" doc:"Who has answered (RFC 9211): hit is memory, fwd the database; a past moment has none"`
	Body        readinessAnswer
}

func (s *service) readiness(ctx context.Context, in *readinessInput) (*readinessOutput, error) {
	if at := in.At.pointer(); at != nil {
		return s.readinessAt(ctx, in.SellerID, *at)
	}
	out, err := s.readinessNow(ctx, in)
	if err == nil && matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
	}
	return out, err
}

func (s *service) readinessNow(ctx context.Context, in *readinessInput) (*readinessOutput, error) {
	if in.MaxAge != "" {
		return s.readinessWithin(ctx, in)
	}
	t, err := s.tell(ctx, string(in.SellerID), question{least: in.MinPosition, anew: asksAnew(in.CacheControl)})
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	out := readinessOf(t.ready, strconv.FormatInt(t.at, 10))
	out.CacheStatus = t.by
	return out, nil
}

func (s *service) readinessWithin(ctx context.Context, in *readinessInput) (*readinessOutput, error) {
	position := ""
	if in.MinPosition > 0 {
		reached, err := s.cfg.Registry.AwaitPosition(ctx, in.MinPosition, s.positionWithin)
		if err != nil {
			return nil, s.problemOf(ctx, err, inPath)
		}
		position = strconv.FormatInt(reached, 10)
	}
	out, err := s.freshReadiness(ctx, string(in.SellerID), in.MaxAge.duration(), position)
	if err == nil {
		out.CacheStatus = bidden
	}
	return out, err
}

type batchInput struct {
	MinPosition  int64  `query:"min_position" minimum:"0" doc:"Wait until the feed has come to this position, for at most 250 ms; Connectd-Position says how far it has come"`
	CacheControl string `header:"Cache-Control" doc:"no-cache has the database answer"`
	Body         readinessBatchParams
}

type readinessBatchParams struct {
	SellerIDs []sellerID `json:"seller_ids" maxItems:"1000" doc:"Up to 1,000 sellers' ids"`
}

type batchOutput struct {
	Position    string     `header:"Connectd-Position"`
	CacheStatus provenance `header:"Cache-Status" doc:"Who has answered (RFC 9211): hit is memory, fwd the database"`
	Body        readinessBatch
}

type readinessBatch struct {
	Data []client.Readiness `json:"data" doc:"One for each id, in the order asked"`
}

func (s *service) batch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	ids := make([]string, len(in.Body.SellerIDs))
	for i, id := range in.Body.SellerIDs {
		ids[i] = string(id)
	}
	found, at, by, err := s.tellMany(ctx, ids, question{least: in.MinPosition, anew: asksAnew(in.CacheControl)})
	if err != nil {
		return nil, s.problemOf(ctx, err, inBody)
	}
	return &batchOutput{Position: strconv.FormatInt(at, 10), CacheStatus: by, Body: readinessBatch{Data: found}}, nil
}
