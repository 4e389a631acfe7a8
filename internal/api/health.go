package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// readyWithin is less than an orchestrator waits for a probe's answer; a database that is slower can't serve.
const readyWithin = 2 * time.Second

const readyPath = "/readyz"

func (s *service) registerHealth(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"Operating"},
		Summary: "Alive", Description: "Answers while the process does. Restart it where this does not answer.",
	}, s.healthy)
	huma.Register(api, huma.Operation{
		OperationID: "get-ready", Method: http.MethodGet, Path: readyPath, Tags: []string{"Operating"},
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
	within, cancel := context.WithTimeout(ctx, s.readyWithin)
	defer cancel()
	if lack := s.cfg.Ready(within); lack != nil {
		s.logger.WarnContext(ctx, "not ready", "error", lack.Cause)
		return nil, newProblem(notReady, lack.Words)
	}
	return s.healthy(ctx, in)
}
