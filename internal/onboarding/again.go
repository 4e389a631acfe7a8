package onboarding

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/sethvargo/go-retry"

	"github.com/connectd/connectd/internal/registry"
)

const (
	firstPause   = 100 * time.Millisecond // it doubles with each further one
	longestPause = time.Second
)

// tryAgain is for what must not fail for a moment's trouble of the database: it ends after within, whatever it waits for.
func tryAgain(ctx context.Context, within time.Duration, do retry.RetryFunc) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	backoff := retry.WithMaxDuration(within, retry.WithCappedDuration(longestPause, retry.NewExponential(firstPause)))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := do(ctx)
		if mayPass(err) {
			return retry.RetryableError(err)
		}
		return err
	})
}

// mayPass reports whether the same may be taken a moment later: by a queue that was full, and by a database that was away
// or refused for another cause than what it was given. A registry that closes and a mistake of ours do not pass.
func mayPass(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return !pgerrcode.IsDataException(refused.Code) && !pgerrcode.IsIntegrityConstraintViolation(refused.Code) &&
			!pgerrcode.IsSyntaxErrororAccessRuleViolation(refused.Code)
	}
	_, away := errors.AsType[net.Error](err)
	_, notThere := errors.AsType[*pgconn.ConnectError](err)
	return away || notThere || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, registry.ErrFull)
}
