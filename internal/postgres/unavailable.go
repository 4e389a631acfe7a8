package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// IsUnavailable reports whether an error is about the database and not about what it was asked: it was not reached, broke
// off, gave no answer in time, is shutting down or has no room. The same may be answered a moment later.
func IsUnavailable(err error) bool {
	if _, unreached := errors.AsType[*pgconn.ConnectError](err); unreached {
		return true // whatever it says: it may be one that takes no connections
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		// postgresql.org/docs/current/errcodes-appendix.html
		return pgerrcode.IsConnectionException(refused.Code) || pgerrcode.IsInsufficientResources(refused.Code) ||
			pgerrcode.IsOperatorIntervention(refused.Code)
	}
	_, brokenOff := errors.AsType[net.Error](err)
	return brokenOff || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded)
}
