package tracing

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Metadata is what a job's row carries of the span that it goes on from; nil where nothing is traced.
func Metadata(parent string) []byte {
	if parent == "" {
		return nil
	}
	encoded, err := json.Marshal(map[string]string{traceparent: parent})
	if err != nil {
		return nil // two texts can always be encoded
	}
	return encoded
}

// InsertedJobs has jobs carry the span that they are inserted in, where they carry none: what is worked goes on with the trace of
// what caused it. (otelriver would only link the two, and one trace is to run through.)
func InsertedJobs() rivertype.Middleware {
	return river.JobInsertMiddlewareFunc(func(
		ctx context.Context, jobs []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error),
	) ([]*rivertype.JobInsertResult, error) {
		carried := Metadata(Parent(ctx))
		for _, job := range jobs {
			if carried != nil && (len(job.Metadata) == 0 || string(job.Metadata) == "{}") {
				job.Metadata = carried
			}
		}
		return insert(ctx)
	})
}

// WorkedJobs traces jobs, each below the span that it carries.
func (t *Tracing) WorkedJobs() []rivertype.Middleware {
	if t == nil {
		return nil
	}
	return []rivertype.Middleware{InsertedJobs(), river.WorkerMiddlewareFunc(t.work)}
}

func (t *Tracing) work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	ctx, span := t.provider.Tracer(name).Start(below(ctx, parentIn(job.Metadata)), "job "+job.Kind,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(jobKind.String(job.Kind), jobAttempt.Int(job.Attempt)))
	defer span.End()
	err := work(ctx)
	if _, snoozed := errors.AsType[*river.JobSnoozeError](err); err != nil && !snoozed {
		span.SetStatus(codes.Error, "")
	}
	return err
}

func parentIn(metadata []byte) string {
	var carried struct {
		Traceparent string `json:"traceparent"`
	}
	if json.Unmarshal(metadata, &carried) != nil {
		return "" // another program's
	}
	return carried.Traceparent
}
