package scan_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
)

// enabled connects n accounts and checks them; none is due.
func (p *place) enabled(n int) []string {
	p.t.Helper()
	ids := p.connectDue(n)
	if got := p.tick(); got != n {
		p.t.Fatalf("%d accounts were checked, want %d", got, n)
	}
	return ids
}

// acts are what the audit keeps, the oldest first.
func (p *place) acts() []string {
	p.t.Helper()
	rows, _ := p.pool.Query(p.t.Context(), `select format('%s %s %s %s', actor, address, action, subject) from audit order by id`) // CollectRows has its error
	acts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		p.t.Fatal(err)
	}
	return acts
}

func TestWhoStartsAPassIsKept(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.enabled(1)
	by := account.Actor{Name: "key_1", Address: "192.0.2.7"}
	pass, err := p.passes.Start(t.Context(), by, scan.All, scan.Retrieve, p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.passes.Start(t.Context(), by, scan.All, scan.Retrieve, p.clock.Now()); account.KindOf(err) != account.Conflict {
		t.Errorf("a second pass: %v", err)
	}
	if diff := cmp.Diff([]string{"key_1 192.0.2.7 start_scan " + pass.ID}, p.acts()); diff != "" {
		t.Error(diff)
	}
}

// TestAPassThatTheAuditDoesNotKeepIsNotStarted: no act goes unaudited.
func TestAPassThatTheAuditDoesNotKeepIsNotStarted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.enabled(1)
	if _, err := p.pool.Exec(t.Context(), `alter table audit add constraint full_disk check (false) not valid`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.All, scan.Retrieve, p.clock.Now()); err == nil {
		t.Error("the pass was started")
	}
	if open := p.reports(); len(open) != 1 { // enabled's own
		t.Errorf("passes %+v", open)
	}
}

// allDue moves the clock on until every account is due.
func (p *place) allDue() {
	p.t.Helper()
	p.advance(recheckEvery)
}

// reports are all passes, the oldest first.
func (p *place) reports() []client.Scan {
	p.t.Helper()
	rows, err := p.pool.Query(p.t.Context(), `select id from scans order by started_at, id`)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			p.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	var reports []client.Scan
	for _, id := range ids {
		report, err := p.passes.Report(p.t.Context(), id, p.clock.Now())
		if err != nil {
			p.t.Fatal(err)
		}
		reports = append(reports, report)
	}
	return reports
}

func (p *place) lastReport() client.Scan {
	p.t.Helper()
	reports := p.reports()
	return reports[len(reports)-1]
}

// wantCounts holds a report's state and counts: due, checked, changed, unable, able, disconnected, failed, held back.
func (p *place) wantCounts(report client.Scan, state string, counts ...int64) {
	p.t.Helper()
	got := []int64{
		report.Due, report.Checked, report.Changed, report.NewlyUnable, report.NewlyAble, report.Disconnected, report.Failed, report.HeldBack,
	}
	if report.State != state || fmt.Sprint(got) != fmt.Sprint(counts) {
		p.t.Errorf("the pass is %s with %v, want %s with %v", report.State, got, state, counts)
	}
}

func TestPassIsReported(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(6)
	p.allDue()
	p.control("accounts/"+ids[0]+"?silent=1", `{"charges_enabled":false}`)
	p.control("accounts/"+ids[1]+"/deauthorize?silent=1", "")
	p.control("faults", `[{"path":"/v1/accounts/`+ids[2]+`","status":500}]`)
	p.tick()
	report := p.lastReport()
	p.wantCounts(report, "finished", 6, 5, 2, 1, 0, 1, 1, 0)
	want := []client.ScannedAccount{
		{AccountID: ids[0], SellerID: "s000", From: "enabled", To: "restricted"},
		{AccountID: ids[1], SellerID: "s001", From: "enabled", To: "disconnected"},
	}
	if fmt.Sprint(report.ChangedAccounts) != fmt.Sprint(want) || report.HeldBackAccounts == nil {
		t.Errorf("changed accounts %v, held back %v", report.ChangedAccounts, report.HeldBackAccounts)
	}
	if report.StripeCalls != 7 { // six accounts, and one look at the platform
		t.Errorf("%d calls to Stripe", report.StripeCalls)
	}
	if report.FinishedAt == nil || report.StartedBy != "schedule" {
		t.Errorf("finished at %v, started by %s", report.FinishedAt, report.StartedBy)
	}
}

func TestPassThatFoundSomethingIsToldOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(2)
	p.told = nil
	p.allDue()
	p.tick()
	if len(p.told) != 0 {
		t.Errorf("a pass that found nothing was told: %v", p.told)
	}
	p.allDue()
	p.control("accounts/"+ids[0]+"?silent=1", `{"payouts_enabled":false}`)
	p.tick()
	p.tick()
	if len(p.told) != 1 || p.told[0].Changed != 1 || p.told[0].State != "finished" {
		t.Errorf("told: %+v", p.told)
	}
}

func TestTickWithNothingDueOpensNoPass(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.enabled(2)
	p.tick()
	if n := len(p.reports()); n != 1 {
		t.Errorf("%d passes", n)
	}
}

func TestPassOverAllTakesEachAccountOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(5)
	p.control("accounts/"+ids[4]+"/deauthorize?silent=1", "")
	p.check(ids[4])
	p.advance(time.Hour)
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.All, scan.Retrieve, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.Due, scan.Retrieve, p.clock.Now()); account.KindOf(err) != account.Conflict {
		t.Errorf("a second pass: %v", err)
	}
	p.check(ids[0]) // by a person, after the pass began
	p.tick()
	p.wantCounts(p.lastReport(), "finished", 3, 3, 0, 0, 0, 0, 0, 0)
	for _, id := range ids {
		p.wantRetrieved(id, 2)
	}
}

// saysNo makes Stripe say that charges are off, to each of these.
func (p *place) saysNo(ids []string) {
	p.t.Helper()
	for _, id := range ids {
		p.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	}
}

func (p *place) unable() (n int) {
	p.t.Helper()
	if err := p.pool.QueryRow(p.t.Context(), `select count(*) from accounts where not can_transact`).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestBrakedPassStaysOpenUntilItIsResumed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	p.saysNo(ids[:25])
	p.tick()
	report := p.lastReport()
	p.wantCounts(report, "braked", 30, 30, 20, 20, 0, 0, 0, 5)
	if len(report.HeldBackAccounts) != 5 || report.HeldBackAccounts[0].To != "restricted" || p.unable() != 20 {
		t.Errorf("held back %v, %d unable", report.HeldBackAccounts, p.unable())
	}
	if err := p.registry.Wish(t.Context(), ids[29]); err != nil {
		t.Fatal(err)
	}
	if n := p.tick(); n != 1 {
		t.Errorf("%d accounts were taken by the braked pass, want the one that fell due", n)
	}
	if n := p.tick(); n != 0 || len(p.reports()) != 2 {
		t.Errorf("%d accounts were taken, %d passes", n, len(p.reports()))
	}
	p.wantCounts(p.lastReport(), "braked", 31, 31, 20, 20, 0, 0, 0, 5)
	if _, err := p.passes.Resume(t.Context(), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.control("accounts/"+report.HeldBackAccounts[0].AccountID+"?silent=1", `{"charges_enabled":true}`)
	p.tick()
	p.wantCounts(p.lastReport(), "finished", 36, 36, 24, 24, 0, 0, 0, 5)
	if p.unable() != 24 {
		t.Errorf("%d accounts are unable, want those that Stripe still says no to", p.unable())
	}
	if _, err := p.passes.Resume(t.Context(), report.ID, account.Actor{Name: "ann"}, p.clock.Now()); account.KindOf(err) != account.Conflict {
		t.Errorf("resumed again: %v", err)
	}
	if _, err := p.passes.Resume(t.Context(), "scan_none", account.Actor{Name: "ann"}, p.clock.Now()); account.KindOf(err) != account.NotFound {
		t.Errorf("resumed what is not there: %v", err)
	}
	if diff := cmp.Diff([]string{"ann  resume_scan " + report.ID}, p.acts()); diff != "" {
		t.Error(diff)
	}
}

func TestBrakeHoldsOverManyPassesWithAFewNosEach(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	for i := 0; i < 30; i += 3 { // ten passes, three no's each, within a day
		p.advance(time.Hour)
		p.saysNo(ids[i : i+3])
		for _, id := range ids[i : i+3] {
			if err := p.registry.Wish(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		p.tick()
	}
	if p.unable() != 20 || p.lastReport().State != "braked" {
		t.Errorf("%d accounts are unable, the last pass is %s", p.unable(), p.lastReport().State)
	}
}

func TestHonestChangesAmongManyPass(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.control("accounts", `{"persona":"complete","count":3000}`)
	ids := p.connectListed(3000)
	tickOf := func(ids []string) { // the others are not due
		later := p.clock.Now().Add(day)
		if _, err := p.pool.Exec(t.Context(), `update accounts set next_check_at = $1 where id <> all($2)`, later, ids); err != nil {
			t.Fatal(err)
		}
		p.tick()
	}
	tickOf(ids[:60])
	p.allDue()
	p.saysNo(ids[:25])
	tickOf(ids[:60])
	p.wantCounts(p.lastReport(), "finished", 60, 60, 25, 25, 0, 0, 0, 0)
}

func TestThreeReplicasTogetherKeepTheBrake(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	replicas := []*place{p, openPlace(t, p.pool, p.clock, p.stripe, 3), openPlace(t, p.pool, p.clock, p.stripe, 3)}
	ids := p.enabled(90)
	p.allDue()
	p.saysNo(ids)
	took := make([]int, len(replicas))
	var group sync.WaitGroup
	for i, r := range replicas {
		group.Go(func() { took[i], _ = r.scanner.Tick(t.Context(), p.clock.Now()) })
	}
	group.Wait()
	t.Logf("taken by each replica: %v", took)
	if p.unable() != 20 || len(p.reports()) != 2 {
		t.Errorf("%d accounts are unable, %d passes", p.unable(), len(p.reports()))
	}
	p.wantCounts(p.lastReport(), "braked", 90, 90, 20, 20, 0, 0, 0, 70)
}

// untouched holds that nothing was learned of any account.
func (p *place) untouched(ids []string) {
	p.t.Helper()
	for _, id := range ids {
		if row := p.row(id); row.Status != "enabled" || row.CheckFailures != 0 || row.LastCheckError != nil {
			p.t.Errorf("account %s is %s, %d failures, %v", id, row.Status, row.CheckFailures, row.LastCheckError)
		}
	}
}

func TestRefusedKeyStopsThePassAndTouchesNoAccount(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"401": `[{"status":401}]`, "403 about the key": `[{"status":403,"code":"more_permissions_required"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			ids := p.enabled(40)
			p.told = nil
			p.allDue()
			p.control("faults", fault)
			if _, err := p.scanner.Tick(t.Context(), p.clock.Now()); stripeapi.KindOf(err) != stripeapi.KeyWrong {
				t.Errorf("error %v", err)
			}
			p.untouched(ids)
			var claimed int // who has no turn stays overdue
			if err := p.pool.QueryRow(t.Context(), "select count(*) from accounts where claimed_until is not null").Scan(&claimed); err != nil || claimed > 0 {
				t.Errorf("%d accounts are claimed still (%v)", claimed, err)
			}
			report := p.lastReport()
			if report.State != "stopped" || report.Why == nil || len(p.told) != 1 {
				t.Errorf("%+v, told %d times", report, len(p.told))
			}
			p.control("faults", `[]`)
			p.advance(15 * time.Second) // claims return
			if n := p.tick(); n != 40 {
				t.Errorf("%d accounts were taken by the next pass", n)
			}
		})
	}
}

func TestKeyOfAnotherPlatformStopsThePass(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	var other struct{ Key string }
	if err := json.Unmarshal(p.control("platforms", `{}`), &other); err != nil {
		t.Fatal(err)
	}
	foreign := openPlaceAs(t, p.pool, p.clock, p.stripe, 20, other.Key)
	if _, err := foreign.scanner.Tick(t.Context(), p.clock.Now()); stripeapi.KindOf(err) != stripeapi.KeyWrong {
		t.Errorf("error %v", err)
	}
	p.untouched(ids)
}

func TestRestrictedKeyStopsThePass(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(10)
	p.allDue()
	var cut struct{ Key string }
	if err := json.Unmarshal(p.control("keys", `{"without":["accounts"]}`), &cut); err != nil {
		t.Fatal(err)
	}
	short := openPlaceAs(t, p.pool, p.clock, p.stripe, 20, cut.Key)
	if _, err := short.scanner.Tick(t.Context(), p.clock.Now()); stripeapi.KindOf(err) != stripeapi.KeyWrong {
		t.Errorf("error %v", err)
	}
	p.untouched(ids)
}

func TestOutageEndsTheTickAndNotThePass(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.enabled(30)
	p.allDue()
	p.control("faults", `[{"path":"/v1/accounts/*","status":503}]`)
	if _, err := p.scanner.Tick(t.Context(), p.clock.Now()); !errors.Is(err, scan.ErrOutage) {
		t.Errorf("error %v", err)
	}
	if report := p.lastReport(); report.State != "running" || report.Failed < 10 {
		t.Errorf("the pass is %s, %d failed", report.State, report.Failed)
	}
	p.control("faults", `[]`)
	p.advance(2 * time.Minute)
	if n := p.tick(); n != 30 {
		t.Errorf("%d accounts were taken after the outage", n)
	}
	if report := p.lastReport(); report.State != "finished" || report.Checked != 30 || len(p.reports()) != 2 {
		t.Errorf("%+v of %d passes", report, len(p.reports()))
	}
}

func TestLimitIsNoFailureOfAnAccount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(10)
	p.allDue()
	p.control("faults", `[{"path":"/v1/accounts/*","status":429,"times":4}]`)
	p.tick()
	p.untouched(ids)
	p.advance(2 * time.Second)
	if n := p.tick(); n != 4 {
		t.Errorf("%d accounts were taken after the limit, want the 4 that met it", n)
	}
	p.wantCounts(p.lastReport(), "finished", 10, 10, 0, 0, 0, 0, 0, 0)
}

func TestHeldBackAccountsOfAStoppedPassAreTakenAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(22)
	p.allDue()
	p.saysNo(ids)
	p.tick()
	for _, id := range ids { // which of them are held back is chance
		if err := p.registry.Wish(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	p.control("faults", `[{"status":401,"times":1}]`)
	_, _ = p.scanner.Tick(t.Context(), p.clock.Now())
	if state := p.lastReport().State; state != "stopped" {
		t.Fatalf("the pass is %s", state)
	}
	p.advance(24 * time.Hour)
	p.tick()
	if p.unable() != 22 {
		t.Errorf("%d accounts are unable, want all 22 a day later", p.unable())
	}
	if held := p.countHeldBack(); held != 0 {
		t.Errorf("%d accounts are held back", held)
	}
}

// TestResumeInTheMiddleOfATickForgetsNobody: the tick has read the pass as braked, and has nothing left to do at its end.
func TestResumeInTheMiddleOfATickForgetsNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	p.saysNo(ids[:25])
	p.tick()
	if err := p.registry.Wish(t.Context(), ids[29]); err != nil {
		t.Fatal(err)
	}
	p.stripe.onAnswer(func(string) {
		p.stripe.onAnswer(nil)
		if _, err := p.passes.Resume(context.WithoutCancel(t.Context()), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
			t.Error(err)
		}
	})
	p.tick()
	if state := p.lastReport().State; state != "running" {
		t.Errorf("the pass is %s with %d accounts held back", state, p.countHeldBack())
	}
	p.tick()
	if state := p.lastReport().State; state != "finished" || p.unable() != 25 || p.countHeldBack() != 0 {
		t.Errorf("the pass is %s, %d accounts are unable, %d held back", state, p.unable(), p.countHeldBack())
	}
}

// TestResumeFreesWhatWasHeldBackThen: who resumed a pass has looked at these, and at no others.
func TestResumeFreesWhatWasHeldBackThen(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	p.saysNo(ids[:22])
	p.tick()
	p.wantCounts(p.lastReport(), "braked", 30, 30, 20, 20, 0, 0, 0, 2)
	resume := func() {
		t.Helper()
		if _, err := p.passes.Resume(t.Context(), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	resume()
	p.saysNo(ids[22:25])
	for _, id := range ids[22:25] {
		if err := p.registry.Wish(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	p.tick()
	p.wantCounts(p.lastReport(), "braked", 35, 35, 22, 22, 0, 0, 0, 5)
	if p.unable() != 22 || p.countHeldBack() != 3 {
		t.Errorf("%d accounts are unable, %d held back, want those that nobody has looked at", p.unable(), p.countHeldBack())
	}
	if n := p.tick(); n != 0 {
		t.Errorf("%d accounts were taken again that are held back", n)
	}
	resume()
	p.tick()
	if state := p.lastReport().State; state != "finished" || p.unable() != 25 {
		t.Errorf("the pass is %s, %d accounts are unable", state, p.unable())
	}
}

// TestAResumeByAnOlderConnectdForgetsNobody: it has not kept what it freed, so that is looked at again under the brake.
func TestAResumeByAnOlderConnectdForgetsNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	p.saysNo(ids[:22])
	p.tick()
	p.exec(`update scans set state = 'running', freed = true, why = 'resumed by ann' where state = 'braked'`)
	if n := p.tick(); n != 2 {
		t.Errorf("%d accounts were taken, want those that were held back", n)
	}
	if state := p.lastReport().State; state != "braked" || p.unable() != 20 || p.countHeldBack() != 2 {
		t.Fatalf("the pass is %s, %d accounts are unable, %d held back", state, p.unable(), p.countHeldBack())
	}
	if n := p.tick(); n != 0 {
		t.Errorf("%d accounts were taken again that are held back", n)
	}
	if _, err := p.passes.Resume(t.Context(), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.tick()
	if state := p.lastReport().State; state != "finished" || p.unable() != 22 {
		t.Errorf("the pass is %s, %d accounts are unable", state, p.unable())
	}
}

// TestWhatIsHeldBackAgainBrakesAgain: news has ended the first hold, so who resumed the pass has not freed this account.
func TestWhatIsHeldBackAgainBrakesAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(30)
	p.allDue()
	p.saysNo(ids[:22])
	p.tick()
	held := p.lastReport().HeldBackAccounts
	if len(held) != 2 {
		t.Fatalf("held back: %v", held)
	}
	p.exec(`update accounts set held_back = false, revision = revision + 1 where id = '` + held[0].AccountID + `'`)
	if _, err := p.passes.Resume(t.Context(), "", account.Actor{Name: "ann"}, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.tick()
	if state := p.lastReport().State; state != "braked" || p.unable() != 21 || p.countHeldBack() != 1 {
		t.Errorf("the pass is %s, %d accounts are unable, %d held back", state, p.unable(), p.countHeldBack())
	}
}

// TestNewsOfAHeldBackAccountIsLookedInto: what was held back is known no longer, and the pass goes on with it.
func TestNewsOfAHeldBackAccountIsLookedInto(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(21)
	p.allDue()
	p.saysNo(ids)
	p.tick()
	held := p.lastReport().HeldBackAccounts
	if len(held) != 1 {
		t.Fatalf("held back: %v", held)
	}
	yes := true
	id := held[0].AccountID
	p.control("accounts/"+id+"?silent=1", `{"charges_enabled":true}`)
	e := registry.Event{ID: "evt_1", Type: "capability.updated", Account: id, Created: p.clock.Now().Add(time.Second)}
	_, err := p.registry.Observe(t.Context(), []registry.Observation{registry.Reported(e, account.Facts{
		Connected: true, ChargesEnabled: &yes, PayoutsEnabled: &yes, DetailsSubmitted: &yes,
	})})
	if err != nil {
		t.Fatal(err)
	}
	if n := p.tick(); n != 1 || p.countHeldBack() != 0 || p.row(id).Status != "enabled" {
		t.Errorf("%d accounts were taken, %d are held back, the account is %s", n, p.countHeldBack(), p.row(id).Status)
	}
}

func TestReportListsTheFirstThousand(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.connectDue(20) // each is a change: nothing was known of it
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.Due, scan.Retrieve, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	_, err := p.pool.Exec(t.Context(), `with pass as (update scans set changed = 990 returning id)
		insert into scan_findings (scan_id, kind, account_id, seller_id, from_status, to_status)
		select pass.id, 'changed', 'acct_' || i, 's', 'enabled', 'restricted' from pass, generate_series(1, 990) i`)
	if err != nil {
		t.Fatal(err)
	}
	p.tick()
	if report := p.lastReport(); len(report.ChangedAccounts) != 1000 || report.Changed != 1010 {
		t.Errorf("%d accounts changed, %d are listed", report.Changed, len(report.ChangedAccounts))
	}
}

// TestDueCountsWhatFellDueMeanwhile: once each, however often it is tried.
func TestDueCountsWhatFellDueMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(6)
	p.advance(time.Hour)
	for _, id := range ids[:3] {
		if err := p.registry.Wish(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	p.control("faults", `[{"path":"/v1/accounts/`+ids[0]+`","status":500},{"path":"/v1/accounts/`+ids[5]+`","status":500,"times":1}]`)
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.Due, scan.Retrieve, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.advance(time.Second)
	p.stripe.onAnswer(func(string) {
		p.stripe.onAnswer(nil)
		for _, id := range ids[4:] {
			if err := p.registry.Wish(context.WithoutCancel(t.Context()), id); err != nil {
				t.Error(err)
			}
		}
	})
	p.tick()
	p.wantCounts(p.lastReport(), "finished", 5, 3, 0, 0, 0, 0, 2, 0)
}

func TestPassesThatFoundNothingAreForgottenAfterAQuarter(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(2) // a pass that found something
	p.allDue()
	p.tick() // and one that did not
	p.advance(90*day - recheckEvery)
	p.tick()
	if n := len(p.reports()); n != 3 {
		t.Fatalf("%d passes, want 3", n)
	}
	p.advance(2 * recheckEvery)
	p.saysNo(ids)
	p.tick()
	reports := p.reports()
	if len(reports) != 3 || reports[0].Changed != 2 || reports[1].Changed != 0 || reports[2].Changed != 2 {
		t.Errorf("%d passes are kept: %+v", len(reports), reports)
	}
}

func (p *place) countHeldBack() (n int) {
	p.t.Helper()
	if err := p.pool.QueryRow(p.t.Context(), `select count(*) from accounts where held_back`).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func TestPassOverAllTakesThoseThatWaitAfterAFailure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.enabled(3)
	p.control("faults", `[{"path":"/v1/accounts/`+ids[0]+`","status":500,"times":2}]`)
	for range 2 {
		if err := p.Check(t.Context(), ids[0], registry.Recheck); err == nil {
			t.Fatal("the check did not fail")
		}
	}
	p.advance(10 * time.Second)
	if _, err := p.passes.Start(t.Context(), account.Actor{Name: "key_1"}, scan.All, scan.Retrieve, p.clock.Now()); err != nil {
		t.Fatal(err)
	}
	p.tick()
	p.wantCounts(p.lastReport(), "finished", 3, 3, 0, 0, 0, 0, 0, 0)
	if row := p.row(ids[0]); row.CheckFailures != 0 {
		t.Errorf("%d failures", row.CheckFailures)
	}
}

func TestWishOfAnotherProcessIsTakenUp(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.enabled(1)[0]
	other := openPlace(t, p.pool, p.clock, p.stripe, 20)
	if err := other.registry.Wish(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if n := len(p.reports()); n != 1 {
		t.Fatalf("%d passes", n)
	}
	p.rests(1)
	p.waitForCheck(id, 2)
}

func TestAccountThatKeepsFailingIsNoNews(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	id := p.enabled(1)[0]
	p.told = nil
	p.allDue()
	p.control("faults", `[{"path":"/v1/accounts/`+id+`","status":400}]`)
	p.tick()
	p.control("faults", `[{"status":401}]`)
	for range 3 {
		p.advance(time.Hour)
		_, _ = p.scanner.Tick(t.Context(), p.clock.Now())
	}
	if len(p.told) != 1 || p.told[0].State != "stopped" {
		t.Errorf("told %d times: %+v", len(p.told), p.told)
	}
}

// TestAPassFromAClockThatIsAheadIsWorkedOn: the accounts that it makes due are due as of its start, which a process whose clock is
// behind, or that has taken long to find it, has not come to yet.
func TestAPassFromAClockThatIsAheadIsWorkedOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ids := p.connectDue(3)
	p.tick()
	p.advance(time.Hour)
	report, err := p.passes.Start(t.Context(), account.Actor{Name: "test"}, scan.All, scan.Retrieve, p.clock.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if n := p.tick(); n != len(ids) {
		t.Errorf("%d accounts were checked, want %d", n, len(ids))
	}
	if report, err = p.passes.Report(t.Context(), report.ID, p.clock.Now()); err != nil || report.Checked != int64(len(ids)) || report.State != "finished" {
		t.Errorf("%+v: %v", report, err)
	}
}
