package webhook_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	ours "github.com/connectd/connectd/internal/webhook"
)

// paidAt is a paid Checkout, as Stripe's list has it.
func paidAt(id, session string, created int64) stripeEvent {
	e := happened(id, "checkout.session.completed", `{"id":"`+session+`","object":"checkout.session","payment_status":"paid","amount_total":100,"currency":"eur"}`)
	e.Created = created
	return e
}

func (r *receiver) takeAll(events ...stripeEvent) ours.Taken {
	r.t.Helper()
	raw := make([]json.RawMessage, len(events))
	for i, e := range events {
		raw[i] = e.json(r.t)
	}
	taken, err := r.handler().Take(r.t.Context(), "acct_1", raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return taken
}

// TestWhatStripeListsIsTakenAsDelivered: each once, by event and by session, whatever came before or comes afterwards, the oldest
// first, and also where the event does not name the account that was asked for.
func TestWhatStripeListsIsTakenAsDelivered(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	delivered := paidAt("evt_1", "cs_1", 1_700_000_001)
	r.take(delivered)
	nameless := paidAt("evt_3", "cs_3", 1_700_000_003)
	nameless.Account = ""
	list := []stripeEvent{nameless, paidAt("evt_2", "cs_2", 1_700_000_002), delivered}
	for i, want := range []ours.Taken{{Missed: 2}, {}} {
		if diff := cmp.Diff(want, r.takeAll(list...)); diff != "" {
			t.Errorf("time %d:\n%s", i+1, diff)
		}
	}
	again := nameless
	again.Account = "acct_1"
	r.take(again)
	var told []string
	for _, e := range r.told() {
		var data struct {
			SessionID string `json:"session_id"`
			AccountID string `json:"account_id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		told = append(told, e.Type+" "+data.SessionID+" "+data.AccountID)
	}
	want := []string{"checkout.paid cs_1 acct_1", "checkout.paid cs_2 acct_1", "checkout.paid cs_3 acct_1"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestWhatIsNoEventCostsNoOther of a list, and what is not stored is an error.
func TestWhatIsNoEventCostsNoOther(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	broken := paidAt("", "cs_0", 1)
	if diff := cmp.Diff(ours.Taken{Missed: 1, Unreadable: 1}, r.takeAll(broken, paidAt("evt_1", "cs_1", 1_700_000_001))); diff != "" {
		t.Error(diff)
	}
	if err := r.registry.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	handler := ours.New(ours.Config{Registry: r.registry, Logger: slog.New(slog.DiscardHandler)})
	if _, err := handler.Take(t.Context(), "acct_1", []json.RawMessage{paidAt("evt_2", "cs_2", 1_700_000_002).json(t)}); err == nil {
		t.Error("what could not be stored is no error")
	}
}

// TestStatelessAreTheTypesThatAreTold once an event or a session, and handled.
func TestStatelessAreTheTypesThatAreTold(t *testing.T) {
	t.Parallel()
	want := []string{"checkout.session.async_payment_succeeded", "checkout.session.completed", "payout.failed"}
	if got := ours.Stateless(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
