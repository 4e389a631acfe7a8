package webhook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	ours "github.com/connectd/connectd/internal/webhook"
)

// store stores an event past the handler, as an older version would have that could not read it.
func (r *receiver) store(e stripeEvent, outcome registry.Result, why, payload string) {
	r.t.Helper()
	_, err := r.pool.Exec(r.t.Context(), `insert into stripe_events values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''))`,
		e.ID, e.Type, e.Account, time.Unix(e.Created, 0), time.Now(), outcome, why, payload)
	if err != nil {
		r.t.Fatal(err)
	}
}

// wantReplay replays an event and holds what has become of it.
func (r *receiver) wantReplay(id string, outcome registry.Result, why string) {
	r.t.Helper()
	e, err := r.handler().Replay(r.t.Context(), id, account.Actor{Name: "test"})
	if err != nil {
		r.t.Fatal(err)
	}
	got := ""
	if e.Why != nil {
		got = *e.Why
	}
	if e.ID != id || e.Outcome != string(outcome) || got != why {
		r.t.Errorf("event %s is %s (%s), want %s (%s)", e.ID, e.Outcome, got, outcome, why)
	}
}

func TestReplayAppliesWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", works)
	r.store(e, registry.Failed, "no reader", string(e.json(t)))
	r.wantStatus("s1", account.Incomplete)
	r.wantReplay("evt_1", registry.Applied, "")
	r.wantStatus("s1", account.Enabled)
	r.wantReplay("evt_1", registry.Applied, "")
	if n := r.count("select count(*) from audit where actor = 'test' and action = 'replay' and subject = 'evt_1' and account_id = 'acct_1'"); n != 2 {
		t.Errorf("the audit has %d replays, want both", n)
	}
	if n := r.count("select count(*) from account_changes where event_id = 'evt_1'"); n != 1 {
		t.Errorf("the event made %d changes", n)
	}
}

func TestReplayOfWhatStillCantBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", works)
	e.Account = "acct_2"
	r.store(e, registry.Failed, "no reader", string(e.json(t)))
	r.wantReplay("evt_1", registry.Failed, "the event is of account acct_2 and its object of acct_1")
}

func TestReplayWithoutAPayload(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", works)
	for _, payload := range []string{"", "{}"} { // never kept, and erased
		e.ID += "x"
		r.store(e, registry.Disregard, "no such account here", payload)
		if _, err := r.handler().Replay(t.Context(), e.ID, account.Actor{Name: "test"}); account.KindOf(err) != account.Conflict {
			t.Errorf("a payload that is needed and is %q: %v", payload, err)
		}
	}
	e.ID, e.Type = "evt_2", "account.application.deauthorized"
	r.store(e, registry.Disregard, "no such account here", "")
	r.wantReplay("evt_2", registry.Applied, "")
	r.wantStatus("s1", account.Disconnected)
	e.ID, e.Type = "evt_3", "application_fee.created"
	r.take(e)
	r.wantReplay("evt_3", registry.Disregard, "nothing is done for this type")
	if _, err := r.handler().Replay(t.Context(), "evt_none", account.Actor{Name: "test"}); account.KindOf(err) != account.NotFound {
		t.Errorf("an unknown event: %v", err)
	}
}

// TestReplayKeepsTheModesApart: the row of an ignored event has no payload that would say the mode.
func TestReplayKeepsTheModesApart(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for i, typ := range []string{"account.application.deauthorized", "account.updated"} {
		e := updated(fmt.Sprint("evt_", i), works)
		e.Type, e.Livemode = typ, true
		r.take(e)
		r.wantReplay(e.ID, registry.Disregard, "of the other mode")
	}
	r.wantStatus("s1", account.Incomplete)
}

func TestReplayOfAllGoesInStripesOrder(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	now := time.Now().Unix()
	for i := range 300 { // of which the first stored was created last
		e := updated(fmt.Sprintf("evt_%03d", i), works)
		e.Created = now - int64(i)
		r.store(e, registry.Failed, "no reader", string(e.json(t)))
	}
	lost := updated("evt_lost", works)
	r.store(lost, registry.Failed, "no object", "")
	filter := registry.EventFilter{Outcome: registry.Failed}
	var batches []int
	got, err := r.handler().ReplayAll(t.Context(), filter, account.Actor{Name: "test"}, func(so ours.Replays) {
		batches = append(batches, so.Outcomes[registry.Applied])
	})
	want := ours.Replays{
		Outcomes: map[registry.Result]int{registry.Applied: 300}, Skipped: map[registry.Result]int{registry.Failed: 1},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" || got.StillFailed() != 1 {
		t.Errorf("%v %s", err, diff)
	}
	if len(batches) != 2 || batches[1] != 300 || batches[0] >= 300 {
		t.Errorf("progress was told as %v", batches)
	}
	r.wantStatus("s1", account.Enabled)
	again, err := r.handler().ReplayAll(t.Context(), filter, account.Actor{Name: "test"}, func(ours.Replays) {})
	if err != nil || len(again.Outcomes) != 0 || again.StillFailed() != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestReplayOfAllCountsWhatWasAppliedAsApplied(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	older, newer := updated("evt_1", works), updated("evt_2", works)
	older.Created--
	r.take(older)
	r.take(newer)
	changes := r.count("select count(*) from account_changes")
	got, err := r.handler().ReplayAll(t.Context(), registry.EventFilter{}, account.Actor{Name: "test"}, func(ours.Replays) {})
	if err != nil || got.Outcomes[registry.Applied] != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := r.count("select count(*) from account_changes"); n != changes {
		t.Errorf("%d changes became %d", changes, n)
	}
}

// TestReplayStopsWhereNothingCanBeStored instead of failing with each event in turn.
func TestReplayStopsWhereNothingCanBeStored(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.take(updated("evt_1", works))
	_ = r.registry.Close(t.Context())
	if got, err := r.handler().ReplayAll(t.Context(), registry.EventFilter{}, account.Actor{Name: "test"}, func(ours.Replays) {}); err == nil {
		t.Errorf("%+v, and no error", got)
	}
	if _, err := r.handler().Replay(t.Context(), "evt_1", account.Actor{Name: "test"}); err == nil {
		t.Error("a replay that was not stored has no error")
	}
}
