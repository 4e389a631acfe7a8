package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/db"
)

const (
	workersPerEndpoint = 32                    // of one process
	fetchRest          = 5 * time.Millisecond  // between two fetches of one endpoint's jobs
	fetchEvery         = time.Second           // where no NOTIFY wakes it
	lookEvery          = time.Second           // for endpoints that another process has made or deleted
	removeWithin       = 50 * time.Millisecond // where jobs of a deleted endpoint are in flight, it goes with a later look
)

// queueOf is the River queue of an endpoint's deliveries: each has one of its own, with workers of its own, so that one that
// hangs takes nobody else's.
func queueOf(endpointID string) string { return endpointID }

// Queues keeps this process's workers in step with the endpoints.
type Queues struct {
	pool    *pgxpool.Pool
	jobs    *river.Client[pgx.Tx]
	logger  *slog.Logger
	worked  map[string]bool
	changed chan struct{}
}

// NewQueues makes one; Run has the jobs of a client that works worked.
func NewQueues(pool *pgxpool.Pool, jobs *river.Client[pgx.Tx], logger *slog.Logger) *Queues {
	return &Queues{pool: pool, jobs: jobs, logger: logger, worked: map[string]bool{}, changed: make(chan struct{}, 1)}
}

// Changed has it look at once: this process has made or deleted an endpoint.
func (q *Queues) Changed() {
	select {
	case q.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// Run looks for endpoints until ctx ends.
func (q *Queues) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := q.look(ctx); err != nil && ctx.Err() == nil {
			q.logger.ErrorContext(ctx, "the event endpoints could not be looked at; that is tried again until they are", "error", err)
		}
		wait(ctx, q.changed, lookEvery)
	}
}

func (q *Queues) look(ctx context.Context) error {
	endpoints, err := db.New(q.pool).EventEndpoints(ctx)
	if err != nil {
		return fmt.Errorf("read the event endpoints: %w", err)
	}
	present := make(map[string]bool, len(endpoints))
	for _, e := range endpoints {
		present[e.ID] = true
		if err := q.add(e.ID); err != nil {
			return err
		}
	}
	for id := range q.worked {
		if present[id] {
			continue
		}
		if err := q.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queues) add(endpointID string) error {
	if q.worked[endpointID] {
		return nil
	}
	cfg := river.QueueConfig{MaxWorkers: workersPerEndpoint, FetchCooldown: fetchRest, FetchPollInterval: fetchEvery}
	if err := q.jobs.Queues().Add(queueOf(endpointID), cfg); err != nil {
		return fmt.Errorf("work the deliveries to endpoint %s: %w", endpointID, err)
	}
	q.worked[endpointID] = true
	return nil
}

// remove lets the jobs in flight end, and waits for none: River adds no queue while it removes one, and an endpoint that hangs
// must not delay a new one. The other jobs go with the next Tick of Endpoints.
func (q *Queues) remove(ctx context.Context, endpointID string) error {
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	err := q.jobs.Queues().Remove(ctx, queueOf(endpointID))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("work the deliveries to endpoint %s no more: %w", endpointID, err)
	}
	delete(q.worked, endpointID)
	return nil
}
