package registry_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func (f fixture) wantCounts(want map[account.Status]int64) {
	f.t.Helper()
	got, err := f.StatusCounts(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Error(diff)
	}
}

func TestAccountsAreCountedByStatus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.wantCounts(map[account.Status]int64{account.Incomplete: 1})
	f.retrieve(span(1, 2), working())
	f.wantCounts(map[account.Status]int64{account.Enabled: 1})
	f.want(registry.HasAnother, "the seller is connected with acct_1", registry.Granted(grant("s1", "acct_2", span(3, 4)))) // its place goes again
	f.want(registry.Applied, "", registry.Reassigned("acct_1", "s2").By(ann))
	f.wantCounts(map[account.Status]int64{account.Enabled: 1})
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_3", span(5, 6))))
	f.observe(updated("evt_1", at(10), chargesOff()), updated("evt_2", at(11), working()), updated("evt_3", at(12), chargesOff()))
	f.wantCounts(map[account.Status]int64{account.Restricted: 1, account.Incomplete: 1})
	f.want(registry.Applied, "", registry.Deauthorized(event("evt_4", "account.application.deauthorized", at(20))))
	f.wantCounts(map[account.Status]int64{account.Disconnected: 1, account.Incomplete: 1})
}

// TestARecountMendsWhatWasLeftOut, while others change and recount too.
func TestARecountMendsWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	for i := 2; i <= 20; i++ {
		f.want(registry.Applied, "", registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(9, 10))))
	}
	f.exec(`update status_counts set accounts = accounts + 5 where status = 'incomplete'`)
	f.exec(`delete from status_counts where status = 'enabled'`)
	f.exec(`insert into status_counts values ('rejected', 3)`)
	var all errgroup.Group
	for range 8 {
		all.Go(func() error { return f.RecountStatuses(t.Context()) })
	}
	for i := 2; i <= 11; i++ {
		all.Go(func() error {
			id := fmt.Sprintf("acct_%d", i)
			gone := registry.Deauthorized(registry.Event{ID: "evt_" + id, Type: "account.application.deauthorized", Account: id, Created: at(20)})
			_, err := f.Observe(t.Context(), []registry.Observation{gone})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	f.wantCounts(map[account.Status]int64{account.Enabled: 1, account.Disconnected: 10, account.Incomplete: 9})
}

func TestTheLastChangeIsNoCheck(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	f.want(registry.Applied, "", updated("evt_1", at(30), chargesOff()))
	last, err := f.LastChange(t.Context())
	if now, positionErr := f.Position(t.Context()); err != nil || positionErr != nil || last != now {
		t.Errorf("the last change is %d, and the position %d (%v, %v)", last, now, err, positionErr)
	}
	f.want(registry.Applied, "", registry.Retrieved(f.retrievalOf("acct_1", span(31, 32)), chargesOff())) // only confirms
	if after, err := f.LastChange(t.Context()); err != nil || after != last {
		t.Errorf("after a check the last change is %d (%v), want %d", after, err, last)
	}
}

func TestEveryAccountOfAListOnce(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	for i := 2; i <= 3; i++ {
		f.want(registry.Applied, "", registry.Granted(grant(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i), span(9, 10))))
	}
	var got string
	q := registry.AccountQuery{Status: "incomplete", Sort: "id", Limit: 1}
	err := f.EachAccount(t.Context(), q, func(page []client.Account) error {
		got += ids(registry.AccountPage{Accounts: page})
		return nil
	})
	if err != nil || got != "23" {
		t.Errorf("%q, %v", got, err)
	}
	full := errors.New("full")
	if err := f.EachAccount(t.Context(), q, func([]client.Account) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
}

// TestAccountsAtRiskAreCountedByDay: what is over counts as today's, and who can't transact has nothing to lose.
func TestAccountsAtRiskAreCountedByDay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now := t0.Add(time.Hour)
	owes := func(in time.Duration) account.Facts {
		facts, by := working(), now.Add(in)
		facts.Requirements = &account.Requirements{CurrentlyDue: []string{"external_account"}, CurrentDeadline: &by}
		return facts
	}
	blocked := owes(time.Hour)
	blocked.ChargesEnabled = new(bool)
	day := 24 * time.Hour
	for i, facts := range []account.Facts{owes(-3 * day), owes(time.Hour), owes(day), owes(day), owes(9 * day), working(), blocked} {
		id := fmt.Sprintf("acct_%d", i)
		f.want(registry.Applied, "", registry.Granted(grant(fmt.Sprintf("s%d", i), id, span(-1, 0))))
		f.want(registry.Applied, "", registry.Retrieved(f.retrievalOf(id, span(1, 2)), facts))
	}
	got, err := f.AtRiskByDay(t.Context(), now, now.Add(8*day))
	if err != nil {
		t.Fatal(err)
	}
	today := now.Truncate(day)
	if diff := cmp.Diff([]registry.DayRisk{{Day: today, Accounts: 2}, {Day: today.Add(day), Accounts: 2}}, got); diff != "" {
		t.Error(diff)
	}
}
