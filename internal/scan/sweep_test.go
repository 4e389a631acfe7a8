package scan_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
)

// order has the sandbox make n complete accounts, and connects them.
func (p *place) order(n int) []string {
	p.t.Helper()
	p.control("accounts", fmt.Sprintf(`{"persona":"complete","count":%d}`, n))
	return p.connectListed(n)
}

// sweep opens a pass by list pages and forgets what was asked of Stripe before.
func (p *place) sweep() {
	p.t.Helper()
	if _, err := p.passes.Start(p.t.Context(), account.Actor{Name: "ann"}, scan.All, scan.List, p.clock.Now()); err != nil {
		p.t.Fatal(err)
	}
}

// asked is what was asked of Stripe while f ran: pages of the list, and retrievals of accounts.
func (p *place) asked(f func()) (pages, retrievals int) {
	p.t.Helper()
	before := p.retrieved()
	f()
	for path, n := range p.retrieved() {
		n -= before[path]
		switch {
		case path == "/v1/accounts":
			pages += n
		case strings.HasPrefix(path, "/v1/accounts/"):
			retrievals += n
		}
	}
	return pages, retrievals
}

func (p *place) wantAsked(pages, retrievals int, f func()) {
	p.t.Helper()
	if gotPages, got := p.asked(f); gotPages != pages || got != retrievals {
		p.t.Errorf("%d pages and %d retrievals were asked for, want %d and %d", gotPages, got, pages, retrievals)
	}
}

// unchecked counts the connected accounts that were not checked since then.
func (p *place) unchecked(since time.Time) (n int) {
	p.t.Helper()
	err := p.pool.QueryRow(p.t.Context(), `select count(*) from accounts where disconnected_at is null
		and coalesce(checked_at, '-infinity') < $1`, since).Scan(&n)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *place) wantNoWalks() {
	p.t.Helper()
	var n int
	if err := p.pool.QueryRow(p.t.Context(), `select (select count(*) from listings) + (select count(*) from unlisted_accounts)`).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	if n != 0 {
		p.t.Errorf("%d rows of walks are left", n)
	}
}

// TestSweepTakesPagesAlone: also of accounts that are due, and of those that nobody has checked yet.
func TestSweepTakesPagesAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(250)
	p.control("accounts/"+ids[7]+"?silent=1", `{"charges_enabled":false}`)
	p.sweep()
	p.wantAsked(3, 0, func() { p.tick() })
	report := p.lastReport()
	p.wantCounts(report, "finished", 250, 250, 250, 0, 249, 0, 0, 0)
	if report.StripeCalls != 3 || report.Method != "list" {
		t.Errorf("%d calls by %s", report.StripeCalls, report.Method)
	}
	if row := p.row(ids[7]); row.Status != "restricted" || row.CheckedAt == nil {
		t.Errorf("%+v", row)
	}
	p.advance(time.Hour)
	p.sweep()
	p.wantAsked(3, 0, func() { p.tick() }) // none is due
	p.wantCounts(p.lastReport(), "finished", 250, 250, 0, 0, 0, 0, 0, 0)
	if n := p.unchecked(p.clock.Now()); n != 0 {
		t.Errorf("%d accounts were not checked", n)
	}
	p.wantNoWalks()
}

// TestAbsenceFromTheListIsNoProof: what the list leaves out is retrieved.
func TestAbsenceFromTheListIsNoProof(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(120)
	p.tick()
	p.advance(time.Hour)
	p.control("accounts/"+ids[3]+"/deauthorize?silent=1", "")
	p.sweep()
	p.wantAsked(2, 1, func() { p.tick() })
	if row := p.row(ids[3]); row.DisconnectedAt == nil || *row.DisconnectReason != "account_invalid" {
		t.Errorf("%+v", row)
	}
	p.wantCounts(p.lastReport(), "finished", 120, 120, 1, 0, 0, 1, 0, 0)
}

// TestWhatHasMovedSinceTheSweepBeganIsRetrieved: its page was read before, or after; nobody can tell.
func TestWhatHasMovedSinceTheSweepBeganIsRetrieved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(120)
	p.tick()
	p.advance(time.Hour)
	moved := ids[110] // on the second page
	p.sweep()
	p.stripe.onAnswer(func(path string) {
		p.stripe.onAnswer(nil)
		no, yes := false, true
		_, err := p.registry.Observe(context.WithoutCancel(t.Context()), []registry.Observation{registry.Reported(
			registry.Event{ID: "evt_1", Type: "account.updated", Account: moved, Created: p.clock.Now().Add(time.Minute)},
			account.Facts{Connected: true, ChargesEnabled: &no, PayoutsEnabled: &yes, DetailsSubmitted: &yes},
		)})
		if err != nil {
			t.Error(err)
		}
	})
	p.wantAsked(2, 1, func() { p.tick() })
	p.wantRetrieved(moved, 2) // the first was the first pass's
	p.wantCounts(p.lastReport(), "finished", 120, 120, 1, 0, 1, 0, 0, 0)
	if row := p.row(moved); !row.CanTransact {
		t.Errorf("the retrieval did not decide: %+v", row)
	}
}

// TestSweepStandsUnderTheBrake: what it holds back is due, though it was not when the list named it, and is retrieved once freed.
func TestSweepStandsUnderTheBrake(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(120)
	p.tick()
	p.advance(time.Hour)
	p.saysNo(ids[:25])
	p.sweep()
	p.wantAsked(2, 0, func() { p.tick() })
	p.wantCounts(p.lastReport(), "braked", 120, 120, 20, 20, 0, 0, 0, 5)
	if n := p.due(); n != 5 {
		t.Errorf("%d accounts are due, want those held back", n)
	}
	if _, err := p.passes.Resume(t.Context(), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.wantAsked(0, 5, func() { p.tick() })
	if p.unable() != 25 || p.lastReport().State != "finished" {
		t.Errorf("%d are unable, the pass is %s", p.unable(), p.lastReport().State)
	}
}

func (p *place) due() (n int) {
	p.t.Helper()
	if err := p.pool.QueryRow(p.t.Context(), `select count(*) from accounts where next_check_at <= $1`, p.clock.Now()).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// TestSweepGoesOnWhereAnotherHasDied: with the page after the last that was stored.
func TestSweepGoesOnWhereAnotherHasDied(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.order(550)
	p.sweep()
	ctx, die := context.WithCancel(t.Context())
	pages := 0
	p.stripe.onAnswer(func(string) {
		if pages++; pages == 3 {
			die()
		}
	})
	if _, err := p.scanner.Tick(ctx, p.clock.Now()); err == nil {
		t.Fatal("it did not die")
	}
	p.stripe.onAnswer(nil)
	other := openPlace(t, p.pool, p.clock, p.stripe, 20)
	p.advance(15 * time.Second)
	first, _ := p.asked(func() {})
	p.wantAsked(4-first, 0, func() { other.tick() })
	p.wantCounts(p.lastReport(), "finished", 550, 550, 550, 0, 550, 0, 0, 0)
	p.wantNoWalks()
}

// TestReplicasNeverTakeThePageOfAnother: together they make no more calls than one.
func TestReplicasNeverTakeThePageOfAnother(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.order(700)
	others := []*place{p, openPlace(t, p.pool, p.clock, p.stripe, 20), openPlace(t, p.pool, p.clock, p.stripe, 20)}
	p.sweep()
	p.wantAsked(7, 0, func() {
		for !t.Failed() && p.lastReport().State == "running" {
			var running sync.WaitGroup
			for _, replica := range others {
				running.Go(func() {
					if _, err := replica.scanner.Tick(t.Context(), p.clock.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			running.Wait()
		}
	})
	p.wantCounts(p.lastReport(), "finished", 700, 700, 700, 0, 700, 0, 0, 0)
}

// TestListGoesOnFromBeforeAnAccountThatHasGone: Stripe takes no account for a place in its list that is not connected.
func TestListGoesOnFromBeforeAnAccountThatHasGone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(250)
	p.sweep()
	p.stripe.onAnswer(func(string) {
		p.stripe.onAnswer(nil)
		p.control("accounts/"+ids[99]+"/deauthorize?silent=1", "") // the last of the first page
		p.control("accounts/"+ids[98]+"/deauthorize?silent=1", "")
	})
	p.wantAsked(5, 0, func() { p.tick() }) // two of them in vain
	report := p.lastReport()
	p.wantCounts(report, "finished", 250, 250, 250, 0, 250, 0, 0, 0)
	if report.StripeCalls != 5 {
		t.Errorf("%d calls", report.StripeCalls)
	}
}

// TestWishesDoNotWaitForTheList: somebody asks for a check, or two facts have the same moment.
func TestWishesDoNotWaitForTheList(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.order(550)
	wished := ids[540]
	p.sweep()
	var order []string
	p.stripe.onAnswer(func(path string) {
		order = append(order, path)
		if len(order) == 1 {
			p.advance(time.Millisecond)
			if err := p.registry.Wish(context.WithoutCancel(t.Context()), wished); err != nil {
				t.Error(err)
			}
		}
	})
	p.tick()
	p.stripe.onAnswer(nil)
	const page = "/v1/accounts"
	if diff := cmp.Diff([]string{page, page + "/" + wished, page, page, page, page, page}, order); diff != "" && order[1] != page+"/"+wished && order[2] != page+"/"+wished {
		t.Error(diff)
	}
}

// TestPagesThatCantBeHadAreAskedForAgain: and no account fails for it.
func TestPagesThatCantBeHadAreAskedForAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.order(150)
	p.control("faults", `[{"path":"/v1/accounts","status":500,"times":2},{"path":"/v1/accounts","status":429,"times":1}]`)
	p.sweep()
	p.wantAsked(5, 0, func() { p.tick() })
	p.wantCounts(p.lastReport(), "finished", 150, 150, 150, 0, 150, 0, 0, 0)
}

// TestASweepGoesOnWithoutTheList where Stripe answers all but its list, or refuses that: each account is retrieved by itself.
func TestASweepGoesOnWithoutTheList(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"no answer": `{"path":"/v1/accounts","status":500}`, "refused": `{"path":"/v1/accounts","status":400}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.order(12)
			p.control("faults", "["+fault+"]")
			p.sweep()
			p.tick()
			p.wantCounts(p.lastReport(), "finished", 12, 12, 12, 0, 12, 0, 0, 0)
			p.wantNoWalks()
		})
	}
}

// TestAnOutageLeavesASweepItsList: by single retrievals it would cost a hundred times as much.
func TestAnOutageLeavesASweepItsList(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.order(12)
	p.control("faults", `[{"path":"/v1/*","status":500}]`)
	p.sweep()
	for range 3 {
		if _, err := p.scanner.Tick(t.Context(), p.clock.Now()); !errors.Is(err, scan.ErrOutage) {
			t.Errorf("the tick: %v", err)
		}
	}
	var listing bool
	if err := p.pool.QueryRow(t.Context(), `select listing from scans where state = 'running'`).Scan(&listing); err != nil || !listing {
		t.Errorf("the pass goes on by the list: %t, %v", listing, err)
	}
}

func TestRefusedKeyStopsASweep(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.order(150)
	p.control("faults", `[{"path":"/v1/accounts","status":401}]`)
	p.sweep()
	if _, err := p.scanner.Tick(t.Context(), p.clock.Now()); err == nil {
		t.Error("the key is refused, and nobody says so")
	}
	if state := p.lastReport().State; state != "stopped" {
		t.Errorf("the pass is %s", state)
	}
	p.control("faults", `[]`)
	p.advance(time.Second)
	p.sweep() // which forgets the other's walk
	p.tick()
	p.wantCounts(p.lastReport(), "finished", 150, 150, 150, 0, 150, 0, 0, 0)
	p.wantNoWalks()
}
