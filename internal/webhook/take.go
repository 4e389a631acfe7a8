package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/connectd/connectd/internal/registry"
)

// Stateless are the event types that tell what no retrieval of the account would: missed, they are to be asked for.
func Stateless() []string {
	var types []string
	for _, r := range table {
		if r.stateless {
			types = append(types, r.types...)
		}
	}
	slices.Sort(types)
	return types
}

// Taken says what became of events that Stripe was asked for.
type Taken struct {
	Missed     int // those that had not come yet
	Unreadable int // those that are no events
}

// Take stores events of an account that Stripe was asked for, newest first, as if they had been delivered, the oldest first.
// What has come already has no effect again. An error says that not all of them are stored.
func (h *Handler) Take(ctx context.Context, accountID string, events []json.RawMessage) (Taken, error) {
	var taken Taken
	var obs []registry.Observation
	for _, body := range slices.Backward(events) {
		e, err := readEvent(body)
		if err != nil {
			h.cfg.Logger.Error("an event that Stripe lists could not be read", "account", accountID, "error", err)
			taken.Unreadable++
			continue
		}
		if e.Account == "" { // Stripe names the account where it delivers to the platform, which account asked here is known anyway
			e.Account = reference(accountID)
		}
		obs = append(obs, e.observation(h.cfg.Livemode))
	}
	outs, err := h.cfg.Registry.Observe(ctx, obs)
	if err != nil {
		return taken, fmt.Errorf("store events of account %s: %w", accountID, err)
	}
	for _, out := range outs {
		if !out.Repeated {
			taken.Missed++
		}
	}
	return taken, nil
}
