package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
)

func (s *service) registerDeliveries(api huma.API) {
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "list-deliveries", Method: http.MethodGet, Path: "/v1/event-endpoints/{id}/deliveries", Tags: []string{"Event endpoints"},
		Summary:     "List deliveries",
		Description: "Lists what was, or is to be, sent to the endpoint, with each attempt, newest first, in pages. Kept for 30 days.",
		Errors:      []int{http.StatusNotFound},
	}), s.listDeliveries)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "test-event-endpoint", Method: http.MethodPost, Path: "/v1/event-endpoints/{id}/test", Tags: []string{"Event endpoints"},
		DefaultStatus: http.StatusAccepted,
		Summary:       "Send a test event",
		Description:   "Sends an event of type test and answers its delivery. Refused with 409 while the endpoint is switched off. Takes {} or no body.",
		Errors:        []int{http.StatusNotFound, http.StatusConflict},
	}), s.testEndpoint)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "redeliver", Method: http.MethodPost, Path: "/v1/deliveries/{id}/redeliver", Tags: []string{"Event endpoints"},
		DefaultStatus: http.StatusAccepted,
		Summary:       "Deliver again",
		Description: "Sends the event again at once, and as often as a new one where that fails, with the id that it had. Refused with 409 " +
			"while the endpoint is switched off. Takes {} or no body.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}), s.redeliver)
}

type listDeliveriesInput struct {
	ID     searchText `path:"id" maxLength:"255" doc:"The endpoint's id"`
	Limit  int        `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor string     `query:"cursor" maxLength:"255" doc:"The next_cursor of the page before"`
}

type listDeliveriesOutput struct {
	Body page[client.Delivery]
}

func (s *service) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*listDeliveriesOutput, error) {
	found, next, err := s.cfg.Endpoints.Deliveries(ctx, string(in.ID), in.Cursor, in.Limit)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &listDeliveriesOutput{Body: page[client.Delivery]{Data: found, NextCursor: orNull(next)}}, nil
}

type deliveryOutput struct {
	Body client.Delivery
}

func (s *service) testEndpoint(ctx context.Context, in *changeEndpointInput) (*deliveryOutput, error) {
	d, err := s.cfg.Endpoints.Send(ctx, string(in.ID), actorOf(ctx))
	return s.delivery(ctx, d, err)
}

type redeliverInput struct {
	ID   searchText `path:"id" maxLength:"255" doc:"The delivery's id"`
	Body *noParams
}

func (s *service) redeliver(ctx context.Context, in *redeliverInput) (*deliveryOutput, error) {
	d, err := s.cfg.Endpoints.Redeliver(ctx, string(in.ID), actorOf(ctx))
	return s.delivery(ctx, d, err)
}

func (s *service) delivery(ctx context.Context, d client.Delivery, err error) (*deliveryOutput, error) {
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return &deliveryOutput{Body: d}, nil
}
