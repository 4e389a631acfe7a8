package webhook_test

import (
	"fmt"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	ours "github.com/connectd/connectd/internal/webhook"
)

// TestFailedEventsAreReplayedLotByLot: each is looked at once, also those that fail again, and the audit has each lot.
func TestFailedEventsAreReplayedLotByLot(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for i := range 3 {
		e := updated(fmt.Sprintf("evt_%d", i), works)
		e.Created += int64(i)
		r.store(e, registry.Failed, "no reader", string(e.json(t)))
	}
	r.store(updated("evt_bare", works), registry.Failed, "no reader", "")
	_, err := r.pool.Exec(t.Context(), `insert into stripe_events (id, type, account, created, received_at, outcome, payload)
		select 'evt_old_' || i, 'account.updated', 'acct_1', '2020-01-01', '2020-01-01', 'failed', '{}' from generate_series(1, $1) i`, ours.LotSize)
	if err != nil {
		t.Fatal(err)
	}
	var lots []ours.Lot
	for cursor := ""; ; {
		lot, err := r.handler().ReplayLot(t.Context(), registry.EventFilter{Type: "account.updated"}, cursor, account.Actor{Name: "admin"})
		if err != nil {
			t.Fatal(err)
		}
		lots = append(lots, lot)
		if cursor = lot.Next; cursor == "" {
			break
		}
	}
	if len(lots) != 2 || lots[0].Events != ours.LotSize || lots[0].Skipped[registry.Failed] != ours.LotSize {
		t.Fatalf("%d lots, the first: %+v", len(lots), lots[0])
	}
	if last := lots[1]; last.Events != 4 || last.Outcomes[registry.Applied] != 3 || last.StillFailed() != 1 {
		t.Errorf("the last lot: %+v", last)
	}
	r.wantStatus("s1", account.Enabled)
	if n := r.count("select count(*) from audit where actor = 'admin' and action = 'replay' and subject = 'events failed account.updated'"); n != 2 {
		t.Errorf("the audit has %d lots", n)
	}
	lot, err := r.handler().ReplayLot(t.Context(), registry.EventFilter{Account: "acct_2"}, "", account.Actor{Name: "admin"})
	if err != nil || lot.Events != 0 || r.count("select count(*) from audit") != 2 {
		t.Errorf("of none: %+v (%v)", lot, err)
	}
}
