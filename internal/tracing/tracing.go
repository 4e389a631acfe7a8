// Package tracing has connectd's work traced by OpenTelemetry, where a receiver of traces is set: requests, what they ask of
// Postgres and of Stripe, the committer's groups, jobs, and the events that are sent. Where nothing is set there is no
// Tracing: a nil one traces nothing and costs nothing.
//
// It may import nothing of connectd's. Its one rule: a span says what was done and how long that took, never of whom: what
// leaves the process is an allow-list of attributes, so that no path with a token, no URL, no address of a person and no
// message is among them, whichever library has recorded it. Of a request it tells the host that was asked.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Tracing sends spans to a receiver. It is safe for concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	logger   *slog.Logger
}

// lastWithin is how long the end of a process waits for a receiver: others close after it, and share the drain's 15 s.
const lastWithin = 2 * time.Second

// isSet reports whether a receiver is, by the variables that all OpenTelemetry programs know
// (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).
func isSet() bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

const overHTTP = "http/protobuf"

// Check refuses what is set and is not done.
func Check() []error {
	if !isSet() {
		return nil
	}
	var wrong []error
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if value := os.Getenv(name); value != "" && value != overHTTP {
			wrong = append(wrong, fmt.Errorf("%s is %q, and connectd sends traces over HTTP alone (example: %s, at port 4318 of most receivers)", name, value, overHTTP))
		}
	}
	if err := checkReceiver(); err != nil {
		wrong = append(wrong, err)
	}
	if value := os.Getenv("OTEL_TRACES_EXPORTER"); value != "" && value != "otlp" {
		wrong = append(wrong, fmt.Errorf("OTEL_TRACES_EXPORTER is %q, and connectd knows no other than otlp, and none", value))
	}
	return wrong
}

// checkReceiver refuses an address that is no URL: the exporter takes it, and sends nothing. It may hold a password, and is not repeated.
func checkReceiver() error {
	name := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	if os.Getenv(name) == "" {
		name = "OTEL_EXPORTER_OTLP_ENDPOINT"
	}
	at, err := url.Parse(os.Getenv(name))
	if err == nil && (at.Scheme == "http" || at.Scheme == "https") && at.Host != "" {
		return nil
	}
	return fmt.Errorf("%s is not an http or https URL (example: http://127.0.0.1:4318)", name)
}

// Open begins to send spans of this version of connectd where a receiver is set; else it returns nil. The caller closes it.
func Open(ctx context.Context, version string, logger *slog.Logger) (*Tracing, error) {
	if !isSet() {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the sender of traces: %w: see OTEL_EXPORTER_OTLP_ENDPOINT", err)
	}
	of, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "connectd"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, errors.Join(fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err), exporter.Shutdown(ctx))
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("traces could not be sent; nothing else depends on them", "error", err)
	}))
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(of), sdktrace.WithBatcher(discreet{exporter}))
	return &Tracing{provider, logger}, nil
}

// Close sends what has not been sent. A receiver that does not take it costs these traces, and nothing else.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lastWithin)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.logger.WarnContext(ctx, "the last traces could not be sent; nothing else depends on them", "error", err)
	}
	return nil
}
