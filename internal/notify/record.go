package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/db"
)

// The states of a delivery.
const (
	pending   = "pending"
	delivered = "delivered"
	failed    = "failed"
)

const recordLockWait = "2000" // milliseconds

// attempt is what becomes of a delivery, as the statement takes it.
type attempt struct {
	ID            string     `json:"id"`
	Round         int32      `json:"round"`
	Tries         int32      `json:"tries"`
	State         string     `json:"state"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	Attempt       *made      `json:"attempt"` // nil where none was made
	At            time.Time  `json:"at"`      // when it began, or was given up

	endpointID string
}

// made is an attempt as it is kept.
type made struct {
	At     time.Time `json:"at"`
	Status *int      `json:"status"`
	Error  *string   `json:"error"`
}

// records reads and writes deliveries, many at a time.
type records struct {
	pool *pgxpool.Pool
}

// load reads what is to be sent; a delivery that is not is the zero row. Planned anew each time: a plan from when the table was
// empty would read all of it.
func (r records) load(ctx context.Context, ids []string) ([]db.DeliveriesToSendRow, error) {
	rows, _ := r.pool.Query(ctx, db.DeliveriesToSend, pgx.QueryExecModeExec, ids) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.DeliveriesToSendRow])
	if err != nil {
		return nil, fmt.Errorf("read what is to be delivered: %w", err)
	}
	byID := make(map[string]db.DeliveriesToSendRow, len(found))
	for _, row := range found {
		byID[row.ID] = row
	}
	all := make([]db.DeliveriesToSendRow, len(ids))
	for i, id := range ids {
		all[i] = byID[id]
	}
	return all, nil
}

// store writes attempts, and what they say of their endpoints, in one transaction and one round trip. Rows are locked in the
// order of ids: two replicas never wait for each other in a circle.
func (r records) store(ctx context.Context, attempts []attempt) ([]struct{}, error) {
	inOrder := slices.SortedFunc(slices.Values(attempts), func(a, b attempt) int { return strings.Compare(a.ID, b.ID) })
	encoded, err := json.Marshal(inOrder)
	if err != nil {
		return nil, fmt.Errorf("encode attempts: %w", err)
	}
	results, err := json.Marshal(append([]endpointResult{}, resultsOf(attempts)...))
	if err != nil {
		return nil, fmt.Errorf("encode the results of attempts: %w", err)
	}
	batch := &pgx.Batch{}
	batch.Queue("begin")
	batch.Queue(db.SetCommitterSettings, recordLockWait) // indexes alone, whatever a table held when the plan was made
	batch.Queue(db.RecordAttempts, encoded)
	batch.Queue(db.CountEndpointResults, results)
	batch.Queue("commit")
	if err := r.pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("record attempts: %w", err)
	}
	return make([]struct{}, len(attempts)), nil
}

// endpointResult is what a lot of attempts says of an endpoint.
type endpointResult struct {
	ID        string    `json:"id"`
	Succeeded bool      `json:"succeeded"`
	Failed    int       `json:"failed"`
	Failure   string    `json:"failure"` // of the last that failed
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
}

// resultsOf are those of each endpoint, in the order of ids. An endpoint that took anything is not a dead one.
func resultsOf(attempts []attempt) []endpointResult {
	byID := map[string]endpointResult{}
	for _, a := range attempts {
		if a.Attempt == nil {
			continue
		}
		r, known := byID[a.endpointID]
		if !known {
			r = endpointResult{ID: a.endpointID, FirstAt: a.At, LastAt: a.At}
		}
		r.add(a)
		byID[a.endpointID] = r
	}
	return slices.SortedFunc(maps.Values(byID), func(a, b endpointResult) int { return strings.Compare(a.ID, b.ID) })
}

func (r *endpointResult) add(a attempt) {
	r.Succeeded = r.Succeeded || a.State == delivered
	if a.At.Before(r.FirstAt) {
		r.FirstAt = a.At
	}
	if a.Attempt.Error != nil && !a.At.Before(r.LastAt) {
		r.Failure = *a.Attempt.Error
	}
	if a.At.After(r.LastAt) {
		r.LastAt = a.At
	}
	r.Failed++
}
