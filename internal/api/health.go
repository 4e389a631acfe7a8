package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (s *service) registerHealth(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"Operating"},
		Summary: "Alive", Description: "Answers while the process does. Restart it where this does not answer.",
	}, s.healthy)
	huma.Register(api, huma.Operation{
		OperationID: "get-ready", Method: http.MethodGet, Path: "/readyz", Tags: []string{"Operating"},
		Summary: "Able to serve",
		Description: "Answers 200 where the database is reachable and migrated. Silence at Stripe and overdue checks do not make " +
			"it unready: readiness can still be read.",
		Errors: []int{http.StatusServiceUnavailable},
	}, s.ready)
}

type healthOutput struct {
	Body health
}

type health struct {
	Status string `json:"status" enum:"ok" doc:"Always ok"`
}

func (s *service) healthy(context.Context, *struct{}) (*healthOutput, error) {
	return &healthOutput{Body: health{Status: "ok"}}, nil
}

func (s *service) ready(ctx context.Context, in *struct{}) (*healthOutput, error) {
	if err := s.cfg.Ready(ctx); err != nil {
		s.logger.WarnContext(ctx, "not ready", "error", err)
		return nil, newProblem(notReady, "")
	}
	return s.healthy(ctx, in)
}
