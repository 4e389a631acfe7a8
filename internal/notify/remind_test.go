package notify_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/robfig/cron/v3"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
)

const day = 24 * time.Hour

func (s *stage) reminders() notify.Reminders {
	return notify.Reminders{Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge}
}

// remind has the clock's moment told.
func (s *stage) remind() {
	s.t.Helper()
	if err := s.reminders().Tick(s.t.Context(), s.clock.now()); err != nil {
		s.t.Fatal(err)
	}
}

// reminded are the reminders that were inserted as jobs, in order.
func (s *stage) reminded() []notify.Event {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), "select args from river_job where kind = 'event' and args->>'type' = 'seller.requirements.due' order by id")
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowTo[notify.Event])
	if err != nil {
		s.t.Fatal(err)
	}
	return events
}

// until ticks each hour until a moment, as the cron entry does.
func (s *stage) until(end time.Time) {
	s.t.Helper()
	hourly, err := cron.ParseStandard("@hourly")
	if err != nil {
		s.t.Fatal(err)
	}
	for next := hourly.Next(s.clock.now()); !next.After(end); next = hourly.Next(next) {
		s.clock.set(next)
		s.remind()
	}
	s.clock.set(end)
}

// daysBefore are how many days before the deadline each was reminded, to the nearest.
func daysBefore(t testing.TB, deadline time.Time, events []notify.Event) []int {
	t.Helper()
	days := []int{}
	for _, e := range events {
		days = append(days, int(deadline.Sub(e.Timestamp).Round(day)/day))
	}
	return days
}

// change has Stripe report facts, and has them told.
func (s *stage) change(accountID string, f account.Facts) {
	s.t.Helper()
	s.report(accountID, f)
	s.follow()
}

func TestRemindersComeFourteenSevenAndOneDayBefore(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	deadline := s.clock.now().Add(60 * day)
	s.report("acct_1", due(deadline, "external_account"))
	s.follow()
	s.until(deadline.Add(30 * day))
	got := s.reminded()
	if diff := cmp.Diff([]int{14, 7, 1}, daysBefore(t, deadline, got)); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	for _, e := range got {
		if late := e.Timestamp.Sub(deadline) % day; late > time.Hour {
			t.Errorf("reminded at %s of %s", e.Timestamp, deadline)
		}
	}
	var told client.SellerEvent
	if err := json.Unmarshal(got[0].Data, &told); err != nil {
		t.Fatal(err)
	}
	if told.SellerID != "s1" || told.Status != "restricted_soon" || told.Previous == nil || len(told.Previous) > 0 || told.Version == 0 || got[0].Sequence == 0 {
		t.Errorf("%s", got[0].Data)
	}
}

func TestNobodyIsRemindedOfWhatWasJustTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	deadline := s.clock.now().Add(10 * day)
	s.report("acct_1", due(deadline, "external_account"))
	s.follow()
	s.until(deadline.Add(day))
	if diff := cmp.Diff([]int{7, 1}, daysBefore(t, deadline, s.reminded())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNobodyIsRemindedOfWhatIsDone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, id := range []string{"1", "2"} {
		s.connect("s"+id, "acct_"+id)
		s.report("acct_"+id, due(s.clock.now().Add(10*day), "external_account"))
	}
	s.follow()
	s.report("acct_1", working())
	s.deauthorize("acct_2")
	s.follow()
	s.until(s.clock.now().Add(30 * day))
	if got := s.reminded(); len(got) > 0 {
		t.Errorf("%v", got)
	}
	if n := s.count("select count(*) from reminders"); n != 0 {
		t.Errorf("%d are kept", n)
	}
}

// The change that ends it was not followed yet.
func TestNobodyIsRemindedOfWhatIsDoneAndNotYetTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", due(s.clock.now().Add(10*day), "external_account"))
	s.follow()
	s.report("acct_1", working())
	s.clock.advance(5 * day)
	s.remind()
	if got := s.reminded(); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

func TestAMovedDeadlineIsRemindedOfAnew(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	first := s.clock.now().Add(20 * day)
	s.report("acct_1", due(first, "external_account"))
	s.follow()
	s.until(first.Add(-6 * day)) // 14 and 7
	second := first.Add(40 * day)
	s.report("acct_1", due(second, "external_account"))
	s.follow()
	s.until(second.Add(day))
	got := s.reminded()
	if diff := cmp.Diff([]int{14, 7}, daysBefore(t, first, got[:2])); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int{14, 7, 1}, daysBefore(t, second, got[2:])); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A change that leaves the deadline as it is does not take a reminder away whose moment came just before.
func TestAChangeKeepsAReminderThatIsDue(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	deadline := s.clock.now().Add(20 * day)
	s.report("acct_1", due(deadline, "external_account"))
	s.follow()
	s.clock.set(deadline.Add(-14 * day).Add(time.Minute))
	s.report("acct_1", due(deadline, "external_account", "representative.phone"))
	s.follow()
	s.remind()
	if diff := cmp.Diff([]int{14}, daysBefore(t, deadline, s.reminded())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAfterADowntimeEachIsRemindedOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.connect("s2", "acct_2")
	deadline := s.clock.now().Add(20 * day)
	s.report("acct_1", due(deadline, "external_account"))
	s.report("acct_2", due(deadline.Add(-12*day), "external_account"))
	s.follow()
	s.clock.set(deadline.Add(-5 * day)) // 14 and 7 are over; the other's deadline too
	s.remind()
	s.remind()
	got := s.reminded()
	if diff := cmp.Diff([]int{5}, daysBefore(t, deadline, got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	s.until(deadline)
	if got := s.reminded(); len(got) != 2 {
		t.Errorf("%d reminders", len(got))
	}
}

// TestAYearOfReminders lives a year, hour by hour, on two replicas that tick at once: of each deadline that comes each seller
// is reminded three times, whatever else changes, and of one that is met in time no more.
func TestAYearOfReminders(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a life, not a secret
	const sellers = 25
	want := map[string]int{}
	type life struct {
		deadline time.Time
		items    []string
		endsAt   time.Time // when it is met, or passes
	}
	lives := map[string]*life{}
	for i := range sellers {
		id := fmt.Sprint(i)
		s.connect("s"+id, "acct_"+id)
		s.report("acct_"+id, working())
	}
	s.follow()
	end := s.clock.now().Add(365 * day)
	for s.clock.now().Before(end) {
		s.clock.advance(time.Hour)
		now := s.clock.now()
		var ticks sync.WaitGroup
		for range 2 {
			ticks.Go(func() {
				if err := s.reminders().Tick(t.Context(), now); err != nil {
					t.Error(err)
				}
			})
		}
		ticks.Wait()
		i := random.IntN(sellers)
		id := fmt.Sprint(i)
		switch l := lives[id]; {
		case l == nil && random.IntN(4) == 0:
			deadline := now.Add(time.Duration(15+random.IntN(60))*day + time.Duration(random.IntN(60))*time.Minute)
			l = &life{deadline: deadline, items: []string{"external_account"}, endsAt: deadline.Add(2 * time.Hour)}
			if random.IntN(3) == 0 { // met some days before
				l.endsAt = deadline.Add(-time.Duration(1+random.IntN(14)) * day).Add(12 * time.Hour)
			}
			lives[id] = l
			s.change("acct_"+id, due(l.deadline, l.items...))
		case l != nil && now.After(l.endsAt):
			for _, before := range []time.Duration{14 * day, 7 * day, day} {
				if !l.deadline.Add(-before).After(now) {
					want["s"+id]++
				}
			}
			delete(lives, id)
			s.change("acct_"+id, working())
		case l != nil && len(l.items) < 4 && random.IntN(20) == 0:
			l.items = append(l.items, fmt.Sprintf("person_%d.phone", len(l.items)))
			s.change("acct_"+id, due(l.deadline, l.items...))
		}
	}
	for id, l := range lives {
		for _, before := range []time.Duration{14 * day, 7 * day, day} {
			if !l.deadline.Add(-before).After(s.clock.now()) {
				want["s"+id]++
			}
		}
	}
	got := map[string]int{}
	for _, e := range s.reminded() {
		var about client.Readiness
		if err := json.Unmarshal(e.Data, &about); err != nil {
			t.Fatal(err)
		}
		got[about.SellerID]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reminders by seller (-want +got)\n%s", diff)
	}
	if len(want) < sellers/2 {
		t.Errorf("%d sellers had deadlines in a year: too few to say anything", len(want))
	}
}

func TestAReminderIsDeliveredToWhoAsksForWhatIsDue(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.work(notify.SenderConfig{})
	r, other := newReceiver(t), newReceiver(t)
	s.connect("s1", "acct_1")
	deadline := s.clock.now().Add(20 * day)
	s.report("acct_1", due(deadline, "external_account"))
	s.follow()
	e := s.listen(r, notify.RequirementsDue)
	s.listen(other, notify.SellerConnected)
	s.clock.set(deadline.Add(-14 * day).Add(time.Second))
	r.skipTime()
	s.remind()
	r.await(1)
	s.delivered(e, 1)
	if n := len(other.events()); n > 0 {
		t.Errorf("%d events came elsewhere", n)
	}
}

// Sellers who had deadlines before there were reminders have them too.
func TestDeadlinesFromBeforeTheMigrationAreKept(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	deadline := s.clock.now().Add(60 * day).Truncate(time.Second)
	f := due(deadline.Add(day), "external_account")
	f.FutureRequirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: &deadline}
	s.report("acct_1", f)
	s.connect("s2", "acct_2")
	s.observe(registry.Reported(s.event("acct_2"), working()))
	s.migrate(t)
	if n := s.count("select count(*) from reminders where seller_id = 's1' and deadline = $1 and at = $2", deadline, deadline.Add(-14*day)); n != 1 {
		t.Error("no reminder was kept")
	}
	if n := s.count("select count(*) from reminders"); n != 1 {
		t.Errorf("%d were kept", n)
	}
	if n := s.count("select count(*) from told_changes where position = (select position from feed)"); n != 1 {
		t.Error("what was before the migration is to be told")
	}
}
