package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
)

// TestSweepFromTheShell: of accounts that nobody has checked; only what the list leaves out is retrieved.
func TestSweepFromTheShell(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 320)
	f.costs(4, 0, func() {
		report, words := f.scanned(0, "--method", "list", "--wait")
		if report.Method != "list" || report.State != "finished" || report.Due != 320 || report.Checked != 320 || report.StripeCalls != 4 {
			t.Errorf("%+v", report)
		}
		says(t, words, "finished: 320 of 320 accounts")
	})
	f.Sandbox(t, "accounts/"+f.ids[5]+"/deauthorize?silent=1", "")
	f.costs(4, 1, func() {
		if report, _ := f.scanned(0, "--all", "--method", "list", "--wait"); report.Checked != 320 || report.Disconnected != 1 {
			t.Errorf("%+v", report)
		}
	})
}

// TestAllotmentChoosesTheList: where retrievals would use it up.
func TestAllotmentChoosesTheList(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 250)
	stdout, stderr, code := connectd(t, f.env("CONNECTD_STRIPE_RATE=500", "CONNECTD_STRIPE_READ_ALLOCATION=200"), "scan", "--all", "--wait")
	if code != 0 {
		t.Fatalf("%s%s", stdout, stderr)
	}
	says(t, stdout, `"method": "list"`, `"stripe_calls": 3`)
}

// TestKillInTheMiddleOfASweepCostsAPage: two processes work on it, and the one at the list is killed. The other goes on.
func TestKillInTheMiddleOfASweepCostsAPage(t *testing.T) {
	t.Parallel()
	const accounts, pages = 2500, 25
	f := newFleet(t, accounts)
	f.Sandbox(t, "faults", `[{"path":"/v1/accounts","latency_ms":2000}]`)
	before, _ := f.calls()
	victim := f.begin("scan", "--method", "list", "--wait")
	waittest.Until(t, "the sweep's first page", func() bool { return f.checked() > 0 })
	f.serve(100)
	holder := ask[string](f, `select holder from listings`)
	if len(holder) == 0 {
		t.Fatal("the sweep is over before the kill")
	}
	victim.Signal(t, syscall.SIGKILL)
	cut := f.checked()
	f.Sandbox(t, "faults", `[]`)
	waittest.Until(t, "the other to take it up", func() bool {
		now := ask[string](f, `select holder from listings`)
		return len(now) == 0 || now[0] != holder[0]
	})
	f.finished()
	after, retrievals := f.calls()
	t.Logf("%d of %d accounts were checked at the kill; %d pages and %d retrievals in all", cut, accounts, after-before, retrievals)
	if cut == accounts {
		t.Error("the kill came too late")
	}
	if after-before > pages+2 || retrievals > 0 {
		t.Errorf("%d pages and %d retrievals for %d pages", after-before, retrievals, pages)
	}
	for _, pass := range ask[string](f, `select format('%s %s %s %s', method, state, checked, failed) from scans`) {
		if pass != "list finished 2500 0" {
			t.Errorf("a pass: %s", pass)
		}
	}
	waittest.Within(t, time.Minute, "the walk's end", func() bool { return ask[int](f, `select count(*) from listings`)[0] == 0 })
}
