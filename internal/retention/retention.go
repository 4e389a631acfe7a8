// Package retention deletes what was kept for long enough: Stripe's events, unless they failed (those are kept until they
// can be read), what was told by them, the fees of Checkout sessions, deliveries, mails, and the feed's entries.
//
// It may import db. Its one rule: no request feels it. It deletes a little at a time, the oldest first, waits for nobody's
// lock, and reads only what is old.
package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/db"
)

// Least is the shortest time for which events may be kept. An event's id is what its repeats are known by: Stripe sends one
// again for days, and lists it for 30 (docs.stripe.com/api/events).
const Least = 35 * 24 * time.Hour

// FeedKeep is how long the feed's entries are kept. Who has not followed for longer starts over; an account's history stays.
const FeedKeep = 7 * 24 * time.Hour

// DeliveryKeep is how long deliveries of events are kept, from when they were made: ten times as long as one is tried.
const DeliveryKeep = 30 * 24 * time.Hour

// Every says when Tick is to be called, as a cron schedule.
const Every = "@hourly"

const (
	batch   = 1000            // rows that one statement looks at, or more of one moment
	workFor = 5 * time.Second // of one job; what is left is its successor's
)

// Job deletes what was stored before a moment. The first of an hour begins with the oldest row of the first table, each
// successor where the one before it ended: a search from the start would meet all that they have left, dead in the index or
// failed.
type Job struct {
	Before     time.Time `json:"before"`
	FeedBefore time.Time `json:"feed_before"`
	SentBefore time.Time `json:"sent_before"`
	Part       int       `json:"part"`
	Table      int       `json:"table"` // of tables
	After      time.Time `json:"after"`
	Position   int64     `json:"position"` // after, for the feed
}

// tables are those whose old rows go, each with what deletes a batch of them.
var tables = []func(w *Worker, ctx context.Context, j *Job) (passed int64, err error){
	func(w *Worker, ctx context.Context, j *Job) (int64, error) {
		return w.deleteAfter(ctx, j, db.DeleteEvents, j.Before)
	},
	func(w *Worker, ctx context.Context, j *Job) (int64, error) {
		return w.deleteAfter(ctx, j, db.DeleteTold, j.Before)
	},
	(*Worker).deleteEntries,
	func(w *Worker, ctx context.Context, j *Job) (int64, error) {
		return w.deleteAfter(ctx, j, db.DeleteCheckoutFees, j.Before)
	},
	func(w *Worker, ctx context.Context, j *Job) (int64, error) {
		return w.deleteAfter(ctx, j, db.DeleteDeliveries, j.SentBefore)
	},
	func(w *Worker, ctx context.Context, j *Job) (int64, error) {
		return w.deleteAfter(ctx, j, db.DeleteMails, j.Before)
	},
}

// Kind names the job in river_job.
func (Job) Kind() string { return "events.retention" }

// InsertOpts make one job of what all replicas insert in an hour. One that fails is made up for by the next hour's.
func (Job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// Ticker inserts the jobs of events that are kept for so long.
type Ticker struct {
	Jobs *river.Client[pgx.Tx]
	Keep time.Duration
}

// Tick inserts the job of the hour that now is in, unless it is there. All replicas may call it at once.
func (t Ticker) Tick(ctx context.Context, now time.Time) error {
	hour := now.UTC().Truncate(time.Hour)
	job := Job{Before: hour.Add(-t.Keep), FeedBefore: hour.Add(-FeedKeep), SentBefore: hour.Add(-DeliveryKeep)}
	if _, err := t.Jobs.Insert(ctx, job, nil); err != nil {
		return fmt.Errorf("insert the job that deletes old events: %w", err)
	}
	return nil
}

// Worker works the jobs.
type Worker struct {
	river.WorkerDefaults[Job]
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// Work deletes for a while, and inserts a successor where that was not enough.
func (w *Worker) Work(ctx context.Context, job *river.Job[Job]) error {
	rest, more, err := w.Delete(ctx, job.Args)
	if err != nil || !more {
		return err
	}
	if _, err := river.ClientFromContext[pgx.Tx](ctx).Insert(ctx, rest, nil); err != nil {
		return fmt.Errorf("insert the job that goes on: %w", err)
	}
	return nil
}

// Delete deletes batch after batch for as long as a job may work. more is false where nothing is left for rest.
func (w *Worker) Delete(ctx context.Context, j Job) (rest Job, more bool, err error) {
	j.Part++
	for end := w.Now().Add(workFor); w.Now().Before(end); {
		passed, err := tables[j.Table](w, ctx, &j)
		switch {
		case err != nil:
			return j, false, err
		case passed >= batch:
			continue
		}
		if j.Table, j.After = j.Table+1, (time.Time{}); j.Table == len(tables) {
			return j, false, nil
		}
	}
	return j, true, nil
}

// deleteAfter moves the job on to the last row that it has looked at. The statement is planned anew each time: a plan that was
// made when the table was small would read all of it.
func (w *Worker) deleteAfter(ctx context.Context, j *Job, statement string, before time.Time) (passed int64, err error) {
	row := w.Pool.QueryRow(ctx, statement, pgx.QueryExecModeExec, j.After, before, batch)
	if err := row.Scan(&passed, &j.After); err != nil {
		return 0, fmt.Errorf("delete what is older than %s: %w", before.Format(time.RFC3339), err)
	}
	j.After = j.After.UTC()
	return passed, nil
}

// deleteEntries does the same of the feed's entries, by their positions.
func (w *Worker) deleteEntries(ctx context.Context, j *Job) (passed int64, err error) {
	row := w.Pool.QueryRow(ctx, db.DeleteFeedEntries, pgx.QueryExecModeExec, j.Position, batch, j.FeedBefore)
	if err := row.Scan(&passed, &j.Position); err != nil {
		return 0, fmt.Errorf("delete the feed's entries from before %s: %w", j.FeedBefore.Format(time.RFC3339), err)
	}
	return passed, nil
}
