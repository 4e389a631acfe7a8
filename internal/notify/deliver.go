package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/connectd/connectd/internal/db"
)

// repeats are how long after each attempt the next one follows: three days in all.
var repeats = []time.Duration{
	2 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 9 * time.Hour,
}

// deliverAttempts bounds how often River works a job. What ends one is the delivery's own count: River counts those too that a
// kill has cut off.
const deliverAttempts = 1000

// Deliver is the job that sends one event to one endpoint, in one round of attempts.
type Deliver struct {
	DeliveryID string `json:"delivery_id"`
	Round      int32  `json:"round"`
}

// Kind names the job in river_job.
func (Deliver) Kind() string { return "delivery" }

// Courier works deliveries.
type Courier struct {
	river.WorkerDefaults[Deliver]
	// Attempted hears of each attempt: the delivery's state after it, and how long it took. nil: nobody counts. It is set before the
	// first job.
	Attempted func(state string, took time.Duration)

	sender *Sender
	now    func() time.Time
	load   lots[string, db.DeliveriesToSendRow]
	record lots[attempt, struct{}]
}

// NewCourier makes one.
func NewCourier(pool *pgxpool.Pool, sender *Sender, now func() time.Time) *Courier {
	records := records{pool}
	return &Courier{
		sender: sender, now: now,
		load:   lots[string, db.DeliveriesToSendRow]{do: records.load},
		record: lots[attempt, struct{}]{do: records.store},
	}
}

// NextRetry is for where the database could not be asked; what an endpoint makes of an event is no error of the job's.
func (*Courier) NextRetry(job *river.Job[Deliver]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*time.Second, time.Minute))
}

// Work makes one attempt. One that is not recorded is made again, with the same id.
func (c *Courier) Work(ctx context.Context, job *river.Job[Deliver]) error {
	row, err := c.load.ask(ctx, job.Args.DeliveryID)
	if err != nil {
		return err
	}
	if row.ID == "" || row.Round != job.Args.Round {
		return nil // done, deleted, or another round's job is at it
	}
	if row.Url == nil || row.DisabledAt != nil {
		_, err := c.record.ask(ctx, givenUp(row, c.now()))
		return err
	}
	at := c.now()
	came := c.sender.send(ctx, messageOf(row, at), at)
	if errors.Is(ctx.Err(), context.Canceled) {
		return river.JobSnooze(0) // the process ends: the next one makes the attempt again
	}
	a := attempted(row, came, at, c.now())
	if c.Attempted != nil {
		c.Attempted(a.State, c.now().Sub(at))
	}
	if _, err := c.record.ask(context.WithoutCancel(ctx), a); err != nil { // also where its time was up by then: it was made
		return err
	}
	if a.NextAttemptAt != nil {
		return river.JobSnooze(max(0, a.NextAttemptAt.Sub(c.now())))
	}
	return nil
}

// messageOf is signed by the secret, and for a while after a rotation by the former ones too: who rotates again, since the answer
// was lost, still holds one of before.
func messageOf(row db.DeliveriesToSendRow, at time.Time) message {
	m := message{url: *row.Url, id: row.EventID, body: row.Body, secrets: []string{*row.Secret}}
	for i, until := range row.FormerUntil {
		if at.Before(until) {
			m.secrets = append(m.secrets, row.FormerSecrets[i])
		}
	}
	return m
}

// attempted is the attempt that came to a result by now, and when the next one is.
func attempted(row db.DeliveriesToSendRow, came result, at, now time.Time) attempt {
	a := attempt{
		ID: row.ID, endpointID: row.EndpointID, At: at.UTC(), Round: row.Round, Tries: row.Tries + 1, State: delivered,
		Attempt: &made{At: at.UTC(), Status: orNone(came.status), Error: orNil(came.failure)},
	}
	if came.failure == "" {
		return a
	}
	a.State = failed
	if next, ok := nextAttempt(int(a.Tries), now); ok {
		a.State, a.NextAttemptAt = pending, &next
	}
	return a
}

// givenUp is a delivery to an endpoint that was deleted or switched off: no attempt is made.
func givenUp(row db.DeliveriesToSendRow, at time.Time) attempt {
	return attempt{ID: row.ID, Round: row.Round, Tries: row.Tries, State: failed, At: at.UTC()}
}

// nextAttempt is when the next one follows so many; ok is false where that were enough. Each wait is longer by up to a tenth, so
// that what failed at one moment does not come back at one.
func nextAttempt(tries int, now time.Time) (next time.Time, ok bool) {
	if tries > len(repeats) {
		return now, false
	}
	wait := repeats[tries-1]
	return now.Add(wait + rand.N(wait/10)).UTC(), true
}

func orNone(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}
