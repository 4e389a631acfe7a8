// Package overview counts what happens to all sellers: how many can transact, why others came to be unable, what became due,
// and how long sellers take from their link to transacting.
//
// It may import account, client, db and registry. Its one rule: each figure is what a recount of the whole history would
// give. It is counted once, as the history grows, behind those who write it, so that nobody waits for it and no page reads
// the history.
package overview

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
)

// Every says when Tick is to be called, as a cron schedule.
const Every = "@every 5s"

const changesAtOnce = 1000 // in one transaction

// Service counts, and says what is counted. It is safe for concurrent use.
type Service struct {
	pool *pgxpool.Pool
	q    *db.Queries
}

// New makes one on a migrated database.
func New(pool *pgxpool.Pool) *Service { return &Service{pool, db.New(pool)} }

// Tick counts the changes that are not counted yet, all of a history that is there already, and now and then looks at how sellers
// start. All replicas may call it at once, and it may be cut off at any time.
func (s *Service) Tick(ctx context.Context, now time.Time) error {
	for {
		n, err := s.step(ctx, now)
		if err != nil {
			return err
		}
		if n < changesAtOnce {
			return s.lookAtStarts(ctx, now)
		}
	}
}

// step counts the next changes, and says how many: none where somebody else is counting. What they add up to and how far they are
// counted are one transaction's.
func (s *Service) step(ctx context.Context, now time.Time) (counted int, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		place, err := db.New(tx).LockOverview(ctx)
		if err != nil {
			return fmt.Errorf("lock how far changes are counted: %w", err)
		}
		if len(place) == 0 {
			return nil
		}
		counted, err = count(ctx, tx, place[0], now)
		return err
	})
	return counted, err
}

func count(ctx context.Context, tx pgx.Tx, position int64, now time.Time) (counted int, err error) {
	// Planned anew each time: a plan from when the table was empty would read all of it.
	rows, _ := tx.Query(ctx, db.ChangesToCount, pgx.QueryExecModeExec, position, changesAtOnce) // CollectRows has its error
	changes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.ChangesToCountRow])
	if err != nil {
		return 0, fmt.Errorf("read the changes after %d: %w", position, err)
	}
	if len(changes) == 0 {
		return 0, nil
	}
	sum := newTally(now)
	for _, row := range changes {
		c, err := changeOf(row)
		if err != nil {
			return 0, err
		}
		sum.add(c)
		position = c.position
	}
	q := db.New(tx)
	if err := sum.store(ctx, q); err != nil {
		return 0, err
	}
	if err := q.MoveOverview(ctx, position); err != nil {
		return 0, fmt.Errorf("move how far changes are counted: %w", err)
	}
	return len(changes), nil
}
