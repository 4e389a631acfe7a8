package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	name        = "github.com/connectd/connectd"
	traceparent = "traceparent"

	eventID         = attribute.Key("stripe.event.id")
	eventType       = attribute.Key("stripe.event.type")
	stripeOperation = attribute.Key("stripe.operation")
	observations    = attribute.Key("connectd.observations")
	jobKind         = attribute.Key("connectd.job.kind")
	jobAttempt      = attribute.Key("connectd.job.attempt")
)

// Parent is the context's span as the next program, or a row, carries it (w3.org/TR/trace-context, 3.2): "" where nothing is
// traced.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier[traceparent]
}

// below is a context in which spans begin below a Parent; without one it is ctx.
func below(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return w3c.Extract(ctx, propagation.MapCarrier{traceparent: parent})
}

// Event says of the context's span which of Stripe's events it is about.
func Event(ctx context.Context, id, kind string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(eventID.String(id), eventType.String(kind))
	}
}

// Call begins a span of a call to Stripe. The caller ends it.
func Call(ctx context.Context, operation string) (_ context.Context, end func()) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return ctx, func() {}
	}
	ctx, span = span.TracerProvider().Tracer(name).Start(ctx, "stripe "+operation, trace.WithAttributes(stripeOperation.String(operation)))
	return ctx, func() { span.End() }
}

// Group begins a span of work that is done for several at once: below the one that waits for it, or linked to and from each of
// many. Where none of them is traced there is none. The caller ends it.
func Group(ctx context.Context, of string, callers []context.Context) (_ context.Context, end func()) {
	var traced []trace.Span
	for _, caller := range callers {
		if span := trace.SpanFromContext(caller); span.IsRecording() {
			traced = append(traced, span)
		}
	}
	if len(traced) == 0 {
		return ctx, func() {}
	}
	tracer := traced[0].TracerProvider().Tracer(name)
	count := trace.WithAttributes(observations.Int(len(callers)))
	if len(callers) == 1 {
		ctx, span := tracer.Start(trace.ContextWithSpan(ctx, traced[0]), of, count)
		return ctx, func() { span.End() }
	}
	links := make([]trace.Link, len(traced))
	for i, span := range traced {
		links[i] = trace.Link{SpanContext: span.SpanContext()}
	}
	ctx, group := tracer.Start(ctx, of, count, trace.WithNewRoot(), trace.WithLinks(links...))
	for _, span := range traced {
		span.AddLink(trace.Link{SpanContext: group.SpanContext()})
	}
	return ctx, func() { group.End() }
}
