package tracing

import (
	"net/http"
	"slices"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// w3c is how traces go on from one program to the next (w3.org/TR/trace-context). No baggage: it would be somebody's data.
var w3c = propagation.TraceContext{}

// probes are asked every few seconds, and nobody looks for their traces.
var probes = []string{"/healthz", "/readyz"}

// Server traces requests. Where goesOn says so, a request goes on with the trace that it is asked in; else it begins one, linked to
// what whoever asks says: a stranger must not have it recorded by saying so.
func (t *Tracing) Server(goesOn func(path string) bool, next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return otelhttp.NewHandler(next, "",
		otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(w3c),
		otelhttp.WithSpanNameFormatter(func(string, *http.Request) string { return "request" }), // until it is Routed
		otelhttp.WithPublicEndpointFn(func(r *http.Request) bool { return !goesOn(r.URL.Path) }),
		otelhttp.WithFilter(func(r *http.Request) bool { return !slices.Contains(probes, r.URL.Path) }),
	)
}

// Routed names a request's span by its method and its route, neither of which a caller makes up.
func Routed(r *http.Request, method, route string) {
	span := trace.SpanFromContext(r.Context())
	if span.IsRecording() {
		span.SetName(method + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
}

// Client traces requests that are made for what is traced, and has the other side go on with the trace.
func Client(next http.RoundTripper) http.RoundTripper {
	return otelhttp.NewTransport(next, otelhttp.WithPropagators(w3c), otelhttp.WithFilter(isTraced))
}

// Stripe traces calls to Stripe, and tells Stripe nothing of it.
func Stripe(next http.RoundTripper) http.RoundTripper {
	return otelhttp.NewTransport(next, otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()), otelhttp.WithFilter(isTraced))
}

func isTraced(r *http.Request) bool { return trace.SpanFromContext(r.Context()).IsRecording() }
