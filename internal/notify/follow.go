package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
)

const (
	changesAtOnce    = 500         // in one transaction, and fewer where many endpoints listen
	deliveriesAtOnce = 5000        // in one transaction that has more than one change
	eventsOfAChange  = 2           // at most: what became of the seller, and what is newly due
	followEvery      = time.Second // where nothing wakes it, and after a failure
)

// FollowerConfig is what a Follower needs. All of it is required but Mails.
type FollowerConfig struct {
	Pool *pgxpool.Pool
	Jobs *river.Client[pgx.Tx] // it only inserts
	// JudgeAge adds to a readiness what is only known when it is read.
	JudgeAge func(*client.Readiness)
	// More gives what is closed once there may be more changes than there are now.
	More   func() <-chan struct{}
	Mails  *mail.Outbox // nil: none are sent
	Now    func() time.Time
	Logger *slog.Logger
}

// Follower makes jobs of changes. It reads the history, which is kept for ever, from where it was: a week of downtime, or a
// restore from a backup, which brings its place in the history back with the history, leaves nothing out. Of all replicas'
// followers one works at a time, whichever comes first.
type Follower struct {
	cfg FollowerConfig
}

// NewFollower makes one; Run has it follow.
func NewFollower(cfg FollowerConfig) *Follower { return &Follower{cfg} }

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	for ctx.Err() == nil {
		more := f.cfg.More()
		told, err := f.Step(ctx)
		if err != nil && ctx.Err() == nil {
			f.cfg.Logger.ErrorContext(ctx, "changes could not be told; that is tried again until they are", "error", err)
		}
		switch {
		case err != nil:
			wait(ctx, nil, followEvery)
		case told == 0:
			wait(ctx, more, followEvery)
		}
	}
}

// wait returns once the channel is closed, after d, or when ctx ends.
func wait(ctx context.Context, closed <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Step makes jobs of the next changes, and says of how many: none where all were told, or another replica is telling them. Its
// place and the jobs are one transaction's.
func (f *Follower) Step(ctx context.Context) (told int, err error) {
	err = pgx.BeginFunc(ctx, f.cfg.Pool, func(tx pgx.Tx) error {
		q := db.New(tx)
		place, err := q.LockToldChanges(ctx)
		if err != nil {
			return fmt.Errorf("lock how far changes were told: %w", err)
		}
		if len(place) == 0 {
			return nil
		}
		changes, err := f.changesAfter(ctx, tx, place[0])
		if err != nil || len(changes) == 0 {
			return err
		}
		if changes, err = f.tell(ctx, tx, changes); err != nil {
			return err
		}
		told = len(changes)
		if err := q.MoveToldChanges(ctx, changes[told-1].Position); err != nil {
			return fmt.Errorf("move how far changes were told: %w", err)
		}
		return nil
	})
	return told, err
}

func (f *Follower) changesAfter(ctx context.Context, tx pgx.Tx, position int64) ([]change, error) {
	// Planned anew each time: a plan from when the table was empty would read all of it.
	rows, _ := tx.Query(ctx, db.ChangesAfter, pgx.QueryExecModeExec, position, changesAtOnce) // CollectRows has its error
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[db.ChangesAfterRow])
	if err != nil {
		return nil, fmt.Errorf("read the changes after %d: %w", position, err)
	}
	changes := make([]change, len(found))
	for i, row := range found {
		if changes[i], err = changeOf(row, f.cfg.JudgeAge); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// tell makes jobs of the first of the changes, and answers those: as many as a transaction may hold deliveries for. Who listens is
// read after the changes, so that one who begins to listen meanwhile misses none.
func (f *Follower) tell(ctx context.Context, tx pgx.Tx, changes []change) ([]change, error) {
	endpoints, err := db.New(tx).ListeningEndpoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the event endpoints: %w", err)
	}
	changes = changes[:min(len(changes), fitting(len(endpoints)))]
	var deliveries []*delivery
	for _, c := range changes {
		caused, err := c.deliveries(endpoints)
		if err != nil {
			return nil, err
		}
		deliveries = append(deliveries, caused...)
	}
	if err := insert(ctx, tx, f.cfg.Jobs, deliveries, f.cfg.Now()); err != nil {
		return nil, err
	}
	if err := remindOf(ctx, tx, changes); err != nil { // before mails, as Reminders does: each locks its rows
		return nil, err
	}
	return changes, f.mail(ctx, tx, changes)
}

// fitting is how many changes a transaction may tell so many endpoints.
func fitting(endpoints int) int {
	return max(1, deliveriesAtOnce/max(1, eventsOfAChange*endpoints))
}

// deliveries are all that the change causes; where nobody listens, it is not even read.
func (c change) deliveries(endpoints []db.ListeningEndpointsRow) ([]*delivery, error) {
	if len(endpoints) == 0 {
		return nil, nil
	}
	events, err := c.events()
	if err != nil {
		return nil, err
	}
	var all []*delivery
	for _, e := range events {
		caused, err := deliveriesOf(happening{Event: e, accountID: c.AccountID, change: true, traceparent: client.Text(c.Traceparent)}, endpoints)
		if err != nil {
			return nil, err
		}
		all = append(all, caused...)
	}
	return all, nil
}
