package registry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// dueFixture holds n accounts, acct_0 due longest, each due a second after the one before; noon is past all of them.
func dueFixture(t *testing.T, n int) (f fixture, noon time.Time) {
	f = newFixture(t)
	for i := range n {
		f.observe(registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(i, i+1))))
	}
	_, err := f.pool.Exec(t.Context(), `update accounts set claimed_until = null,
		next_check_at = $1::timestamptz + make_interval(secs => substr(id, 6)::int)`, t0)
	if err != nil {
		t.Fatal(err)
	}
	return f, t0.Add(time.Hour)
}

func (f fixture) claim(now time.Time, n int) []string {
	f.t.Helper()
	claims, err := f.ClaimDue(f.t.Context(), now, 15*time.Second, n)
	if err != nil {
		f.t.Fatal(err)
	}
	var claimed []string
	for _, c := range claims {
		claimed = append(claimed, c.AccountID)
	}
	slices.Sort(claimed)
	return claimed
}

func TestThoseDueLongestAreClaimedFirst(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 5)
	if diff := cmp.Diff([]string{"acct_0", "acct_1"}, f.claim(noon, 2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"acct_2", "acct_3", "acct_4"}, f.claim(noon, 9)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotDueIsNotClaimed(t *testing.T) {
	t.Parallel()
	f, _ := dueFixture(t, 3)
	if diff := cmp.Diff([]string{"acct_0", "acct_1"}, f.claim(at(1), 9)); diff != "" {
		t.Error(diff)
	}
}

func TestAClaimThatIsNotAnsweredReturns(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 1)
	f.claim(noon, 1)
	if got := f.claim(noon.Add(15*time.Second-time.Microsecond), 1); got != nil {
		t.Errorf("claimed twice: %v", got)
	}
	if got := f.claim(noon.Add(15*time.Second), 1); got == nil {
		t.Error("the claim did not end")
	}
}

func TestAClaimSaysTheRevisionForItsRetrieval(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 1)
	claims, err := f.ClaimDue(t.Context(), noon, time.Second, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := registry.Retrieval{AccountID: "acct_0", Source: registry.Scan, Revision: claims[0].Revision, Interval: span(60, 61)}
	f.want(registry.Applied, "", registry.Retrieved(r, working()))
	if got := f.claim(noon, 1); got != nil {
		t.Errorf("checked, and due still: %v", got)
	}
}

// TestTwoClaimersNeverTakeTheSame: each account is taken once, whoever asks at the same time, and none is left.
func TestTwoClaimersNeverTakeTheSame(t *testing.T) {
	t.Parallel()
	const accounts, claimers = 60, 4
	f, noon := dueFixture(t, accounts)
	taken := make([][]string, claimers)
	var wg sync.WaitGroup
	for i := range claimers {
		wg.Go(func() {
			for len(taken[i]) < accounts {
				claims, err := f.ClaimDue(t.Context(), noon, time.Minute, 3)
				if err != nil {
					t.Error(err)
					return
				}
				if len(claims) == 0 {
					return
				}
				for _, c := range claims {
					taken[i] = append(taken[i], c.AccountID)
				}
			}
		})
	}
	wg.Wait()
	// One that was locked by another at the moment of the last look is still to be had.
	all := append(slices.Concat(taken...), f.claim(noon, accounts)...)
	slices.Sort(all)
	if once := slices.Compact(slices.Clone(all)); len(all) != accounts || len(once) != accounts {
		t.Errorf("%d claims of %d accounts, want %d of each", len(all), len(once), accounts)
	}
}

// TestAClaimPassesOverWhatIsLocked: one account that somebody is at work on does not keep all others from being checked.
func TestAClaimPassesOverWhatIsLocked(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 2)
	release := f.lockRow(`select from accounts where id = 'acct_0' for update`)
	defer release()
	patient, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	claims, err := f.ClaimDue(patient, noon, time.Minute, 2)
	if err != nil || len(claims) != 1 || claims[0].AccountID != "acct_1" {
		t.Errorf("beside an account that is locked it claimed %+v, %v", claims, err)
	}
	release()
	if got := f.claim(noon, 2); !slices.Equal(got, []string{"acct_0"}) {
		t.Errorf("once it is free %v is claimed", got)
	}
}

// TestAFailedCheckHoldsBackAndStaysDue: until then it is no one's, and afterwards it is due as it was.
func TestAFailedCheckHoldsBackAndStaysDue(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 1)
	for range 2 {
		if err := f.CheckFailed(t.Context(), f.retrievalOf("acct_0", account.Interval{}), errors.New("stripe is out of reach"), noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	row, err := f.Account(t.Context(), "acct_0")
	if err != nil {
		t.Fatal(err)
	}
	if row.CheckFailures != 2 || *row.LastCheckError != "stripe is out of reach" || !row.NextCheckAt.Equal(t0) {
		t.Errorf("%d failures, %q, due %v", row.CheckFailures, *row.LastCheckError, row.NextCheckAt)
	}
	if got := f.claim(noon, 1); got != nil {
		t.Errorf("claimed while held back: %v", got)
	}
	if got := f.claim(noon.Add(time.Minute), 1); got == nil {
		t.Error("no longer due")
	}
}

func TestWhatIsHeldBackCountsNoFailure(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 1)
	if err := f.HoldBack(t.Context(), "acct_0", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	row, err := f.Account(t.Context(), "acct_0")
	if err != nil {
		t.Fatal(err)
	}
	if row.CheckFailures != 0 || f.claim(noon, 1) != nil || f.claim(noon.Add(time.Minute), 1) == nil {
		t.Errorf("%d failures", row.CheckFailures)
	}
}

// TestAFailureDoesNotTouchWhatIsDisconnected: its check was answered meanwhile.
func TestAFailureDoesNotTouchWhatIsDisconnected(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", deauthorized("evt_1", 10))
	if err := f.CheckFailed(t.Context(), f.retrievalOf("acct_1", account.Interval{}), errors.New("late"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := f.lines(`select format('%s %s', check_failures, last_check_error is null) from accounts`); got[0] != "0 t" {
		t.Errorf("failures, no error: %s", got[0])
	}
	f.wantStatus(account.Disconnected)
}

func TestTheNextClaimEndIsTheFirst(t *testing.T) {
	t.Parallel()
	f, noon := dueFixture(t, 3)
	wantEnd := func(want time.Time) {
		t.Helper()
		end, ok, err := f.NextClaimEnd(t.Context())
		if err != nil || ok != !want.IsZero() || !end.Equal(want) {
			t.Errorf("the next claim ends at %v, %v, %v, want %v", end, ok, err, want)
		}
	}
	wantEnd(time.Time{}) // who is due and not claimed has none
	for i, after := range []time.Duration{3 * time.Minute, time.Minute, 2 * time.Minute} {
		if err := f.HoldBack(t.Context(), fmt.Sprintf("acct_%d", i), noon.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	wantEnd(noon.Add(time.Minute))
	left := event("evt_1", "account.application.deauthorized", at(10))
	left.Account = "acct_1"
	f.want(registry.Applied, "", registry.Deauthorized(left))
	wantEnd(noon.Add(2 * time.Minute))
}

// TestWhatAClockAheadHasPutOffIsRecalled: an account can't be due later than RecheckEvery from now, nor wait longer than one
// waits.
func TestWhatAClockAheadHasPutOffIsRecalled(t *testing.T) {
	t.Parallel()
	const hour, day, every = time.Hour, 24 * time.Hour, 28 * 24 * time.Hour
	rows := []struct{ checked, due, claimed, wantDue, wantClaimed time.Duration }{ // from noon on; claimed 0: not
		{-hour, every - hour, 0, every - hour, 0},       // as it should be
		{-day, -hour, hour, -hour, hour},                // waits after a failure
		{400 * day, 400*day + every, 0, 0, 0},           // checked by a clock that was ahead
		{-10 * day, 60 * day, 0, every - 10*day, 0},     // checked while RecheckEvery was longer
		{-day, -hour, 20 * day, -hour, 0},               // claimed by a clock that was ahead
		{-40 * day, -12 * day, 400 * day, -12 * day, 0}, // likewise, by far
		{400 * day, 401 * day, 400*day + hour, 0, 0},    // all of it
	}
	f, noon := dueFixture(t, len(rows))
	for i, row := range rows {
		_, err := f.pool.Exec(t.Context(), `update accounts set checked_at = $2, next_check_at = $3, claimed_until = nullif($4, $5::timestamptz)
			where id = $1`, fmt.Sprintf("acct_%d", i), noon.Add(row.checked), noon.Add(row.due), noon.Add(row.claimed), noon)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Recall(t.Context(), noon, hour); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		var due time.Time
		var claimed *time.Time
		err := f.pool.QueryRow(t.Context(), `select next_check_at, claimed_until from accounts where id = $1`, fmt.Sprintf("acct_%d", i)).Scan(&due, &claimed)
		if err != nil {
			t.Fatal(err)
		}
		if !due.Equal(noon.Add(row.wantDue)) || (claimed == nil) != (row.wantClaimed == 0) {
			t.Errorf("account %d is due at %s, claimed until %v; want noon and %s", i, due, claimed, row.wantDue)
		}
	}
}

// TestAWishWakesWhoeverChecks: a tie makes the account due at once, and says so.
func TestAWishWakesWhoeverChecks(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	for len(f.DueNow()) > 0 { // of the grant
		<-f.DueNow()
	}
	f.want(registry.Applied, "", updated("evt_1", at(2), chargesOff()))
	if len(f.DueNow()) != 1 {
		t.Error("nobody was woken")
	}
}

// TestWhatIsMadeDueIsTakenUp at once, by whoever waits; what is being retrieved is from before.
func TestWhatIsMadeDueIsTakenUp(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	under := f.retrieval(span(9, 10))
	for len(f.DueNow()) > 0 { // of the grant
		<-f.DueNow()
	}
	if err := f.MakeDue(t.Context(), "acct_1"); err != nil {
		t.Fatal(err)
	}
	if len(f.DueNow()) != 1 || len(f.claim(time.Now(), 10)) != 1 {
		t.Errorf("%d were woken, and the account is not due", len(f.DueNow()))
	}
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(under, working()))
	if err := f.MakeDue(t.Context(), "acct_none"); err != nil {
		t.Error(err)
	}
}

func TestATieEndsAWaitAfterFailures(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	now := time.Now()
	if err := f.CheckFailed(t.Context(), f.retrievalOf("acct_1", account.Interval{}), errors.New("no answer"), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	f.want(registry.Applied, "", updated("evt_1", at(2), chargesOff())) // of the same moment as the retrieval
	if got := f.claim(time.Now(), 10); len(got) != 1 {
		t.Errorf("due at once, and claimed %v", got)
	}
}

// TestAFailureHoldsBackNothingThatCameAfter its check was sent: neither a wish nor news.
func TestAFailureHoldsBackNothingThatCameAfter(t *testing.T) {
	t.Parallel()
	for name, comes := range map[string]func(fixture){
		"a wish": func(f fixture) {
			if err := f.Wish(t.Context(), "acct_1"); err != nil {
				t.Fatal(err)
			}
		},
		"a tie": func(f fixture) { f.want(registry.Applied, "", updated("evt_1", at(2), chargesOff())) },
	} {
		f := connectedFixture(t)
		sent := f.retrievalOf("acct_1", account.Interval{})
		comes(f)
		if err := f.CheckFailed(t.Context(), sent, errors.New("no answer"), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := f.claim(time.Now(), 10); len(got) != 1 {
			t.Errorf("%s came after the check, and claimed is %v", name, got)
		}
	}
}

func TestAFailureWakesWhoeverWaits(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	if err := f.CheckFailed(t.Context(), f.retrievalOf("acct_1", account.Interval{}), errors.New("no answer"), time.Now()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-f.DueNow():
	default:
		t.Error("nobody was woken to wait for a sooner end")
	}
}

// TestWhatAPersonAskedForIsDueUntilItIsAnswered: also where the account would not have been due for weeks.
func TestWhatAPersonAskedForIsDueUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	for name, unanswered := range map[string]func(fixture) error{
		"wished": func(f fixture) error { return f.Wish(t.Context(), "acct_1") },
		"failed": func(f fixture) error {
			return f.CheckFailed(t.Context(), f.retrievalOf("acct_1", account.Interval{}), errors.New("no answer"), time.Now())
		},
		"kept racing": func(f fixture) error { return f.HoldBack(t.Context(), "acct_1", time.Now()) },
	} {
		f := connectedFixture(t)
		if f.dueNow() {
			t.Fatal("a checked account is due")
		}
		if err := unanswered(f); err != nil {
			t.Fatal(err)
		}
		if !f.dueNow() {
			t.Errorf("%s: the account is not due", name)
		}
	}
}

// TestAWishLeavesWhatIsOverdueAsOverdue: who asks again and again hides from nobody for how long the account was not checked.
func TestAWishLeavesWhatIsOverdueAsOverdue(t *testing.T) {
	t.Parallel()
	f, _ := dueFixture(t, 1)
	if err := f.Wish(t.Context(), "acct_0"); err != nil {
		t.Fatal(err)
	}
	f.wantLines(`select (extract(epoch from next_check_at)::bigint)::text from accounts`, strconv.FormatInt(t0.Unix(), 10))
}

func TestAWishThrowsAwayTheRetrievalUnderWay(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	under := f.retrieval(span(9, 10))
	if err := f.Wish(t.Context(), "acct_1"); err != nil {
		t.Fatal(err)
	}
	f.want(registry.Raced, "the account changed while it was retrieved", registry.Retrieved(under, working()))
}
