package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/sethvargo/go-retry"
)

// A migration that waits for a table's lock has all others wait behind it, so it waits for less than those do (the committer gives
// up after two seconds, and Stripe's webhooks with it), lets them by, and comes again.
const (
	setLockTimeout = "set lock_timeout = '1s'"
	lockRest       = time.Second
	lockPatience   = 2 * time.Minute
)

// boundLocks is for each session that migrates.
func boundLocks(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, setLockTimeout)
	return err
}

// patiently tries again what has failed for a lock that somebody else holds.
func (m *migrator) patiently(ctx context.Context, try func() error) error {
	return retry.Do(ctx, retry.WithMaxDuration(lockPatience, retry.NewConstant(lockRest)), func(ctx context.Context) error {
		err := try()
		if !IsLocked(err) {
			return err
		}
		m.logger.WarnContext(ctx, "a migration waits for a lock that somebody holds, and lets others by in between; "+
			"pg_stat_activity and pg_locks say who it is", "error", err)
		return retry.RetryableError(err)
	})
}
