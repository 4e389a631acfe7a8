package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
)

// TestKillInTheMiddleOfAPassLosesNothing: kill -9 of one of several processes costs the claims that it had in flight, which
// return by themselves.
func TestKillInTheMiddleOfAPassLosesNothing(t *testing.T) {
	t.Parallel()
	cut := 0
	for _, replicas := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d replicas", replicas), func(t *testing.T) { //nolint:paralleltest // they share two cores
			cut += killOne(t, replicas)
		})
	}
	if cut == 0 {
		t.Error("no kill cut a claim")
	}
}

// killOne returns how many claims the kill has cut.
func killOne(t *testing.T, n int) int {
	t.Helper()
	const accounts, rate = 240, 30
	f := newFleet(t, accounts)
	f.Sandbox(t, "faults", `[{"path":"/v1/accounts/*","latency_ms":500}]`)
	replicas := f.serves(n, rate)
	victim := replicas[0]
	f.allDue()
	waittest.Until(t, "the middle of the pass", func() bool { return f.checked() > accounts/6 && victim.inFlight() > 3 })
	victim.Signal(t, syscall.SIGKILL)
	claimed := ask[string](f, `select id from accounts where checked_at is null and claimed_until is not null`)
	lost := slices.DeleteFunc(slices.Clone(claimed), func(id string) bool { return victim.timesAsked(id) == 0 })
	f.finished()

	again := 0
	for _, id := range f.ids {
		times := 0
		for _, r := range replicas {
			times += r.timesAsked(id)
		}
		if times == 2 && slices.Contains(lost, id) {
			again++
		} else if times != 1 {
			t.Errorf("account %s was retrieved %d times, claimed at the kill: %v", id, times, slices.Contains(claimed, id))
		}
	}
	t.Logf("%d claims were in flight at the kill, of which the killed process had asked for %d; %d were retrieved again", len(claimed), len(lost), again)
	for _, pass := range ask[string](f, `select format('%s, %s checked, %s failed', state, checked, failed) from scans`) {
		if pass != fmt.Sprintf("finished, %d checked, 0 failed", accounts) {
			t.Errorf("a pass: %s", pass)
		}
	}
	for i, r := range replicas[1:] {
		r.mu.Lock()
		if len(r.asked) == 0 {
			t.Errorf("replica %d did nothing", i+1)
		}
		r.mu.Unlock()
	}
	return len(lost)
}

// TestKeyRevokedInTheMiddleOfAPassStopsAll: and no account is touched. The next key that works goes on.
func TestKeyRevokedInTheMiddleOfAPassStopsAll(t *testing.T) {
	t.Parallel()
	const accounts = 200
	f := newFleet(t, accounts)
	f.Sandbox(t, "faults", `[{"path":"/v1/accounts/*","latency_ms":100}]`)
	replicas := f.serves(2, 20)
	f.allDue()
	waittest.Until(t, "the middle of the pass", func() bool { return f.checked() > accounts/10 })
	f.Sandbox(t, "faults", `[{"status":401}]`)
	for i, r := range replicas {
		waittest.Until(t, fmt.Sprintf("replica %d to say so", i), func() bool { return strings.Contains(r.Log.String(), "set STRIPE_SECRET_KEY to a key that works") })
	}
	waittest.Until(t, "the pass's end", func() bool {
		return len(ask[string](f, `select why from scans where state = 'stopped' and checked > 0 and finished_at is not null`)) == 1
	})
	t.Logf("%d of %d accounts were checked before; %d passes were stopped", f.checked(), accounts, len(ask[string](f, `select id from scans where state = 'stopped'`)))
	if f.checked() == accounts {
		t.Error("the key was revoked too late")
	}
	for _, touched := range ask[string](f, `select id from accounts where check_failures > 0 or last_check_error is not null
		or disconnected_at is not null or status <> case when checked_at is null then 'incomplete' else 'enabled' end`) {
		t.Errorf("account %s was touched", touched)
	}
	for i, r := range replicas {
		if res := f.Do(t, http.MethodGet, r.ready.BaseURL+"/readyz", "", ""); res.StatusCode != http.StatusOK {
			t.Errorf("replica %d is not ready: %s", i, walktest.Read(t, res))
		}
	}
	f.Sandbox(t, "faults", `[]`)
	f.finished()
}

// TestStormsOf429EndWithEveryAccountChecked: and none has failed.
func TestStormsOf429EndWithEveryAccountChecked(t *testing.T) {
	t.Parallel()
	const accounts, refusals = 60, 3 // all replicas slow down together, so that a storm is short
	f := newFleet(t, accounts)
	f.serves(2, 30)
	f.Sandbox(t, "limit", `{"per_second":1}`)
	f.allDue()
	storms := 0
	for range 2 {
		before, done := f.refusedByLimit(), f.checked()
		waittest.Within(t, 3*time.Minute, "the storm", func() bool { return f.refusedByLimit() >= before+refusals || f.checked() == accounts })
		storms += f.refusedByLimit() - before
		f.Sandbox(t, "limit", `{"per_second":0}`)
		waittest.Within(t, 3*time.Minute, "the calm", func() bool { return f.checked() > done || f.checked() == accounts })
		f.Sandbox(t, "limit", `{"per_second":1}`)
	}
	f.Sandbox(t, "limit", `{"per_second":0}`)
	f.finished()
	t.Logf("%d calls were answered 429", storms)
	if storms < refusals {
		t.Error("there was no storm")
	}
	failed := ask[string](f, `select id from accounts where check_failures > 0 or last_check_error is not null or status <> 'enabled'`)
	if n := ask[int](f, `select coalesce(sum(failed), 0)::int from scans`)[0]; len(failed) > 0 || n > 0 {
		t.Errorf("%d checks failed, of accounts %v", n, failed)
	}
}

// refusedByLimit counts what the sandbox has answered 429.
func (f *fleet) refusedByLimit() (n int) {
	f.t.Helper()
	var stats struct {
		By []struct{ Status, Count int }
	}
	f.sandboxJSON("stats", &stats)
	for _, by := range stats.By {
		if by.Status == http.StatusTooManyRequests {
			n += by.Count
		}
	}
	return n
}
