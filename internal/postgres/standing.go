package postgres

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// What an error says of how the database stands, by Postgres's codes (postgresql.org/docs/current/errcodes-appendix.html).

// IsUnavailable reports whether an error is about the database and not about what it was asked: it was not reached, broke
// off, gave no answer in time, is shutting down or has no room. The same may be answered a moment later.
func IsUnavailable(err error) bool {
	if _, unreached := errors.AsType[*pgconn.ConnectError](err); unreached {
		return true // whatever it says: it may be one that takes no connections
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgerrcode.IsConnectionException(refused.Code) || pgerrcode.IsInsufficientResources(refused.Code) ||
			pgerrcode.IsOperatorIntervention(refused.Code)
	}
	_, brokenOff := errors.AsType[net.Error](err)
	return brokenOff || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded)
}

// IsLocked reports whether lock_timeout ended a statement: somebody else has locked what it was to take.
func IsLocked(err error) bool { return isRefusal(err, pgerrcode.LockNotAvailable) }

// IsUnmigrated reports whether a statement asked for a table or a column that the database does not have.
func IsUnmigrated(err error) bool {
	return isRefusal(err, pgerrcode.UndefinedTable) || isRefusal(err, pgerrcode.UndefinedColumn)
}

func isRefusal(err error, code string) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == code
}
