package tracing

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const stranger = "jane-doe"

// TestSpansTellNothingOfAnyone, in whatever part of a span it was recorded.
func TestSpansTellNothingOfAnyone(t *testing.T) {
	t.Parallel()
	exported := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(discreet{exported}))
	state, err := trace.ParseTraceState("x=" + stranger)
	if err != nil {
		t.Fatal(err)
	}
	linked := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled, TraceState: state})
	hers := attribute.String("url.path", "/connect/"+stranger)
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), linked)
	_, span := provider.Tracer("test").Start(ctx, "work", trace.WithAttributes(hers, attribute.String("http.route", "/connect/{token}")),
		trace.WithLinks(trace.Link{SpanContext: linked, Attributes: []attribute.KeyValue{hers}}))
	span.AddEvent("something", trace.WithAttributes(hers))
	span.RecordError(errors.New(stranger))
	span.SetStatus(codes.Error, stranger)
	span.End()
	spans := exported.GetSpans()
	if len(spans) != 1 || len(spans[0].Attributes) != 1 || len(spans[0].Events) != 2 || len(spans[0].Links) != 1 || spans[0].Status.Code != codes.Error {
		t.Fatalf("exported: %+v", spans)
	}
	spans[0].Parent = trace.SpanContext{} // only its id is sent
	told := fmt.Sprintf("%+v %s %s", spans[0], spans[0].SpanContext.TraceState(), spans[0].Links[0].SpanContext.TraceState())
	if strings.Contains(told, stranger) {
		t.Errorf("it tells %s", told)
	}
}

// TestAStrangerHasNothingRecorded: who has no key neither names a span, nor has it sampled.
func TestAStrangerHasNothingRecorded(t *testing.T) {
	t.Parallel()
	exported := tracetest.NewInMemoryExporter()
	never := sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0))
	tracing := &Tracing{provider: sdktrace.NewTracerProvider(sdktrace.WithSampler(never), sdktrace.WithSyncer(discreet{exported}))}
	goesOn := func(path string) bool { return path == "/v1/accounts" }
	handler := tracing.Server(goesOn, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { Routed(r, "other", r.URL.Path) }))
	for _, path := range []string{"/api/connectWebhook", "/v1/accounts"} {
		r := httptest.NewRequestWithContext(t.Context(), strings.ToUpper(stranger), path, nil)
		r.Header.Set("Traceparent", "00-11111111111111111111111111111111-2222222222222222-01")
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if spans := exported.GetSpans(); len(spans) != 1 || spans[0].Name != "other /v1/accounts" {
		t.Errorf("recorded: %+v", spans)
	}
}
