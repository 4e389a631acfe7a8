package catchup

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/db"
)

// Hearing is what Stripe says of the webhook endpoint.
type Hearing string

// What it may say.
const (
	Unknown     Hearing = ""       // nobody has asked
	Silent      Hearing = "silent" // it knows none, or does not say
	Enabled     Hearing = "enabled"
	SwitchedOff Hearing = "switched off"
)

// occasion is when a process ticks.
type occasion int

const (
	atStart occasion = iota
	meanwhile
)

// heartbeat is the row, and when an event was last heard; what is not known is nil.
type heartbeat struct {
	at                *time.Time
	deafSince         *time.Time
	endpointCheckedAt *time.Time
	heardAt           *time.Time
}

func lockHeartbeat(ctx context.Context, q *db.Queries) (heartbeat, error) {
	row, err := q.LockHeartbeat(ctx)
	if err != nil {
		return heartbeat{}, fmt.Errorf("lock the heartbeat: %w", err)
	}
	heard, err := q.LastHeardAt(ctx)
	if err != nil {
		return heartbeat{}, fmt.Errorf("read when an event was last heard: %w", err)
	}
	h := heartbeat{at: row.At, deafSince: row.DeafSince, endpointCheckedAt: row.EndpointCheckedAt}
	if len(heard) > 0 {
		h.heardAt = &heard[0]
	}
	return h, nil
}

func (h heartbeat) store(ctx context.Context, q *db.Queries) error {
	err := q.SetHeartbeat(ctx, db.SetHeartbeatParams{At: *h.at, DeafSince: h.deafSince, EndpointCheckedAt: h.endpointCheckedAt})
	if err != nil {
		return fmt.Errorf("store the heartbeat: %w", err)
	}
	return nil
}

// beat is the heartbeat after a beat at now, and the gap that it shows, or nil. That no event comes is none: on a quiet platform
// nothing happens. Where nobody was alive for longer than longest, what has happened since the last beat is in doubt; where
// Stripe has switched the endpoint off, what has happened since the last event that came, and once more when it is on again.
func (h heartbeat) beat(now time.Time, heard Hearing, when occasion, longest time.Duration) (heartbeat, *gap) {
	found := h.silence(now, longest)
	if deaf := h.deafness(now, heard, when, longest); deaf != nil {
		found = found.and(*deaf)
	}
	next := h
	if h.at == nil || h.at.Before(now) || h.at.Sub(now) > longest {
		next.at = &now
	}
	if heard != Unknown {
		next.endpointCheckedAt = &now
	}
	switch {
	case heard == Enabled:
		next.deafSince = nil
	case found != nil && (h.deafSince != nil || heard == SwitchedOff):
		next.deafSince = &now // up to now the gap has it
	}
	return next, found
}

// silence: a row that is ahead is of a clock that was, and hides for how long nobody was alive.
func (h heartbeat) silence(now time.Time, longest time.Duration) *gap {
	switch {
	case h.at == nil:
		return nil
	case now.Sub(*h.at) > longest:
		return &gap{h.lastSign(now), fmt.Sprintf("connectd was down from %s to %s", inWords(*h.at), inWords(now))}
	case h.at.Sub(now) > longest:
		return &gap{h.lastSign(now), "a clock was ahead, so that it is not known for how long connectd was down"}
	}
	return nil
}

func (h heartbeat) deafness(now time.Time, heard Hearing, when occasion, longest time.Duration) *gap {
	switch {
	case heard == SwitchedOff && h.deafSince == nil:
		since := now.Add(-reach)
		if h.heardAt != nil {
			since = earlier(*h.heardAt, now)
		}
		return &gap{since, "Stripe has switched the webhook endpoint off"}
	case heard == SwitchedOff && when == atStart && now.Sub(*h.deafSince) > longest:
		return &gap{*h.deafSince, "Stripe has the webhook endpoint switched off still"}
	case heard == Enabled && h.deafSince != nil:
		return &gap{*h.deafSince, "the webhook endpoint was switched off until now"}
	}
	return nil
}

// lastSign is until when somebody was alive to hear: the last beat, or when the endpoint was switched off before that.
func (h heartbeat) lastSign(now time.Time) time.Time {
	sign := now.Add(-reach)
	switch {
	case h.at != nil:
		sign = earlier(*h.at, now)
	case h.heardAt != nil:
		sign = earlier(*h.heardAt, now)
	}
	if h.deafSince != nil {
		sign = earlier(sign, *h.deafSince)
	}
	return sign
}

func inWords(at time.Time) string { return at.UTC().Format(time.RFC3339) }
