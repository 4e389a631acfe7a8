package overview

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	// Window is how far back sellers' starts are looked at.
	Window = 90 * 24 * time.Hour
	// Quiet is how long a seller has not come on who has stopped.
	Quiet = 7 * 24 * time.Hour

	startsKept      = 365 * 24 * time.Hour
	forgottenAtOnce = 10_000
	mostStops       = 50

	// To look at starts takes the longer the more there are, and is done the less often.
	leastRest = 5 * time.Second
	restEach  = 10 * time.Millisecond
	restKept  = 100 * time.Microsecond // of each start that is kept: all are read
	// lookFor is how long whoever looks is alone: another does if that one was cut off.
	lookFor = 10 * time.Minute
)

// Starts are how sellers came from their link to transacting, as looked at from time to time.
type Starts struct {
	// Of the sellers whose first link was made within Window: how many have come so far.
	Linked, Opened, Connected, Detailed, Able int64
	// Of those who came to the end of it within Window.
	ToConnect, ToTransact, InAll Took
	// Where those stand who began within Window and have not come on for Quiet, most first.
	Stopped []Stop
}

// Took is how long sellers took.
type Took struct {
	Sellers        int64
	Median, Ninety time.Duration // within which half of them, and nine of ten, arrived
}

// Step is how far a seller has come.
type Step string

// The steps, in their order.
const (
	Linked    Step = "linked"
	Opened    Step = "opened"
	Connected Step = "connected"
	Detailed  Step = "detailed"
)

// Stop is a place where sellers stand: how far they have come, and what keeps them from the end.
type Stop struct {
	Step Step
	Cause
	Sellers int64
	Newest  []string // of their ids, who came there last first; at most 5
}

// lookAtStarts makes the figures of the starts anew where it is time to, and forgets what is too old for them. It takes long where
// there are many, and so holds no lock.
func (s *Service) lookAtStarts(ctx context.Context, now time.Time) error {
	q := s.q
	claimed, err := q.ClaimStarts(ctx, db.ClaimStartsParams{At: now, Until: now.Add(lookFor)})
	if err != nil {
		return fmt.Errorf("claim the look at the starts: %w", err)
	}
	if claimed == 0 {
		return nil
	}
	if _, err := q.ForgetStarts(ctx, db.ForgetStartsParams{Before: now.Add(-startsKept), N: forgottenAtOnce}); err != nil {
		return fmt.Errorf("forget old starts: %w", err)
	}
	found, kept, err := startsAt(ctx, q, now)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("encode the starts: %w", err)
	}
	seen := max(found.Linked, found.ToConnect.Sellers, found.ToTransact.Sellers)
	rest := max(leastRest, time.Duration(seen)*restEach, time.Duration(kept)*restKept)
	if err := q.SetStarts(ctx, db.SetStartsParams{Starts: encoded, At: now, DueAt: now.Add(rest)}); err != nil {
		return fmt.Errorf("store the starts: %w", err)
	}
	return nil
}

// startsAt answers how many starts are kept, too.
func startsAt(ctx context.Context, q *db.Queries, now time.Time) (s Starts, kept int64, err error) {
	since := now.Add(-Window)
	n, err := q.CountStarts(ctx, since)
	if err != nil {
		return Starts{}, 0, fmt.Errorf("count how far sellers have come: %w", err)
	}
	took, err := q.TimeStarts(ctx, since)
	if err != nil {
		return Starts{}, 0, fmt.Errorf("read how long sellers took: %w", err)
	}
	stops, err := q.StoppedStarts(ctx, db.StoppedStartsParams{Since: since, QuietSince: now.Add(-Quiet), N: mostStops})
	if err != nil {
		return Starts{}, 0, fmt.Errorf("read where sellers stopped: %w", err)
	}
	s = Starts{
		Linked: n.Linked, Opened: n.Opened, Connected: n.Connected, Detailed: n.Detailed, Able: n.Able,
		ToConnect: tookOf(took.Connected, took.ToConnect), ToTransact: tookOf(took.Able, took.ToTransact),
		InAll: tookOf(took.Arrived, took.InAll),
	}
	for _, row := range stops {
		s.Stopped = append(s.Stopped, Stop{
			Step: Step(row.Step), Cause: causeFrom(row.Code, row.DisabledReason, row.Requirement), Sellers: row.Sellers, Newest: row.Newest,
		})
	}
	return s, n.Kept, nil
}

func tookOf(sellers int64, seconds []float64) Took {
	if len(seconds) < 2 {
		return Took{Sellers: sellers}
	}
	return Took{Sellers: sellers, Median: ofSeconds(seconds[0]), Ninety: ofSeconds(seconds[1])}
}

func ofSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
