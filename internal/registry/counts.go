package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// statusMove is by how many accounts a status has more, or fewer, than before.
type statusMove struct {
	Status   string `json:"status"`
	Accounts int64  `json:"accounts"`
}

// statusMoves counts them by status.
type statusMoves map[string]int64

func (m statusMoves) add(rec *record) {
	if rec.wasStatus == rec.Status {
		return
	}
	m[rec.Status]++
	if rec.wasStatus != "" {
		m[rec.wasStatus]--
	}
}

// rows are those that are not even, in the order of statuses.
func (m statusMoves) rows() []statusMove {
	var rows []statusMove
	for _, status := range slices.Sorted(maps.Keys(m)) {
		if m[status] != 0 {
			rows = append(rows, statusMove{status, m[status]})
		}
	}
	return rows
}

// StatusCounts says how many accounts have each status; those that none has are missing.
func (r *Registry) StatusCounts(ctx context.Context) (map[account.Status]int64, error) {
	rows, err := r.q.StatusCounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("read how many accounts have each status: %w", err)
	}
	counts := make(map[account.Status]int64, len(rows))
	for _, row := range rows {
		counts[account.Status(row.Status)] = row.Accounts
	}
	return counts, nil
}

// RecountStatuses mends the counts where they are wrong: at first, and after a process of a version that does not keep them
// has served beside this one. It stops nobody, and any number of processes may call it at once.
func (r *Registry) RecountStatuses(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		q := r.q.WithTx(tx)
		if err := q.LockRecount(ctx); err != nil {
			return err
		}
		wrong, err := q.MiscountedStatuses(ctx)
		if err != nil || len(wrong) == 0 {
			return err
		}
		moves := statusMoves{}
		for _, row := range wrong {
			moves[row.Status] = row.Accounts
		}
		encoded, err := json.Marshal(moves.rows())
		if err != nil {
			return err
		}
		return q.MoveStatusCounts(ctx, encoded)
	})
	if err != nil {
		return fmt.Errorf("count accounts by status: %w", err)
	}
	return nil
}

// DayRisk is how many accounts may lose the ability to transact on a day (UTC).
type DayRisk struct {
	Day      time.Time
	Accounts int64
}

// MostAtRisk bounds how far accounts at risk are counted.
const MostAtRisk = 100_000

// AtRiskByDay counts the accounts that may lose the ability to transact before a moment, by days: what is over by now counts as
// today's. Of more than MostAtRisk the first are counted.
func (r *Registry) AtRiskByDay(ctx context.Context, now, before time.Time) ([]DayRisk, error) {
	rows, err := r.q.AtRiskByDay(ctx, db.AtRiskByDayParams{At: now, Before: before, N: MostAtRisk})
	if err != nil {
		return nil, fmt.Errorf("count accounts at risk: %w", err)
	}
	days := make([]DayRisk, len(rows))
	for i, row := range rows {
		days[i] = DayRisk{row.Day.UTC(), row.Accounts}
	}
	return days, nil
}
