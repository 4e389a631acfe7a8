package catchup_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/sandboxtest"
)

// TestWhatWasMissedIsCaughtUpWith: states by the sweep, paid Checkouts and failed payouts by one call an account, each once; what
// is gone is not asked for.
func TestWhatWasMissedIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(8)
	p.box.ChangeSilently(ids[0], sandboxtest.Patch{"charges_enabled": false})
	p.box.DeauthorizeSilently(ids[1])
	sessions := append(p.pay(ids[2], 3), p.pay(ids[3], 1)...)
	p.box.Emit(sandboxtest.Event{Type: "payout.failed", Account: ids[4], Data: map[string]string{"id": "po_1"}})
	before := p.pay(ids[5], 1) // told already
	p.exec(`insert into told values ('checkout.paid', $1, $2)`, before[0], p.now)

	p.beat()
	p.catchUp()
	p.wantTold(sessions...)
	if _, payouts := p.told(); payouts != 1 {
		t.Errorf("%d failed payouts were told, want 1", payouts)
	}
	for i, want := range []account.Status{account.Restricted, account.Disconnected, account.Enabled} {
		row, err := p.registry.Account(t.Context(), ids[i])
		if err != nil || row.Status != string(want) {
			t.Errorf("account %d is %s, want %s: %v", i, row.Status, want, err)
		}
	}
	times := p.listed()
	for i, id := range ids {
		want := 1
		if i == 1 {
			want = 0
		}
		if times[id] != want {
			t.Errorf("the events of account %d were listed %d times, want %d", i, times[id], want)
		}
	}
	if c := p.last(); c.Accounts != 7 || c.Events != 6 || c.Missed != 6 || c.Gone+c.Failed != 0 {
		t.Errorf("%+v", c)
	}
	p.wasDown(24 * time.Hour) // once more: nothing happens twice
	p.beat()
	p.catchUp()
	p.wantTold(sessions...)
	if c := p.last(); c.Events != 6 || c.Missed != 0 {
		t.Errorf("the second time: %+v", c)
	}
}

// TestCutOffInTheMiddle goes on from the page that was stored last, and asks for no account twice that was done.
func TestCutOffInTheMiddle(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(6)
	busy := ids[3]
	var sessions []string
	for i := range 250 {
		session := fmt.Sprintf("cs_%03d", i)
		p.box.Emit(sandboxtest.Event{
			Type: "checkout.session.completed", Account: busy, Created: p.now.Unix() - int64(i),
			Data: map[string]any{"id": session, "object": "checkout.session", "payment_status": "paid", "amount_total": 1, "currency": "eur"},
		})
		sessions = append(sessions, session)
	}
	p.beat()
	p.scan() // nothing is due yet
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan() // the sweep
	ctx, cut := context.WithCancel(t.Context())
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for p.count(`select count(*) from catch_up_accounts where account_id = $1 and after <> ''`, busy) == 0 && ctx.Err() == nil {
		}
		cut()
	})
	err := p.worker.Tick(ctx, p.now)
	cut()
	cutting.Wait()
	pages := p.listed()[busy]
	t.Logf("cut off after %d pages of the busy account (%v); %d accounts were left", pages, err, p.report().Left)

	p.now = p.now.Add(time.Minute) // claims have ended
	p.replica = p.open(registry.Brake{Accounts: 1000, Share: 1}, p.box.Key)
	p.catchUp()
	p.wantTold(sessions...)
	if n := p.listed()[busy]; n < 3 || n > pages+3 {
		t.Errorf("the busy account's events were listed %d times, %d of them before", n, pages)
	}
	if c := p.last(); c.Accounts != 6 {
		t.Errorf("%+v", c)
	}
}

// TestTroubleAtStripeLosesNothing: an account that gives no answer has its turn later, a refused key ends the work, and what is
// gone is gone only where the key is still this platform's.
func TestTroubleAtStripeLosesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		fault sandboxtest.Fault
		fails bool // the tick
	}{
		"500":              {fault: sandboxtest.Fault{Path: "/v1/events", Status: 500}},
		"429":              {fault: sandboxtest.Fault{Path: "/v1/events", Status: 429}},
		"cut off":          {fault: sandboxtest.Fault{Path: "/v1/events", Drop: true}},
		"a refused key":    {fault: sandboxtest.Fault{Path: "/v1/events", Status: 401}, fails: true},
		"another's key":    {fault: sandboxtest.Fault{Path: "/v1/*", Status: 403}, fails: true},
		"a narrow key":     {fault: sandboxtest.Fault{Path: "/v1/events", Status: 403, Code: "more_permissions_required"}, fails: true},
		"the first of all": {fault: sandboxtest.Fault{Path: "/v1/events", Status: 500, Times: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			ids := p.connect(3)
			sessions := append(p.pay(ids[0], 1), p.pay(ids[2], 1)...)
			p.beat()
			if err := p.worker.Tick(t.Context(), p.now); err != nil {
				t.Fatal(err)
			}
			p.scan()
			p.box.Fail(fault.fault)
			if err := p.worker.Tick(t.Context(), p.now); (err != nil) != fault.fails {
				t.Errorf("the tick: %v", err)
			}
			if p.isCaughtUp() {
				t.Fatalf("it has ended without an answer: %+v", p.last())
			}
			p.box.Fail()
			p.now = p.now.Add(time.Minute)
			p.catchUp()
			p.wantTold(sessions...)
			if c := p.last(); c.Gone+c.Failed != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestANoThatCanNotBeConfirmedIsAskedForAgain: whether it is about the key or the account shows when Stripe answers all else.
func TestANoThatCanNotBeConfirmedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, no := range map[string]sandboxtest.Fault{
		"forbidden": {Path: "/v1/events", Status: 403, Code: "not_allowed", Times: 1},
		"gone":      {Path: "/v1/events", Status: 403, Code: "account_invalid", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			ids := p.connect(3)
			sessions := p.pay(ids[0], 1)
			p.beat()
			if err := p.worker.Tick(t.Context(), p.now); err != nil {
				t.Fatal(err)
			}
			p.scan()
			p.box.Fail(no, sandboxtest.Fault{Path: "/v1/account", Status: 500})
			if err := p.worker.Tick(t.Context(), p.now); err != nil {
				t.Errorf("the tick: %v", err)
			}
			if n := p.count(`select count(*) from catch_up_accounts where failures = 1`); n != 1 {
				t.Errorf("%d accounts have failed once, want the one", n)
			}
			p.box.Fail()
			p.now = p.now.Add(time.Minute)
			p.catchUp()
			p.wantTold(sessions...)
		})
	}
}

// TestForbiddenAccountsAreNoOutage, however many: the key works, and the others are caught up with.
func TestForbiddenAccountsAreNoOutage(t *testing.T) {
	t.Parallel()
	const forbidden, others = 30, 10
	p := newPlace(t)
	p.connect(forbidden + others)
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan()
	p.box.Fail(sandboxtest.Fault{Path: "/v1/events", Status: 403, Code: "not_allowed", Times: forbidden})
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Errorf("the tick: %v", err)
	}
	if left := p.report().Left; left != forbidden {
		t.Errorf("%d accounts are left, want the %d forbidden ones", left, forbidden)
	}
}

// TestOneAccountsEventsHoldNobodyUp: Stripe refuses them to a key that works, or never answers; the others are caught up with, and
// after days so is all that can be.
func TestOneAccountsEventsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandboxtest.Fault{
		"forbidden": {Path: "/v1/events", Status: 403, Code: "not_allowed"}, "no answer": {Path: "/v1/events", Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.connect(3)
			p.beat()
			if err := p.worker.Tick(t.Context(), p.now); err != nil {
				t.Fatal(err)
			}
			p.scan()
			fault.Times = 1
			p.box.Fail(fault)
			if err := p.worker.Tick(t.Context(), p.now); err != nil || p.isCaughtUp() {
				t.Fatalf("the tick: %v; caught up: %t", err, p.isCaughtUp())
			}
			left, err := p.pool.Exec(t.Context(), `update catch_up_accounts set failures = 80`)
			if err != nil || left.RowsAffected() != 1 {
				t.Fatalf("%d accounts are left, want the one: %v", left.RowsAffected(), err)
			}
			fault.Times = 0
			p.box.Fail(fault)
			p.now = p.now.Add(time.Minute)
			if err := p.worker.Tick(t.Context(), p.now); err != nil || !p.isCaughtUp() {
				t.Fatalf("the tick after days: %v; caught up: %t", err, p.isCaughtUp())
			}
			if c := p.last(); c.Failed != 1 || c.Gone != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestNobodyIsGivenUpForAMomentsTrouble: only Stripe's failures to give an account's events count, and those in a row.
func TestNobodyIsGivenUpForAMomentsTrouble(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(1)
	sessions := p.pay(ids[0], 1)
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan()
	for _, status := range []int{429, 429, 500} {
		p.box.Fail(sandboxtest.Fault{Path: "/v1/events", Status: status})
		p.now = p.now.Add(time.Minute)
		_ = p.worker.Tick(t.Context(), p.now)
	}
	p.box.Fail()
	p.exec(`create function full_disk() returns trigger language plpgsql as $$ begin raise 'no space left on device'; end $$`)
	p.exec(`create trigger full_disk before insert on stripe_events for each row execute function full_disk()`)
	p.now = p.now.Add(time.Minute)
	_ = p.worker.Tick(t.Context(), p.now)
	if n := p.count(`select failures from catch_up_accounts`); n != 1 {
		t.Errorf("%d failures were counted, want the 500", n)
	}
	p.exec(`update catch_up_accounts set failures = 80`)
	p.now = p.now.Add(time.Minute)
	_ = p.worker.Tick(t.Context(), p.now)
	if p.isCaughtUp() {
		t.Fatalf("given up for what Stripe has no part in: %+v", p.last())
	}
	p.exec(`drop trigger full_disk on stripe_events`)
	p.now = p.now.Add(2 * time.Hour)
	p.catchUp()
	p.wantTold(sessions...)
}

// TestAnOutageOfStripesEndsTheTick rather than asking for every account in vain.
func TestAnOutageOfStripesEndsTheTick(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.connect(200)
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan()
	p.box.Fail(sandboxtest.Fault{Path: "/v1/events", Status: 500})
	if err := p.worker.Tick(t.Context(), p.now); err == nil {
		t.Error("the tick goes on")
	}
	asked := 0
	for _, times := range p.listed() {
		asked += times
	}
	t.Logf("%d of 200 accounts were asked for", asked)
	if asked == 200 {
		t.Error("every account was asked for in vain")
	}
}

// TestABrakedSweepHoldsNoEventsUp: what the brake holds back, it does; a paid Checkout is told all the same.
func TestABrakedSweepHoldsNoEventsUp(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(5)
	p.replica = p.open(registry.Brake{Accounts: 1}, p.box.Key)
	for _, id := range ids[:3] {
		p.box.DeauthorizeSilently(id)
	}
	sessions := p.pay(ids[4], 2)
	p.beat()
	p.catchUp()
	p.wantTold(sessions...)
	if n := p.count(`select count(*) from scans where state = 'braked' and held_back = 2`); n != 1 {
		t.Errorf("%d passes are braked, want the catch-up's", n)
	}
	if c := p.last(); c.Accounts != 4 || c.Gone != 2 {
		t.Errorf("%+v", c)
	}
	// And once more while that pass is open still: it takes all accounts, those apart that it holds back.
	p.box.ChangeSilently(ids[3], sandboxtest.Patch{"payouts_enabled": false})
	p.box.ChangeSilently(ids[4], sandboxtest.Patch{"business_profile": map[string]string{"name": "Renamed"}, "settings": nil})
	p.now = time.Now()
	p.wasDown(24 * time.Hour)
	p.beat()
	p.catchUp()
	p.scan()
	if n := p.count(`select count(*) from accounts where display_name = 'Renamed'`); n != 1 {
		t.Error("the pass that was open has not looked at all accounts")
	}
	if n := p.count(`select count(*) from scans`); n != 1 {
		t.Errorf("%d passes, want the braked one", n)
	}
}

// TestAWiderGapTakesInTheOpenOne: what the former had left is asked for from its beginning on.
func TestAWiderGapTakesInTheOpenOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(3)
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	first := p.report().Open
	sessions := p.pay(ids[0], 1)
	p.now = p.now.Add(3 * time.Hour) // killed, and down
	p.beat()
	second := p.report().Open
	if second.ID == first.ID || !second.Since.Equal(first.Since) {
		t.Errorf("%+v, then %+v", first, second)
	}
	p.catchUp()
	p.wantTold(sessions...)
	if p.last().ID != second.ID || p.count(`select count(*) from catch_up_accounts`) != 0 {
		t.Errorf("%+v has ended, want %d", p.last(), second.ID)
	}
}

// TestProcessesShareTheWork and ask for each account once.
func TestProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(40)
	var sessions []string
	for _, id := range ids {
		sessions = append(sessions, p.pay(id, 1)...)
	}
	replicas := []*replica{p.replica, p.open(registry.Brake{}, p.box.Key), p.open(registry.Brake{}, p.box.Key)}
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan()
	var working sync.WaitGroup
	for _, r := range replicas {
		working.Go(func() {
			if err := r.worker.Tick(t.Context(), p.now); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	p.catchUp()
	slices.Sort(sessions)
	p.wantTold(sessions...)
	for id, times := range p.listed() {
		if times != 1 {
			t.Errorf("the events of %s were listed %d times", id, times)
		}
	}
	if c := p.last(); c.Accounts != 40 || c.Events != 40 || c.Missed != 40 {
		t.Errorf("%+v", c)
	}
}

// TestASupersededCatchUpAsksForNothingMore than what is in flight: the wider one asks for all of it.
func TestASupersededCatchUpAsksForNothingMore(t *testing.T) {
	t.Parallel()
	const inFlight = 64
	p := newPlace(t)
	p.connect(inFlight + 20)
	p.beat()
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	p.scan()
	p.exec(`create function supersede() returns trigger language plpgsql as
		$$ begin update catch_ups set finished_at = now(), superseded = true where finished_at is null; return null; end $$`)
	p.exec(`create trigger first_is_done after delete on catch_up_accounts for each row execute function supersede()`)
	if err := p.worker.Tick(t.Context(), p.now); err != nil {
		t.Fatal(err)
	}
	if n := len(p.listed()); n == 0 || n > inFlight {
		t.Errorf("the events of %d accounts were asked for, %d at most were in flight when it was superseded", n, inFlight)
	}
}

// TestEventsThatCameBeforeTheirAccountWasKnown are told by the next catch-up that lists them.
func TestEventsThatCameBeforeTheirAccountWasKnown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connect(2)
	sessions := p.pay(ids[0], 2)
	p.beat()
	p.catchUp()
	p.wantTold(sessions...)
	p.exec(`update stripe_events set outcome = 'ignored', why = 'no such account here', payload = null`)
	p.exec(`delete from told`)
	p.exec(`delete from river_job`)
	p.now = p.now.Add(2 * time.Hour)
	p.beat()
	p.catchUp()
	p.wantTold(sessions...)
	if c := p.last(); c.Missed != 2 {
		t.Errorf("%+v", c)
	}
}
