package notify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/registry"
)

// sent are the bodies of what is to be sent to an endpoint, oldest first.
func (s *stage) sent(e client.EventEndpoint) []client.Event {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), "select event_id, body from deliveries where endpoint_id = $1 order by id", e.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var events []client.Event
	for rows.Next() {
		var e client.Event
		var body string
		if err := rows.Scan(&e.ID, &body); err != nil {
			s.t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			s.t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return events
}

func (s *stage) sentTypes(e client.EventEndpoint) []string {
	types := []string{}
	for _, event := range s.sent(e) {
		types = append(types, event.Type)
	}
	return types
}

func (s *stage) wantSent(e client.EventEndpoint, types ...string) {
	s.t.Helper()
	s.follow()
	if diff := cmp.Diff(append([]string{}, types...), s.sentTypes(e)); diff != "" {
		s.t.Errorf("(-want +sent)\n%s", diff)
	}
}

func sellerEvent(t *testing.T, e client.Event) client.SellerEvent {
	t.Helper()
	var seller client.SellerEvent
	if err := json.Unmarshal(e.Data, &seller); err != nil {
		t.Fatal(err)
	}
	return seller
}

func TestEachChangeIsToldAsWhatItIs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	all := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	s.wantSent(all, "seller.connected")
	s.report("acct_1", working())
	s.wantSent(all, "seller.connected", "seller.readiness.changed")
	s.report("acct_1", due(s.clock.now().Add(100*24*time.Hour), "external_account"))
	s.wantSent(all, "seller.connected", "seller.readiness.changed", "seller.readiness.changed", "seller.requirements.due")
	s.deauthorize("acct_1")
	s.wantSent(all, "seller.connected", "seller.readiness.changed", "seller.readiness.changed", "seller.requirements.due", "seller.disconnected")
	s.connect("s1", "acct_1")
	s.observe(registry.Reassigned("acct_1", "s2"))
	s.follow()
	last := s.sent(all)[5:]
	if diff := cmp.Diff([]string{"seller.connected", "seller.disconnected", "seller.connected"}, s.sentTypes(all)[5:]); diff != "" {
		t.Fatal(diff)
	}
	if was, is := sellerEvent(t, last[1]), sellerEvent(t, last[2]); was.SellerID != "s1" || is.SellerID != "s2" {
		t.Errorf("%s lost the account and %s got it", was.SellerID, is.SellerID)
	}
}

func TestAnEventSaysWhatIsAndWhatWas(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	e := s.endpoint("https://shop.example.com/events")
	s.report("acct_1", chargesOff())
	s.follow()
	sent := s.sent(e)
	if len(sent) != 1 {
		t.Fatalf("%d events", len(sent))
	}
	told := sellerEvent(t, sent[0])
	is, err := s.registry.Readiness(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(is, told.Readiness); diff != "" {
		t.Errorf("(-readiness +data)\n%s", diff)
	}
	if sent[0].Sequence != is.Version || !strings.HasPrefix(sent[0].ID, "msg_") {
		t.Errorf("%+v", sent[0])
	}
	if got := string(told.Previous["can_transact"]); got != "true" {
		t.Errorf("can_transact was %s", got)
	}
	fields := slices.Sorted(maps.Keys(told.Previous))
	if diff := cmp.Diff([]string{"allow_unlink", "can_accept_payments", "can_transact", "reasons", "status"}, fields); diff != "" {
		t.Errorf("(-want +previous)\n%s", diff)
	}
}

func TestAFirstConnectionHasNoPrevious(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	s.follow()
	if previous := sellerEvent(t, s.sent(e)[0]).Previous; previous == nil || len(previous) != 0 {
		t.Errorf("%v", previous)
	}
}

func TestWhatIsDueIsToldOfNewItemsAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	e := s.endpoint("https://shop.example.com/events", notify.RequirementsDue)
	deadline := s.clock.now().Add(100 * 24 * time.Hour)
	s.report("acct_1", due(deadline, "external_account"))
	s.wantSent(e, "seller.requirements.due")
	late := due(deadline, "external_account")
	late.Requirements.PastDue = []string{"external_account"}
	s.report("acct_1", late)
	s.wantSent(e, "seller.requirements.due") // what is past due was due before
	s.report("acct_1", due(deadline, "external_account", "representative.phone"))
	s.wantSent(e, "seller.requirements.due", "seller.requirements.due")
	s.report("acct_1", working())
	s.report("acct_1", due(deadline, "external_account"))
	s.wantSent(e, "seller.requirements.due", "seller.requirements.due", "seller.requirements.due") // due once more
	later := working()
	later.FutureRequirements = &account.Requirements{CurrentlyDue: []string{"company.tax_id"}, CurrentDeadline: &deadline}
	s.report("acct_1", later)
	s.wantSent(e, slices.Repeat([]string{"seller.requirements.due"}, 4)...)
}

func TestAnEndpointGetsTheTypesThatItAskedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	some := s.endpoint("https://shop.example.com/some", notify.SellerDisconnected, notify.SellerConnected)
	all := s.endpoint("https://shop.example.com/all")
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	s.deauthorize("acct_1")
	s.wantSent(some, "seller.connected", "seller.disconnected")
	s.wantSent(all, "seller.connected", "seller.readiness.changed", "seller.disconnected")
	if a, b := s.sent(some)[0], s.sent(all)[0]; a.ID != b.ID {
		t.Errorf("one event has the ids %s and %s", a.ID, b.ID)
	}
}

func TestAnEndpointGetsWhatHappensFromThenOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	e := s.endpoint("https://shop.example.com/events")
	s.wantSent(e)
	s.report("acct_1", chargesOff())
	s.wantSent(e, "seller.readiness.changed")
}

func TestAConfirmationIsNotTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.report("acct_1", working())
	e := s.endpoint("https://shop.example.com/events")
	account1, err := s.registry.Account(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	s.clock.advance(time.Minute)
	s.observe(registry.Retrieved(registry.Retrieval{
		AccountID: "acct_1", Source: registry.Scan, Revision: account1.Revision, Interval: account.At(s.clock.now()),
	}, working()))
	if n := s.count("select count(*) from feed_entries where kind = 'check'"); n != 1 {
		t.Fatalf("%d checks", n)
	}
	s.wantSent(e)
}

func TestManyFollowersTellEachChangeOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	const sellers = 40
	var running sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		running.Go(func() {
			follower := s.follower()
			for {
				if _, err := follower.Step(t.Context()); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range sellers {
		s.connect(fmt.Sprintf("s%d", i), fmt.Sprintf("acct_%d", i))
		s.report(fmt.Sprintf("acct_%d", i), working())
	}
	close(stop)
	running.Wait()
	s.follow()
	told := map[string]int{}
	var last int64
	for _, event := range s.sent(e) {
		told[fmt.Sprint(event.Sequence)]++
		if event.Sequence <= last {
			t.Errorf("%d comes after %d", event.Sequence, last)
		}
		last = event.Sequence
	}
	if len(told) != 2*sellers || slices.Max(slices.Collect(maps.Values(told))) != 1 {
		t.Errorf("%d of %d changes were told: %v", len(told), 2*sellers, told)
	}
	if n := s.count("select count(*) from river_job where kind = 'delivery'"); n != 2*sellers {
		t.Errorf("%d jobs", n)
	}
}

// After a week the feed has let go of its entries; a restore from a backup raises the epoch. The history has all of it.
func TestAWeekOfDowntimeAndARestoreLoseNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	s.follow()
	s.report("acct_1", working())
	s.clock.advance(8 * 24 * time.Hour)
	s.exec("delete from feed_entries")
	if _, err := db.New(s.pool).RaiseEpoch(t.Context(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	s.report("acct_1", chargesOff())
	s.wantSent(e, "seller.connected", "seller.readiness.changed", "seller.readiness.changed")
	if sent := s.sent(e); sent[1].Sequence >= sent[2].Sequence {
		t.Errorf("%d, %d", sent[1].Sequence, sent[2].Sequence)
	}
}

func TestAStepThatFailsTellsNothingAndIsDoneAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events")
	s.connect("s1", "acct_1")
	s.exec("alter table river_job rename to river_job_away")
	if _, err := s.follower().Step(t.Context()); err == nil {
		t.Fatal("jobs were inserted nowhere")
	}
	if sent := s.sent(e); len(sent) > 0 {
		t.Fatalf("%v", sent)
	}
	s.exec("alter table river_job_away rename to river_job")
	s.wantSent(e, "seller.connected")
}

func TestManyChangesAreToldInSteps(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	e := s.endpoint("https://shop.example.com/events", notify.SellerConnected)
	const sellers = 1100
	for i := 0; i < sellers; i += 100 {
		var many []registry.Observation
		for j := i; j < i+100; j++ {
			many = append(many, registry.Granted(registry.Grant{
				SellerID: fmt.Sprintf("s%d", j), AccountID: fmt.Sprintf("acct_%d", j), Interval: account.At(s.clock.now()),
			}))
		}
		if _, err := s.registry.Observe(t.Context(), many); err != nil {
			t.Fatal(err)
		}
	}
	s.follow()
	if n := len(s.sent(e)); n != sellers {
		t.Errorf("%d of %d", n, sellers)
	}
}

func TestManyEndpointsAreToldOfFewChangesAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const endpoints, changes = 100, 30
	for range endpoints {
		s.endpoint("https://shop.example.com/events")
	}
	for i := range changes {
		s.connect(fmt.Sprint("s", i), fmt.Sprint("acct_", i))
	}
	var steps []int
	for all := 0; all < changes; all += steps[len(steps)-1] {
		told, err := s.follower().Step(t.Context())
		if err != nil || told == 0 {
			t.Fatalf("a step told %d changes: %v", told, err)
		}
		steps = append(steps, told)
	}
	if diff := cmp.Diff([]int{25, 5}, steps); diff != "" { // 25 changes may be 5,000 deliveries
		t.Errorf("changes a step (-want +told)\n%s", diff)
	}
	if sent := s.count("select count(*) from deliveries"); sent != endpoints*changes {
		t.Errorf("%d deliveries, want %d", sent, endpoints*changes)
	}
}
