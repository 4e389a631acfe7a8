package registry_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// brakeFixture holds n accounts that may transact, acct_0 and so on, and an open pass.
func brakeFixture(t *testing.T, n int, brake registry.Brake, now func() time.Time) fixture {
	t.Helper()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	f := fixture{Registry: openAs(t, pool, registry.Config{Brake: &brake, Now: now}), t: t, pool: pool}
	var grants, answers []registry.Observation
	for i := range n {
		grants = append(grants, registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(-1, 0))))
	}
	f.observe(grants...)
	for i := range n {
		answers = append(answers, registry.Retrieved(f.retrievalOf(fmt.Sprintf("acct_%d", i), span(1, 2)), working()))
	}
	f.observe(answers...)
	f.openPass("scan_1")
	return f
}

func (f fixture) openPass(id string) {
	f.t.Helper()
	_, err := f.pool.Exec(f.t.Context(), `update scans set state = 'finished'`)
	if err == nil {
		_, err = f.pool.Exec(f.t.Context(), `insert into scans (id, state, started_by, started_at) values ($1, 'running', 'test', $2)`, id, t0)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// scanned is a pass's answer on an account, read now.
func (f fixture) scanned(scanID string, i int, facts account.Facts) registry.Observation {
	f.t.Helper()
	r := f.retrievalOf(fmt.Sprintf("acct_%d", i), span(10, 11))
	r.Source, r.ScanID = registry.Scan, scanID
	return registry.Retrieved(r, facts)
}

func (f fixture) scannedGone(i int) registry.Observation {
	f.t.Helper()
	r := f.retrievalOf(fmt.Sprintf("acct_%d", i), span(10, 11))
	r.Source, r.ScanID = registry.Scan, "scan_1"
	return registry.Gone(r)
}

func results(outs []registry.Outcome) map[registry.Result]int {
	counts := map[registry.Result]int{}
	for _, out := range outs {
		counts[out.Result]++
	}
	return counts
}

func (f fixture) wantResults(obs []registry.Observation, want map[registry.Result]int) {
	f.t.Helper()
	if diff := cmp.Diff(want, results(f.observe(obs...))); diff != "" {
		f.t.Error(diff)
	}
}

const scanCounts = `select format('%s: %s checked, %s changed, %s unable, %s able, %s disconnected, %s held back', state, checked, changed,
	newly_unable, newly_able, disconnected, held_back) from scans where id = 'scan_1'`

func TestBrakeHoldsBackWhatGoesBeyond(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 25, registry.Brake{Accounts: 20, Share: 0.01}, time.Now)
	var answers []registry.Observation
	for i := range 25 {
		if i%2 == 0 {
			answers = append(answers, f.scanned("scan_1", i, chargesOff()))
		} else {
			answers = append(answers, f.scannedGone(i))
		}
	}
	f.wantResults(answers, map[registry.Result]int{registry.Applied: 20, registry.HeldBack: 5})
	f.wantLines(scanCounts, "braked: 25 checked, 20 changed, 10 unable, 0 able, 10 disconnected, 5 held back")
	f.wantLines(`select count(*) || ' ' || bool_and(can_transact) from accounts where held_back`, "5 true")
	f.wantLines(`select kind || ' ' || count(*) || ' ' || min(from_status) || ' ' || max(to_status) from scan_findings group by kind order by 1`,
		"changed 20 enabled restricted", "held_back 5 enabled restricted")
	claims, err := f.ClaimDue(t.Context(), time.Now().Add(100*24*time.Hour), time.Second, 100)
	if err != nil || len(claims) != 10 { // of 25, 10 are disconnected and 5 held back
		t.Errorf("%d accounts can be claimed, %v", len(claims), err)
	}
}

func TestBrakeCountsADayOverAllPasses(t *testing.T) {
	t.Parallel()
	now := t0
	f := brakeFixture(t, 8, registry.Brake{Accounts: 2}, func() time.Time { return now })
	f.wantResults([]registry.Observation{f.scanned("scan_1", 0, chargesOff())}, map[registry.Result]int{registry.Applied: 1})
	f.openPass("scan_2")
	now = now.Add(23 * time.Hour)
	f.wantResults([]registry.Observation{f.scanned("scan_2", 1, chargesOff()), f.scanned("scan_2", 2, chargesOff())},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
	now = now.Add(time.Hour) // the first no longer counts
	f.wantResults([]registry.Observation{f.scanned("scan_2", 2, chargesOff()), f.scanned("scan_2", 3, chargesOff())},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
}

func TestBrakeIsAShareOfThoseConnectedWhereThatIsMore(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 50, registry.Brake{Accounts: 2, Share: 0.1}, time.Now)
	var answers []registry.Observation
	for i := range 7 {
		answers = append(answers, f.scannedGone(i))
	}
	f.wantResults(answers, map[registry.Result]int{registry.Applied: 5, registry.HeldBack: 2})
}

func TestBrakeLetsPassWhatTakesNoYes(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 4, registry.Brake{Accounts: 1}, time.Now)
	soon := working()
	soon.Requirements = &account.Requirements{CurrentlyDue: []string{"external_account"}}
	f.wantResults([]registry.Observation{f.scanned("scan_1", 0, chargesOff()), f.scanned("scan_1", 1, chargesOff())},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
	f.wantResults([]registry.Observation{f.scanned("scan_1", 0, working()), f.scanned("scan_1", 2, soon), f.scanned("scan_1", 3, working())},
		map[registry.Result]int{registry.Applied: 3})
	f.wantLines(scanCounts, "braked: 5 checked, 3 changed, 1 unable, 1 able, 0 disconnected, 1 held back")
}

func TestWebhooksAndPeopleAreNotBraked(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 4, registry.Brake{Accounts: 1}, time.Now)
	f.wantResults([]registry.Observation{f.scanned("scan_1", 0, chargesOff()), f.scanned("scan_1", 1, chargesOff())},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
	said := event("evt_1", "account.updated", at(20))
	said.Account = "acct_2"
	f.wantResults([]registry.Observation{
		registry.Retrieved(f.retrievalOf("acct_1", span(12, 13)), chargesOff()), registry.Reported(said, chargesOff()),
		registry.Gone(f.retrievalOf("acct_3", span(12, 13))),
	}, map[registry.Result]int{registry.Applied: 3})
	f.wantLines(`select count(*)::text from accounts where held_back`, "0") // the person's answer has settled it
}

// freed is what resuming scan_1 frees of its brake.
func (f fixture) freed(accounts ...string) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), `insert into freed_accounts select 'scan_1', unnest($1::text[])`, accounts); err != nil {
		f.t.Fatal(err)
	}
}

func TestFreedAccountsAreNotBrakedAndDoNotCount(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 7, registry.Brake{Accounts: 1}, time.Now)
	f.freed("acct_0", "acct_1", "acct_2")
	var answers []registry.Observation
	for i := range 5 {
		answers = append(answers, f.scanned("scan_1", i, chargesOff()))
	}
	f.wantResults(answers, map[registry.Result]int{registry.Applied: 4, registry.HeldBack: 1})
	f.openPass("scan_2")
	f.wantResults([]registry.Observation{f.scanned("scan_2", 5, chargesOff()), f.scanned("scan_2", 6, chargesOff())},
		map[registry.Result]int{registry.HeldBack: 2})
}

func TestReplicasTogetherNeverPassTheBrake(t *testing.T) {
	t.Parallel()
	const accounts, limit, replicas = 60, 7, 3
	f := brakeFixture(t, accounts, registry.Brake{Accounts: limit}, time.Now)
	answers := make([]registry.Observation, accounts)
	for i := range accounts {
		answers[i] = f.scanned("scan_1", i, chargesOff())
	}
	took := make([]int, replicas)
	var group sync.WaitGroup
	for n := range replicas {
		r := openAs(t, f.pool, registry.Config{Brake: &registry.Brake{Accounts: limit}})
		group.Go(func() {
			for i := n; i < accounts; i += replicas {
				outs, err := r.Observe(t.Context(), answers[i:i+1])
				if err != nil {
					t.Error(err)
					return
				}
				took[n] += results(outs)[registry.Applied]
			}
		})
	}
	group.Wait()
	t.Logf("taken by each replica: %v", took)
	if took[0]+took[1]+took[2] != limit {
		t.Errorf("%v accounts were taken in all, want %d", took, limit)
	}
	f.wantLines(`select count(*)::text from accounts where not can_transact`, "7")
	f.wantLines(scanCounts, "braked: 60 checked, 7 changed, 7 unable, 0 able, 0 disconnected, 53 held back")
}

func TestAccountsThatAreNotInOrderClimbTheLadder(t *testing.T) {
	t.Parallel()
	now := t0
	f := brakeFixture(t, 1, registry.Brake{Accounts: 20}, func() time.Time { return now })
	again := func(facts account.Facts) time.Duration {
		t.Helper()
		f.observe(registry.Retrieved(f.retrievalOf("acct_0", account.At(now)), facts))
		row, err := f.Account(t.Context(), "acct_0")
		if err != nil {
			t.Fatal(err)
		}
		due := row.NextCheckAt.Sub(now)
		now = *row.NextCheckAt
		return due
	}
	unfinished := chargesOff()
	unfinished.DetailsSubmitted = new(bool)
	for i, step := range []struct {
		facts account.Facts
		due   time.Duration
	}{
		{chargesOff(), time.Hour},
		{chargesOff(), 6 * time.Hour},
		{chargesOff(), 24 * time.Hour},
		{chargesOff(), 7 * 24 * time.Hour},
		{chargesOff(), 7 * 24 * time.Hour},
		{unfinished, time.Hour},
		{unfinished, 6 * time.Hour},
		{working(), 28 * 24 * time.Hour},
		{chargesOff(), time.Hour},
	} {
		due := again(step.facts)
		if due > step.due || due < step.due*13/14 || step.due < 28*24*time.Hour && due != step.due {
			t.Errorf("step %d: due in %s, want %s", i, due, step.due)
		}
	}
}

// TestEventThatBringsAnAccountOutOfOrderStartsTheLadder: the event that brings it back may be lost.
func TestEventThatBringsAnAccountOutOfOrderStartsTheLadder(t *testing.T) {
	t.Parallel()
	now := t0
	f := brakeFixture(t, 1, registry.Brake{Accounts: 20}, func() time.Time { return now })
	said := event("evt_1", "account.updated", at(20))
	said.Account = "acct_0"
	f.want(registry.Applied, "", registry.Reported(said, chargesOff()))
	for _, want := range []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour} {
		row, err := f.Account(t.Context(), "acct_0")
		if err != nil {
			t.Fatal(err)
		}
		if due := row.NextCheckAt.Sub(now); due != want {
			t.Errorf("due in %s, want %s", due, want)
		}
		now = *row.NextCheckAt
		f.observe(registry.Retrieved(f.retrievalOf("acct_0", account.At(now)), chargesOff()))
	}
}

func TestLadderIsNeverLongerThanTheTimeBetweenChecks(t *testing.T) {
	t.Parallel()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	now := t0
	f := fixture{
		Registry: openAs(t, pool, registry.Config{RecheckEvery: 2 * time.Hour, Now: func() time.Time { return now }}), t: t, pool: pool,
	}
	f.observe(registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	for range 3 {
		now = now.Add(time.Hour)
		f.observe(registry.Retrieved(f.retrievalOf("acct_1", account.At(now)), chargesOff()))
	}
	row, err := f.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	if due := row.NextCheckAt.Sub(now); due > 2*time.Hour {
		t.Errorf("due in %s", due)
	}
	if err := f.Recall(t.Context(), now, time.Hour); err != nil {
		t.Error(err)
	}
}

// TestDeauthorizationThatARetrievalConfirmsIsNotBraked: the event has said it, and webhooks are not braked.
func TestDeauthorizationThatARetrievalConfirmsIsNotBraked(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 2, registry.Brake{}, time.Now)
	said := event("evt_1", "account.application.deauthorized", at(2))
	said.Account = "acct_0"
	f.want(registry.Stale, "same moment", registry.Deauthorized(said))
	f.wantResults([]registry.Observation{f.scannedGone(0), f.scannedGone(1)},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
}

func TestAccountThatIsHeldBackAgainCountsOnce(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 1, registry.Brake{}, time.Now)
	for i := range 3 {
		f.wantResults([]registry.Observation{f.scanned("scan_1", 0, chargesOff())}, map[registry.Result]int{registry.HeldBack: 1})
		said := event(fmt.Sprintf("evt_0_%d", i), "capability.updated", at(20+i))
		said.Account = "acct_0"
		f.want(registry.Applied, "", registry.Hinted(said))
	}
	f.wantLines(scanCounts, "braked: 3 checked, 0 changed, 0 unable, 0 able, 0 disconnected, 1 held back")
}

// TestAnswerOfAnEndedPassIsBraked: only while it is open is a pass free of the brake.
func TestAnswerOfAnEndedPassIsBraked(t *testing.T) {
	t.Parallel()
	f := brakeFixture(t, 3, registry.Brake{Accounts: 1}, time.Now)
	f.freed("acct_0", "acct_1")
	f.openPass("scan_2")
	f.wantResults([]registry.Observation{f.scanned("scan_1", 0, chargesOff()), f.scanned("scan_1", 1, chargesOff())},
		map[registry.Result]int{registry.Applied: 1, registry.HeldBack: 1})
}
