package tracing

import (
	"context"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
)

// Queries traces what is asked of Postgres for what is traced: by the statement's name, without its text and parameters. nil where
// nothing is traced.
func (t *Tracing) Queries() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return otelpgx.NewTracer(
		otelpgx.WithTracerProvider(t.provider), otelpgx.WithSpanNameCtxFunc(nameOf), otelpgx.WithDisableSQLStatementInAttributes(),
	)
}

// nameOf is that which sqlc was given, or the statement's first word.
func nameOf(ctx context.Context, sql string) string {
	if rest, named := strings.CutPrefix(sql, "-- name: "); named {
		if name, _, ok := strings.Cut(rest, " "); ok {
			return name
		}
	}
	return otelpgx.SQLOperationName(ctx, sql)
}
