package webhook

import (
	"context"
	"errors"
	"slices"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// LotSize is how many events a lot has at most: what somebody can wait for.
const LotSize = 1000

// Lot is what became of some of the failed events.
type Lot struct {
	Replays
	Events int
	Next   string // the cursor of the lot behind it; "" where there are no others
}

// ReplayLot applies the next of the failed events that the filter takes again, the oldest first, from where the lot of the cursor ended
// ("": from the first). Where it ends early, it can be called again: nothing happens twice.
func (h *Handler) ReplayLot(ctx context.Context, f registry.EventFilter, cursor string, by account.Actor) (Lot, error) {
	f.Outcome = registry.Failed
	lot := Lot{Replays: newReplays()}
	ids, next, err := h.cfg.Registry.FailedLot(ctx, f, cursor, LotSize)
	if err != nil {
		return lot, err
	}
	lot.Events, lot.Next = len(ids), next
	if len(ids) == 0 {
		return lot, nil
	}
	if err := h.cfg.Registry.ReplayingAll(ctx, f, by); err != nil {
		return lot, err
	}
	var notStored []error
	for batch := range slices.Chunk(ids, batchSize) {
		events, err := h.cfg.Registry.StoredEvents(ctx, batch)
		if err != nil {
			return lot, errors.Join(append(notStored, err)...)
		}
		if _, err := h.replayBatch(ctx, events, lot.Replays); err != nil {
			notStored = append(notStored, err)
		}
	}
	return lot, errors.Join(notStored...)
}
