package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/db"
)

// CountedAtMost is how far what waits and what has failed is counted.
const CountedAtMost = 1000

// untriedAmong is how many of an endpoint's newest deliveries are looked at for those that were never tried: all others were, or
// there are so many that the count is cut.
const untriedAmong = 200

// Health is how an endpoint does, for people.
type Health struct {
	client.EventEndpoint
	// FailingSince is when the first of the attempts was made that have all failed since; nil where the last one did not.
	FailingSince *time.Time
	// LastFailure says why the last attempt failed; "" where it did not.
	LastFailure string
	// AnsweredAt is when the endpoint last took something, to the minute; nil where it never did, or not since that is kept.
	AnsweredAt *time.Time
	// Waiting is how many deliveries are still to be made, of which there may be more; Failed is how many have failed within a day,
	// CountedAtMost + 1 is more.
	Waiting, Failed int
	MoreWaiting     bool
	// WaitingSince is when the oldest of those was made that are still to be; nil where none is.
	WaitingSince *time.Time
}

// Health is how all endpoints do, newest first: there are at most 100.
func (e *Endpoints) Health(ctx context.Context) ([]Health, error) { return e.health(ctx, "") }

// HealthOf is how one endpoint does.
func (e *Endpoints) HealthOf(ctx context.Context, id string) (Health, error) {
	if id == "" {
		return Health{}, noEndpoint(id)
	}
	found, err := e.health(ctx, id)
	if err != nil {
		return Health{}, err
	}
	if len(found) == 0 {
		return Health{}, noEndpoint(id)
	}
	return found[0], nil
}

func (e *Endpoints) health(ctx context.Context, id string) ([]Health, error) {
	rows, err := e.q.EndpointsHealth(ctx, db.EndpointsHealthParams{
		ID: id, FailedAfter: e.now().Add(-day), Most: CountedAtMost + 1, Newest: untriedAmong, Types: everyType(),
	})
	if err != nil {
		return nil, fmt.Errorf("read how event endpoints do: %w", err)
	}
	all := make([]Health, len(rows))
	for i, row := range rows {
		all[i] = healthOf(row)
	}
	return all, nil
}

func healthOf(row db.EndpointsHealthRow) Health {
	h := Health{
		EventEndpoint: shown(row.EventEndpoint), FailingSince: row.EventEndpoint.FailingSince, AnsweredAt: row.EventEndpoint.AnsweredAt,
		LastFailure: client.Text(row.EventEndpoint.LastFailure), Failed: int(row.Failed),
		Waiting: int(row.Waiting + row.Untried), MoreWaiting: row.Waiting > CountedAtMost || row.Untried == untriedAmong,
	}
	if h.Waiting > 0 {
		h.WaitingSince = &row.Oldest
	}
	return h
}

// everyType is of all deliveries: Types, and what is sent when somebody asks for it.
func everyType() []string { return append(Types(), Test) }
