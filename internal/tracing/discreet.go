package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// told are the attributes that leave the process. Those that the libraries record beside them may hold tokens (url.path, url.full,
// url.query), people (client.address, user_agent.original, exception.message) or more than anyone wants to read.
var told = map[attribute.Key]bool{
	"http.request.method": true, "http.route": true, "http.response.status_code": true, "network.protocol.version": true,
	"url.scheme": true, "server.address": true, "server.port": true, "error.type": true, "exception.type": true,
	"db.system.name": true, "db.namespace": true, "db.operation.batch.size": true, "pgx.operation.type": true, "pgx.rows_affected": true,
	"pgx.sql_state": true,

	eventID: true, eventType: true, observations: true, stripeOperation: true, jobKind: true, jobAttempt: true,
}

// discreet exports of each span what may be told.
type discreet struct{ sdktrace.SpanExporter }

func (d discreet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	may := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		may[i] = discreetSpan{span}
	}
	return d.SpanExporter.ExportSpans(ctx, may)
}

type discreetSpan struct{ sdktrace.ReadOnlySpan }

func (s discreetSpan) Attributes() []attribute.KeyValue { return tellable(s.ReadOnlySpan.Attributes()) }

// SpanContext is without a tracestate: it would be a caller's words.
func (s discreetSpan) SpanContext() trace.SpanContext { return stateless(s.ReadOnlySpan.SpanContext()) }

func (s discreetSpan) Links() []sdktrace.Link {
	var links []sdktrace.Link
	for _, l := range s.ReadOnlySpan.Links() {
		l.SpanContext, l.Attributes = stateless(l.SpanContext), tellable(l.Attributes)
		links = append(links, l)
	}
	return links
}

func stateless(c trace.SpanContext) trace.SpanContext { return c.WithTraceState(trace.TraceState{}) }

// Status is without its description: an error's words repeat addresses and what others have sent.
func (s discreetSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

func (s discreetSpan) Events() []sdktrace.Event {
	var events []sdktrace.Event
	for _, e := range s.ReadOnlySpan.Events() {
		e.Attributes = tellable(e.Attributes)
		events = append(events, e)
	}
	return events
}

func tellable(attrs []attribute.KeyValue) []attribute.KeyValue {
	var may []attribute.KeyValue
	for _, a := range attrs {
		if told[a.Key] {
			may = append(may, a)
		}
	}
	return may
}
