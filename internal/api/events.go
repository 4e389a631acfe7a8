package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func (s *service) registerEvents(api huma.API) {
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "list-events", Method: http.MethodGet, Path: "/v1/events", Tags: []string{"Events"},
		Summary:     "List Stripe's events",
		Description: "Lists the events that Stripe has delivered and what became of each, newest first, in pages.",
	}), s.listEvents)
	huma.Register(api, secured(access.AccountsRead, huma.Operation{
		OperationID: "get-event", Method: http.MethodGet, Path: "/v1/events/{id}", Tags: []string{"Events"},
		Summary:     "One of Stripe's events",
		Description: "The event's row: what connectd keeps of the event, and what became of it.",
		Errors:      []int{http.StatusNotFound},
	}), s.getEvent)
	huma.Register(api, secured(access.AccountsWrite, huma.Operation{
		OperationID: "replay-event", Method: http.MethodPost, Path: "/v1/events/{id}/replay", Tags: []string{"Events"},
		Summary: "Apply an event again",
		Description: "Applies the stored event again and answers it as it is stored then. What has happened by it does not happen " +
			"twice. Refused with 409 where connectd kept too little of the event. Takes {} or no body.",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusNotFound, http.StatusConflict},
	}), s.replayEvent)
}

type listEventsInput struct {
	Outcome        string              `query:"outcome" enum:"applied,stale,ignored,failed" doc:"Only those of this outcome"`
	Type           searchText          `query:"type" maxLength:"255" doc:"Only those of this type"`
	Account        searchText          `query:"account" maxLength:"255" doc:"Only those of this connected account"`
	ReceivedAfter  optional[time.Time] `query:"received_after" doc:"Only those received after"`
	ReceivedBefore optional[time.Time] `query:"received_before" doc:"Only those received before"`
	Limit          int                 `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries a page has at most"`
	Cursor         string              `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before"`
}

type listEventsOutput struct {
	Body page[client.StripeEvent]
}

func (s *service) listEvents(ctx context.Context, in *listEventsInput) (*listEventsOutput, error) {
	found, err := s.cfg.Registry.StripeEvents(ctx, registry.EventQuery{
		EventFilter: registry.EventFilter{
			Outcome: registry.Result(in.Outcome), Type: string(in.Type), Account: string(in.Account),
			ReceivedAfter: in.ReceivedAfter.pointer(), ReceivedBefore: in.ReceivedBefore.pointer(),
		},
		Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &listEventsOutput{Body: page[client.StripeEvent]{Data: found.Events, NextCursor: orNull(found.NextCursor)}}, nil
}

type eventInput struct {
	ID string `path:"id" doc:"Stripe's id of the event"`
}

type eventOutput struct {
	Body client.StripeEvent
}

func (s *service) getEvent(ctx context.Context, in *eventInput) (*eventOutput, error) {
	return s.eventBy(ctx, in.ID, s.cfg.Registry.StripeEvent)
}

type replayInput struct {
	ID   string `path:"id" doc:"Stripe's id of the event"`
	Body *replayParams
}

type replayParams struct{}

func (s *service) replayEvent(ctx context.Context, in *replayInput) (*eventOutput, error) {
	return s.eventBy(ctx, in.ID, func(ctx context.Context, id string) (client.StripeEvent, error) {
		return s.cfg.Webhook.Replay(ctx, id, actorOf(ctx))
	})
}

// eventBy answers what get makes of the event. What can't be an event's id is not asked for: Postgres refuses some of it.
func (s *service) eventBy(ctx context.Context, id string, get func(context.Context, string) (client.StripeEvent, error)) (*eventOutput, error) {
	if !account.IsText(id) {
		return nil, newProblem(notFoundHere, "There is no such event here.")
	}
	found, err := get(ctx, id)
	if err != nil {
		return nil, s.problemOf(ctx, err, inPath)
	}
	return &eventOutput{Body: found}, nil
}
