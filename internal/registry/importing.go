package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
)

const (
	settleWait  = time.Second // for the events that are being applied; those that come meanwhile wait too
	settleTries = 10
	clocksApart = time.Minute // those of two processes, at most
)

// noSuchAccount is why an event of an account is ignored that is not known here.
const noSuchAccount = "no such account here"

// SettleImport makes those accounts due that an import since then has connected and of which events came before that: they were
// ignored, and the list that the import has read may be older. It waits for the events that are being applied.
func (r *Registry) SettleImport(ctx context.Context, since time.Time) error {
	var err error
	for range settleTries {
		if err = r.awaitEvents(ctx); !postgres.IsLocked(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("wait for the events that are being applied: %w", err)
	}
	missed, err := r.q.WishIgnored(ctx, db.WishIgnoredParams{Since: since.Add(-clocksApart), Why: noSuchAccount, At: r.now()})
	if err != nil {
		return fmt.Errorf("make accounts due whose events came before their import: %w", err)
	}
	if missed > 0 {
		r.wake()
	}
	return nil
}

// awaitEvents: whoever began to look accounts up for events before an account was imported does not know the account.
func (r *Registry) awaitEvents(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		q := r.q.WithTx(tx)
		if err := q.WaitAtMost(ctx, fmt.Sprint(settleWait.Milliseconds())); err != nil {
			return err
		}
		return q.AwaitEventWriters(ctx)
	})
}
