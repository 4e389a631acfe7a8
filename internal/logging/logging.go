// Package logging is how connectd logs: as text or JSON, each line with what its context knows: the request, the event, the
// account and the trace that it is about.
//
// It may import nothing of connectd's. Its one rule: what it adds by itself is an id, never a name, an address, a path or a
// header.
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// New makes a logger that writes lines of at least this level to w, as "json" or "text".
func New(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(handler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(handler{slog.NewTextHandler(w, options)})
}

type key struct{}

// With has each line that is logged with the context say this too.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	return context.WithValue(ctx, key{}, append(slices.Clip(of(ctx)), attrs...))
}

func of(ctx context.Context) []slog.Attr {
	attrs, _ := ctx.Value(key{}).([]slog.Attr)
	return attrs
}

// handler adds what the context knows and the line does not say itself.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, line slog.Record) error {
	attrs := of(ctx)
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		attrs = append(slices.Clip(attrs), slog.String("trace", span.TraceID().String()))
	}
	if len(attrs) > 0 {
		line = line.Clone()
		line.AddAttrs(unsaid(line, attrs)...)
	}
	return h.Handler.Handle(ctx, line)
}

func unsaid(line slog.Record, attrs []slog.Attr) []slog.Attr {
	said := map[string]bool{}
	line.Attrs(func(a slog.Attr) bool { said[a.Key] = true; return true })
	return slices.DeleteFunc(slices.Clone(attrs), func(a slog.Attr) bool { return said[a.Key] })
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
