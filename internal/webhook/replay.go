package webhook

import (
	"context"
	"errors"
	"fmt"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// Replay applies a stored event again and returns it as it is stored then; the audit keeps who asked for it. One that is not known is account.NotFound, one
// that can't be applied for want of its payload account.Conflict.
func (h *Handler) Replay(ctx context.Context, id string, by account.Actor) (client.StripeEvent, error) {
	stored, err := h.cfg.Registry.StoredEvent(ctx, id)
	if err != nil {
		return client.StripeEvent{}, err
	}
	o, err := h.replayed(stored)
	if err != nil {
		return client.StripeEvent{}, err
	}
	if err := h.cfg.Registry.Replaying(ctx, stored, by); err != nil {
		return client.StripeEvent{}, err
	}
	if _, err := h.cfg.Registry.Observe(ctx, []registry.Observation{o}); err != nil {
		return client.StripeEvent{}, fmt.Errorf("replay event %s: %w", id, err)
	}
	return h.cfg.Registry.StripeEvent(ctx, id)
}

// Replays says how many events were replayed, by the outcome that each has since.
type Replays struct {
	Outcomes map[registry.Result]int
	// Skipped are those that can't be applied for want of their payloads. They keep their outcomes.
	Skipped map[registry.Result]int
}

func newReplays() Replays {
	return Replays{Outcomes: map[registry.Result]int{}, Skipped: map[registry.Result]int{}}
}

// StillFailed is how many of the events are failed ones, replayed or not.
func (r Replays) StillFailed() int { return r.Outcomes[registry.Failed] + r.Skipped[registry.Failed] }

const batchSize = 256 // a committer's group

// ReplayAll applies the stored events that the filter takes again, in the order of created, and calls progress after each
// batch. Where it ends early, it can be called again: nothing happens twice.
func (h *Handler) ReplayAll(ctx context.Context, f registry.EventFilter, by account.Actor, progress func(Replays)) (Replays, error) {
	total := newReplays()
	if err := h.cfg.Registry.ReplayingAll(ctx, f, by); err != nil {
		return total, err
	}
	var notStored []error
	err := h.cfg.Registry.EachEvent(ctx, f, batchSize, func(events []registry.StoredEvent) error {
		some, err := h.replayBatch(ctx, events, total)
		if err != nil && !some {
			return err
		}
		if err != nil {
			notStored = append(notStored, err)
		}
		progress(total)
		return nil
	})
	return total, errors.Join(append(notStored, err)...)
}

// replayBatch adds to total. some is false where none of the events could be stored.
func (h *Handler) replayBatch(ctx context.Context, events []registry.StoredEvent, total Replays) (some bool, err error) {
	var replayed []registry.StoredEvent
	var obs []registry.Observation
	for _, e := range events {
		o, err := h.replayed(e)
		if err != nil {
			total.Skipped[e.Outcome.Result]++
			continue
		}
		replayed, obs = append(replayed, e), append(obs, o)
	}
	outs, err := h.cfg.Registry.Observe(ctx, obs)
	for i, out := range outs {
		if out.Result != "" {
			total.Outcomes[outcomeNow(replayed[i], out)]++
			some = true
		}
	}
	if err != nil {
		return some, fmt.Errorf("replay events: %w", err)
	}
	return true, nil
}

// outcomeNow: what was applied once stays applied, whatever its replay came to.
func outcomeNow(e registry.StoredEvent, out registry.Outcome) registry.Result {
	if e.Outcome.Result == registry.Applied {
		return registry.Applied
	}
	return out.Result
}

// replayed is what a stored event says, to be applied again.
func (h *Handler) replayed(stored registry.StoredEvent) (registry.Observation, error) {
	e, err := h.restored(stored)
	if err != nil {
		return registry.Observation{}, err
	}
	return e.observation(h.cfg.Livemode).Replayed(), nil
}

// restored is the event as far as it was kept: its payload has an event's form; without one there are the columns.
func (h *Handler) restored(stored registry.StoredEvent) (event, error) {
	otherMode := stored.Outcome.Why == ofTheOtherMode
	if stored.Payload != "" {
		if e, err := readEvent([]byte(stored.Payload)); err == nil {
			return e, nil
		}
	}
	if actions[stored.Type].needsObject && stored.Account != "" && !otherMode {
		return event{}, account.Errorf(account.Conflict,
			"Of event %s no payload was kept, without which it can't be applied; re-check account %s instead.", stored.ID, stored.Account)
	}
	return event{
		ID: stored.ID, Object: isEvent, Type: stored.Type, Account: reference(stored.Account), Created: seconds(stored.Created.Unix()),
		Livemode: modeOf(h.cfg.Livemode != otherMode),
	}, nil
}
