package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgxpool"
)

type boundKey struct{}

// Bounded returns a context in which each statement on a pool of Open's ends after d, and each wait for one of its connections;
// what runs into it is IsUnavailable. A server that is stopped, or a way to it that swallows packets, would else be waited for until
// the connection dies, which takes a quarter of an hour or for ever.
func Bounded(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, boundKey{}, d)
}

// bounds keeps to what Bounded asked for. It is a tracer since a statement goes by the context that its tracer returns
// (pkg.go.dev/github.com/jackc/pgx/v5#QueryTracer).
type bounds struct{}

type cancelKey struct{}

func (bounds) begin(ctx context.Context) context.Context {
	d, asked := ctx.Value(boundKey{}).(time.Duration)
	if !asked {
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

func (bounds) end(ctx context.Context) {
	if cancel, began := ctx.Value(cancelKey{}).(context.CancelFunc); began {
		cancel()
	}
}

func (b bounds) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return b.begin(ctx)
}

func (b bounds) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) { b.end(ctx) }

func (b bounds) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return b.begin(ctx)
}

func (b bounds) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	b.end(ctx)
}

// withBounds is a tracer's with bounds beside it; nil traces nothing.
func withBounds(tracer pgx.QueryTracer) pgx.QueryTracer {
	if tracer == nil {
		return bounds{}
	}
	return multitracer.New(bounds{}, tracer)
}
