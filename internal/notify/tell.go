package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
)

// Worker works events that are no change: of each it makes what it causes.
type Worker struct {
	river.WorkerDefaults[Event]
	Pool  *pgxpool.Pool
	Jobs  *river.Client[pgx.Tx] // it only inserts
	Mails *mail.Outbox          // nil: none are sent
	Now   func() time.Time
}

// Work ends the job in the transaction of what it causes, so that it causes that once. It ends it first, and goes by what the job
// is then: a seller may have been erased from it meanwhile.
func (w *Worker) Work(ctx context.Context, job *river.Job[Event]) error {
	return pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		job, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		if err != nil {
			return fmt.Errorf("end the job: %w", err)
		}
		endpoints, err := db.New(tx).ListeningEndpoints(ctx)
		if err != nil {
			return fmt.Errorf("read the event endpoints: %w", err)
		}
		deliveries, err := deliveriesOf(happening{Event: job.Args, accountID: accountIn(job.Args.Data)}, endpoints)
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, w.Jobs, deliveries, w.Now()); err != nil {
			return err
		}
		return w.mail(ctx, tx, job.Args)
	})
}

func (w *Worker) mail(ctx context.Context, tx pgx.Tx, e Event) error {
	wishes, err := mailsOf(e)
	if err != nil {
		return err
	}
	// A digest takes the passes that had ended when it was made, by whoever's clock.
	return w.Mails.Put(ctx, tx, wishes, account.Later(w.Now(), e.Timestamp))
}

// accountIn is the account that an event is about, "" where it is about none.
func accountIn(data json.RawMessage) string {
	var about struct {
		AccountID string `json:"account_id"`
	}
	if json.Unmarshal(data, &about) != nil {
		return "" // it names none
	}
	return about.AccountID
}
