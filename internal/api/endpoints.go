package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/notify"
)

func (s *service) registerEndpoints(api huma.API) {
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "list-event-endpoints", Method: http.MethodGet, Path: "/v1/event-endpoints", Tags: []string{"Event endpoints"},
		Summary:     "List event endpoints",
		Description: "Lists where connectd sends its own events, newest first, in pages.",
	}), s.listEndpoints)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "create-event-endpoint", Method: http.MethodPost, Path: "/v1/event-endpoints", Tags: []string{"Event endpoints"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Make an event endpoint",
		Description: "Makes a URL one that events are sent to, from now on, signed as Standard Webhooks say. The secret is shown this " +
			"once. The URL has to be https (in test mode http will do) and to point to a public address (in test mode this machine " +
			"will do). There are at most 100.",
		Errors: []int{http.StatusConflict},
	}), s.createEndpoint)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "get-event-endpoint", Method: http.MethodGet, Path: "/v1/event-endpoints/{id}", Tags: []string{"Event endpoints"},
		Summary:     "One event endpoint",
		Description: "The endpoint, without its secret.",
		Errors:      []int{http.StatusNotFound},
	}), s.getEndpoint)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "delete-event-endpoint", Method: http.MethodDelete, Path: "/v1/event-endpoints/{id}", Tags: []string{"Event endpoints"},
		DefaultStatus: http.StatusNoContent,
		Summary:       "Delete an event endpoint",
		Description:   "Nothing more is sent to it, what is still to be neither.",
		Errors:        []int{http.StatusNotFound},
	}), s.deleteEndpoint)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "rotate-event-endpoint", Method: http.MethodPost, Path: "/v1/event-endpoints/{id}/rotate", Tags: []string{"Event endpoints"},
		Summary: "Change the secret",
		Description: "Answers the endpoint with a new secret, shown this once. The one of until now signs beside it for 24 hours; one " +
			"from before it no more. Takes {} or no body.",
		Errors: []int{http.StatusNotFound},
	}), s.rotateEndpoint)
	huma.Register(api, secured(access.EventsWrite, huma.Operation{
		OperationID: "enable-event-endpoint", Method: http.MethodPost, Path: "/v1/event-endpoints/{id}/enable", Tags: []string{"Event endpoints"},
		Summary: "Switch on again",
		Description: "Sends to an endpoint again that was switched off after days of failure: what happens from now on. What it has " +
			"missed is in the feed, and its failed deliveries can be asked for again. Takes {} or no body.",
		Errors: []int{http.StatusNotFound},
	}), s.enableEndpoint)
}

type listEndpointsInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor string `query:"cursor" maxLength:"255" doc:"The next_cursor of the page before"`
}

type listEndpointsOutput struct {
	Body page[client.EventEndpoint]
}

func (s *service) listEndpoints(ctx context.Context, in *listEndpointsInput) (*listEndpointsOutput, error) {
	found, next, err := s.cfg.Endpoints.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &listEndpointsOutput{Body: page[client.EventEndpoint]{Data: found, NextCursor: orNull(next)}}, nil
}

type createEndpointInput struct {
	Body endpointParams
}

type endpointParams struct {
	URL   searchText `json:"url" minLength:"1" maxLength:"2048" doc:"Where events are to be sent"`
	Types []string   `json:"types,omitempty" enum:"seller.connected,seller.disconnected,seller.readiness.changed,seller.requirements.due,seller.payout.failed,checkout.paid,scan.finished" doc:"The types of events that it gets; none for all, those of later versions too"`
}

type endpointOutput struct {
	Body client.EventEndpoint
}

func (s *service) createEndpoint(ctx context.Context, in *createEndpointInput) (*endpointOutput, error) {
	made, err := s.cfg.Endpoints.Create(ctx, notify.EndpointParams{URL: string(in.Body.URL), Types: in.Body.Types, By: actorOf(ctx)})
	return s.endpoint(ctx, made, err, inBody)
}

type endpointInput struct {
	ID searchText `path:"id" maxLength:"255" doc:"The endpoint's id"`
}

func (s *service) getEndpoint(ctx context.Context, in *endpointInput) (*endpointOutput, error) {
	found, err := s.cfg.Endpoints.Get(ctx, string(in.ID))
	return s.endpoint(ctx, found, err, inPath)
}

func (s *service) deleteEndpoint(ctx context.Context, in *endpointInput) (*struct{}, error) {
	if err := s.cfg.Endpoints.Delete(ctx, string(in.ID), actorOf(ctx)); err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return nil, nil
}

type changeEndpointInput struct {
	ID   searchText `path:"id" maxLength:"255" doc:"The endpoint's id"`
	Body *noParams
}

type noParams struct{}

func (s *service) rotateEndpoint(ctx context.Context, in *changeEndpointInput) (*endpointOutput, error) {
	made, err := s.cfg.Endpoints.Rotate(ctx, string(in.ID), actorOf(ctx))
	return s.endpoint(ctx, made, err, inPath)
}

func (s *service) enableEndpoint(ctx context.Context, in *changeEndpointInput) (*endpointOutput, error) {
	made, err := s.cfg.Endpoints.Enable(ctx, string(in.ID), actorOf(ctx))
	return s.endpoint(ctx, made, err, inPath)
}

func (s *service) endpoint(ctx context.Context, e client.EventEndpoint, err error, in place) (*endpointOutput, error) {
	if err != nil {
		return nil, s.problemOf(ctx, err, in)
	}
	return &endpointOutput{Body: e}, nil
}
