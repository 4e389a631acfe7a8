package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/registry"
)

// An endpoint is switched off where all has failed for three days, and at least so many attempts: a downtime of connectd's own
// is no failure of the endpoint's.
const (
	switchOffAfter    = 3 * day
	switchOffFailures = 10
)

// SwitchedOff is the job that tells of an endpoint that was switched off.
type SwitchedOff struct {
	EndpointID   string    `json:"endpoint_id"`
	FailingSince time.Time `json:"failing_since"`
}

// Kind names the job in river_job.
func (SwitchedOff) Kind() string { return "endpoint.switched_off" }

// connectd is who does what is done by itself.
var connectd = account.Actor{Name: "connectd"}

// Tick switches off the endpoints that have failed for days by now, and deletes the jobs of those that were deleted. All replicas
// may call it at once.
func (e *Endpoints) Tick(ctx context.Context, now time.Time) error {
	if err := pgx.BeginFunc(ctx, e.cfg.Pool, func(tx pgx.Tx) error { return e.switchOff(ctx, tx, now) }); err != nil {
		return err
	}
	return e.dropJobs(ctx)
}

func (e *Endpoints) switchOff(ctx context.Context, tx pgx.Tx, now time.Time) error {
	q := db.New(tx)
	off, err := q.SwitchOffEventEndpoints(ctx, db.SwitchOffEventEndpointsParams{
		At: now, Failures: switchOffFailures, Seconds: switchOffAfter.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("switch off event endpoints: %w", err)
	}
	for _, endpoint := range off {
		act := registry.Act{At: now, By: connectd, Action: "disable_endpoint", Subject: endpoint.ID}
		if err := registry.Record(ctx, q, act); err != nil {
			return err
		}
		if _, err := e.cfg.Jobs.InsertTx(ctx, tx, SwitchedOff{endpoint.ID, endpoint.FailingSince}, nil); err != nil {
			return fmt.Errorf("insert a job: %w", err)
		}
		e.cfg.Logger.WarnContext(ctx, "an event endpoint has failed for days and is switched off; mend it, and then enable it "+
			"(POST /v1/event-endpoints/{id}/enable)", "endpoint", endpoint.ID, "failing_since", endpoint.FailingSince)
	}
	return nil
}

const jobsAtOnce = 1000 // that are deleted

// dropJobs deletes the jobs of endpoints that are no more: nobody works their queues.
func (e *Endpoints) dropJobs(ctx context.Context) error {
	orphans := river.NewJobDeleteManyParams().Kinds(Deliver{}.Kind()).First(jobsAtOnce).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled).
		Where("not exists (select from event_endpoints e where e.id = queue)")
	for {
		gone, err := e.cfg.Jobs.JobDeleteMany(ctx, orphans)
		if err != nil {
			return fmt.Errorf("delete the jobs of event endpoints that are no more: %w", err)
		}
		if len(gone.Jobs) < jobsAtOnce {
			return nil
		}
	}
}
