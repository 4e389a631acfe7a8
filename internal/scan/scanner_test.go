package scan_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestTickChecksWhatIsDueAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(5)
	for _, id := range ids[:2] {
		p.check(id)
	}
	if n := p.tick(); n != 3 {
		t.Errorf("%d accounts were checked, want the 3 that are due", n)
	}
	if n := p.tick(); n != 0 {
		t.Errorf("%d accounts were checked again", n)
	}
	for _, id := range ids {
		p.wantRetrieved(id, 1)
		if row := p.row(id); row.Status != "enabled" {
			t.Errorf("account %s is %s", id, row.Status)
		}
	}
	p.advance(recheckEvery)
	if n := p.tick(); n != 5 {
		t.Errorf("%d accounts were checked after 28 days", n)
	}
}

func TestTickLeavesTheFirstCheckToWhoeverConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.connect(1)
	p.advance(14 * time.Second)
	if n := p.tick(); n != 0 {
		t.Errorf("%d accounts were taken from whoever connects them", n)
	}
	p.advance(time.Second)
	if n := p.tick(); n != 1 {
		t.Errorf("%d accounts were checked once nobody did", n)
	}
}

func TestTickTakesMoreThanABatch(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	q := openPlace(t, p.pool, p.clock, p.stripe, 1.5) // batches of 3
	p.connectDue(10)
	if n := q.tick(); n != 10 {
		t.Errorf("%d accounts were checked, want all 10", n)
	}
}

func TestTwoReplicasCheckEachAccountOnce(t *testing.T) {
	t.Parallel()
	const accounts = 60
	p := newPlace(t)
	replicas := []*place{
		openPlace(t, p.pool, p.clock, p.stripe, 2), openPlace(t, p.pool, p.clock, p.stripe, 2), // batches of 4
	}
	ids := p.connectDue(accounts)
	checked := make([]int, len(replicas))
	var group sync.WaitGroup
	for i, r := range replicas {
		group.Go(func() { checked[i], _ = r.scanner.Tick(t.Context(), p.clock.Now()) })
	}
	group.Wait()
	t.Logf("checked by each: %v", checked)
	if checked[0]+checked[1] != accounts {
		t.Errorf("%v accounts were checked, want %d in all", checked, accounts)
	}
	counts := p.retrieved()
	for _, id := range ids {
		if n := counts["/v1/accounts/"+id]; n != 1 {
			t.Errorf("account %s was retrieved %d times", id, n)
		}
	}
}

func TestAccountThatCanNotBeCheckedStopsNoOther(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(5)
	p.control("faults", `[{"path":"/v1/accounts/`+ids[2]+`","status":500}]`)
	p.control("accounts/"+ids[3]+"/deauthorize?silent=1", "")
	if n := p.tick(); n != 5 {
		t.Errorf("%d accounts were taken", n)
	}
	for i, want := range []string{"enabled", "enabled", "incomplete", "disconnected", "enabled"} {
		if row := p.row(ids[i]); row.Status != want {
			t.Errorf("account %d is %s, want %s", i, row.Status, want)
		}
	}
}

func TestClaimOfADeadReplicaReturnsAfterFifteenSeconds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(3)
	claims, err := p.registry.ClaimDue(t.Context(), p.clock.Now(), 15*time.Second, 2) // and then dies
	if err != nil || len(claims) != 2 {
		t.Fatalf("claims %v, %v", claims, err)
	}
	for _, step := range []struct {
		later   time.Duration
		checked int
	}{{0, 1}, {14 * time.Second, 0}, {time.Second, 2}} {
		p.advance(step.later)
		if n := p.tick(); n != step.checked {
			t.Errorf("%s later: %d accounts were checked, want %d", step.later, n, step.checked)
		}
	}
	for _, id := range ids {
		p.wantRetrieved(id, 1)
	}
}

// TestAPassHoldsAnAccountForFifteenSeconds: others take it then, if the process that asks for it is killed meanwhile.
func TestAPassHoldsAnAccountForFifteenSeconds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connectDue(1)[0]
	p.stripe.onAnswer(func(string) {
		if left := p.heldBack(id); left != 15*time.Second {
			t.Errorf("while it is asked for the account is held for %s", left)
		}
	})
	if n := p.tick(); n != 1 {
		t.Errorf("%d accounts were checked", n)
	}
}

func TestClaimsOfALongTickLastFromWhenTheyAreMade(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(2)
	p.check(ids[1])
	answers, taken := 0, -1
	p.stripe.onAnswer(func(string) {
		answers++
		if answers == 1 {
			p.clock.Advance(10 * time.Second)
			if err := p.registry.Wish(context.WithoutCancel(t.Context()), ids[1]); err != nil {
				t.Error(err)
			}
			return
		}
		p.waitFor("the first answer to be stored", func() bool { return p.row(ids[0]).CheckedAt != nil })
		p.clock.Advance(14 * time.Second)
		claims, err := p.registry.ClaimDue(context.WithoutCancel(t.Context()), p.clock.Now(), 15*time.Second, 10)
		if err != nil {
			t.Error(err)
		}
		taken = len(claims)
	})
	if n := p.tick(); n != 2 {
		t.Errorf("%d accounts were checked", n)
	}
	if taken != 0 {
		t.Errorf("another replica took %d accounts that were being checked", taken)
	}
}

// TestClaimThatWaitedLongIsNotUsed: another replica may have its account before Stripe has answered.
func TestClaimThatWaitedLongIsNotUsed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(7)
	p.scanner.OneAtATime()
	p.stripe.onAnswer(func(path string) {
		_, id, _ := strings.Cut(path, "/v1/accounts/")
		if left := p.heldBack(id); left < 10*time.Second {
			t.Errorf("account %s was asked for when its claim had %s left", id, left)
		}
		p.clock.Advance(2 * time.Second)
	})
	p.tick()
	p.stripe.onAnswer(nil)
	for range ids { // what was left waits for its claim to end
		p.advance(15 * time.Second)
		p.tick()
	}
	for _, id := range ids {
		p.wantRetrieved(id, 1)
	}
}

func TestStoppedTickLeavesWhatItHasNotChecked(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	slow := openPlace(t, p.pool, p.clock, p.stripe, 0.5)
	slow.scanner.OneAtATime()
	p.connectDue(3)
	if _, err := slow.scanner.Tick(p.untilAsked(), p.clock.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a tick that was stopped", err)
	}
	p.advance(15 * time.Second)
	if n := p.tick(); n != 3 {
		t.Errorf("%d accounts were checked after the next start, want 3", n)
	}
}

// run runs the scanner until the test ends.
func (p *place) run() {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(p.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.scanner.Run(ctx)
	}()
	p.t.Cleanup(func() { stop(); <-ended })
}

func (p *place) waitForCheck(accountID string, times int) {
	p.t.Helper()
	p.waitFor(fmt.Sprintf("check %d of %s", times, accountID), func() bool {
		return p.retrieved()["/v1/accounts/"+accountID] >= times && p.heldBack(accountID) == 0
	})
}

func TestRunTicksAtItsStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connectDue(1)[0]
	p.run()
	p.waitForCheck(id, 1)
}

// rests lets a scanner that runs rest n times, each for as long as it means to.
func (p *place) rests(n int) {
	p.t.Helper()
	timers := p.clock.Trap().NewTimer()
	defer timers.Close()
	p.run()
	for range n {
		armed := timers.MustWait(p.t.Context())
		armed.MustRelease(p.t.Context())
		p.advance(armed.Duration)
	}
}

func TestRunTicksWhenAClaimEnds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connect(1)[0] // claimed for 15 s, of which a scanner rests at most two at a time
	p.rests(8)
	p.waitForCheck(id, 1)
	if slept := p.clock.Since(t0); slept != 15*time.Second {
		t.Errorf("it rested for %s", slept)
	}
}

func TestRunTicksWhenItIsWoken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(2)
	p.check(ids[0])
	p.run()
	p.waitForCheck(ids[1], 1) // its first tick, in which the other was not due
	if _, err := p.pool.Exec(t.Context(), `update accounts set next_check_at = $1`, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.scanner.Wake()
	p.scanner.Wake() // twice is once
	p.waitForCheck(ids[0], 2)
	p.waitForCheck(ids[1], 2)
}

func TestTieWakesRunAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.connectDue(1)[0]
	p.run()
	p.waitForCheck(id, 1)
	p.control("accounts/"+id+"?silent=1", `{"payouts_enabled":false}`)
	yes, no := true, false
	sameSecond := registry.Event{ID: "evt_tie", Type: "account.updated", Account: id, Created: p.clock.Now()}
	_, err := p.registry.Observe(t.Context(), []registry.Observation{registry.Reported(sameSecond, account.Facts{
		Connected: true, ChargesEnabled: &no, PayoutsEnabled: &yes, DetailsSubmitted: &yes,
	})})
	if err != nil {
		t.Fatal(err)
	}
	p.waitForCheck(id, 2)
	p.waitFor("what Stripe says", func() bool { row := p.row(id); return *row.ChargesEnabled && !*row.PayoutsEnabled })
}
