// Package webhook takes Stripe's events: it verifies the signature over the raw body, reads the event, hands what it says to
// the registry, and only then answers.
//
// It may import account, client (their data), logging, notify (the types of what is told), registry, stripeapi (the one
// parser of Stripe's objects), tracing and upload. Its one rule: store, then answer 200. What could not be stored gets a
// 500, or a 503 where too much waits, so that Stripe sends it again.
package webhook

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/connectd/connectd/internal/logging"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/tracing"
	"github.com/connectd/connectd/internal/upload"
)

const maxBody = 1 << 20 // bytes; Stripe's events are far smaller

// Config is what the handler needs.
type Config struct {
	Registry *registry.Registry
	// Secrets are the endpoints' signing secrets (whsec_…): any of them may have signed.
	Secrets []string
	// Livemode is the mode of this database; an event of the other is recorded as ignored.
	Livemode bool
	// Stored hears of each event that was delivered and stored, with what became of it. nil: nobody counts.
	Stored func(eventType string, out registry.Outcome, created, at time.Time)
	Logger *slog.Logger
}

// Handler answers Stripe's deliveries. It is safe for concurrent use.
type Handler struct{ cfg Config }

// New makes the handler of POST /api/connectWebhook.
func New(cfg Config) *Handler {
	if cfg.Stored == nil {
		cfg.Stored = func(string, registry.Outcome, time.Time, time.Time) {}
	}
	return &Handler{cfg: cfg}
}

// receipt is the answer to a delivery that was stored.
type receipt struct {
	Received bool          `json:"received"`
	Event    receivedEvent `json:"event"`
}

type receivedEvent struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := upload.Read(w, r, maxBody)
	switch {
	case errors.Is(err, upload.ErrTooLarge):
		http.Error(w, "The event is larger than 1 MiB.", http.StatusRequestEntityTooLarge)
		return
	case errors.Is(err, upload.ErrTooSlow):
		http.Error(w, "The event took too long to arrive.", http.StatusRequestTimeout)
		return
	case err != nil:
		http.Error(w, "The event could not be read.", http.StatusBadRequest)
		return
	}
	if err := h.verify(body, r.Header.Get("Stripe-Signature")); err != nil {
		http.Error(w, "Webhook Error: "+err.Error(), http.StatusUnauthorized)
		return
	}
	e, err := readEvent(body)
	if err != nil {
		http.Error(w, "Webhook Error: "+err.Error(), http.StatusBadRequest)
		return
	}
	h.store(w, r, e)
}

func (h *Handler) store(w http.ResponseWriter, r *http.Request, e event) {
	ctx := logging.With(r.Context(), slog.String("event", e.ID), slog.String("account", e.Account.id()))
	tracing.Event(ctx, e.ID, e.Type)
	outs, err := h.cfg.Registry.Observe(ctx, []registry.Observation{e.observation(h.cfg.Livemode)})
	switch {
	case errors.Is(err, registry.ErrFull), errors.Is(err, registry.ErrClosed):
		http.Error(w, "Too much is waiting; send the event again.", http.StatusServiceUnavailable)
		return
	case err != nil:
		h.cfg.Logger.ErrorContext(ctx, "an event could not be stored", "type", e.Type, "error", err)
		http.Error(w, "The event could not be stored; send it again.", http.StatusInternalServerError)
		return
	}
	h.cfg.Stored(e.Type, outs[0], time.Unix(int64(e.Created), 0), time.Now())
	h.cfg.Logger.DebugContext(ctx, "event", "type", e.Type, "outcome", outs[0].Result, "why", outs[0].Why)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(receipt{Received: true, Event: receivedEvent{ID: e.ID, Type: e.Type}})
}
