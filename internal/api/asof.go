package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/connectd/connectd/client"
)

// Resolve is called by huma. What is given and empty would be taken for what is not given.
func (readinessInput) Resolve(ctx huma.Context) []error {
	asked := ctx.URL()
	query := asked.Query()
	refuse := func(name, message string) []error {
		return []error{&huma.ErrorDetail{Location: "query." + name, Message: message}}
	}
	switch {
	case query.Has("at") && query.Get("at") == "":
		return refuse("at", momentExpected)
	case query.Has("min_position") && query.Get("min_position") == "":
		return refuse("min_position", "expected a position of the feed, as 118; leave it out to wait for none")
	case query.Has("max_age") && query.Get("max_age") == "":
		return refuse("max_age", agesExpected)
	case query.Has("at") && (query.Has("max_age") || query.Has("min_position")):
		return refuse("at", "leave max_age and min_position out: a past moment stays as it was")
	}
	return nil
}

// readinessAnswer is a seller's readiness, with its evidence where it is of a past moment.
type readinessAnswer struct {
	client.Readiness
	past *client.PastReadiness
}

// Schema is called by huma.
func (readinessAnswer) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[client.Readiness](), true, ""), r.Schema(reflect.TypeFor[client.PastReadiness](), true, ""),
	}}
}

// MarshalJSON writes the one or the other.
func (a readinessAnswer) MarshalJSON() ([]byte, error) {
	if a.past != nil {
		return json.Marshal(a.past)
	}
	return appendReadiness(nil, &a.Readiness), nil
}

func readinessOf(ready client.Readiness, position string) *readinessOutput {
	return &readinessOutput{
		Status: http.StatusOK, Position: position, ETag: etagOf(appendReadiness(nil, &ready)), Body: readinessAnswer{Readiness: ready},
	}
}

func (s *service) readinessAt(ctx context.Context, id sellerID, at time.Time) (*readinessOutput, error) {
	past, err := s.cfg.Registry.ReadinessAt(ctx, string(id), at)
	if err != nil {
		return nil, s.problemOf(ctx, err, inQuery)
	}
	return &readinessOutput{Status: http.StatusOK, Body: readinessAnswer{past: &past}}, nil
}
