package overview_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/registry"
)

// TestNothingHasHappened: an empty history has days without anybody.
func TestNothingHasHappened(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.tick()
	counted, err := s.counts.Counted(t.Context())
	if err != nil || counted.Latest != 0 || counted.StartsAt == nil {
		t.Errorf("%+v, %v", counted, err)
	}
	days, err := s.counts.Days(t.Context(), t0.AddDate(0, 0, -2), t0)
	if err != nil || len(days) != 3 || days[2] != (overview.Day{Day: t0.Truncate(24 * time.Hour)}) {
		t.Errorf("%+v, %v", days, err)
	}
}

// TestCausesOfWhatBroke: each with what Stripe says, by what was learned, and the seller whom it struck last.
func TestCausesOfWhatBroke(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, id := range []string{"1", "2", "3", "4"} {
		s.connect("s"+id, "acct_"+id)
		s.later(time.Minute)
		s.says("acct_"+id, works())
	}
	s.later(24 * time.Hour)
	s.says("acct_1", late("person_1AbC.id_number"))
	s.says("acct_2", late("person_2XyZ.id_number"))
	s.later(24 * time.Hour)
	s.says("acct_3", rejected())
	if err := s.Reassign(t.Context(), "acct_4", "s5", account.Actor{Name: "admin"}); err != nil {
		t.Fatal(err)
	}
	s.says("acct_1", works())
	s.tick()

	type cause struct {
		overview.Cause
		Source          registry.Source
		Sellers, Today  int64
		Newest, Account string
		Status          account.Status
	}
	want := []cause{
		{
			overview.Cause{Code: "charges_disabled", DisabledReason: "requirements.past_due", Requirement: "person_any.id_number"},
			registry.Webhook, 2, 0, "s2", "acct_2", account.Restricted,
		},
		{overview.Cause{Code: "disconnected"}, registry.Person, 1, 1, "s4", "acct_4", ""},
		{overview.Cause{Code: "rejected", DisabledReason: "rejected.fraud"}, registry.Webhook, 1, 1, "s3", "acct_3", account.Rejected},
	}
	found, err := s.counts.Broken(t.Context(), s.now.AddDate(0, 0, -1), s.now)
	if err != nil {
		t.Fatal(err)
	}
	var got []cause
	for _, c := range found.Most {
		e := c.Newest[0]
		got = append(got, cause{c.Cause, c.Source, c.Sellers, c.Today, e.SellerID, e.AccountID, e.Status})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWhatFailsOfTheStartsKeepsNoChangeFromBeingCounted, and is told.
func TestWhatFailsOfTheStartsKeepsNoChangeFromBeingCounted(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	s.later(time.Minute)
	s.says("acct_1", works())
	s.exec(`alter table onboarding_links rename to links_gone`)
	if err := s.counts.Tick(t.Context(), s.now); err == nil {
		t.Error("nothing is told")
	}
	if days, err := s.counts.Days(t.Context(), s.now, s.now); err != nil || days[0].Able != 1 {
		t.Errorf("%+v, %v", days, err)
	}
}

// TestALookAtTheStartsHoldsUpNoCounting: another replica counts meanwhile, and what is cut off is looked at later.
func TestALookAtTheStartsHoldsUpNoCounting(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect("s1", "acct_1")
	held, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "lock table onboarding_links in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	looking, cutOff := context.WithCancel(t.Context())
	looked := make(chan error, 1)
	go func() { looked <- s.counts.Tick(looking, s.now) }()
	s.waitsForALock()
	s.later(time.Minute)
	s.says("acct_1", works())
	s.tick()
	if c, err := s.counts.Counted(t.Context()); err != nil || c.Position != c.Latest || c.StartsAt != nil {
		t.Errorf("%+v, %v", c, err)
	}
	cutOff()
	if err := <-looked; err == nil {
		t.Error("it was not cut off")
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.later(10 * time.Minute)
	s.tick()
	if c, err := s.counts.Counted(t.Context()); err != nil || c.StartsAt == nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestOldStartsAreReadTheLessOftenToo: none of them counts, and all are read.
func TestOldStartsAreReadTheLessOftenToo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.exec(`insert into seller_starts (seller_id, connected_at, able_at, code, disabled_reason, requirement)
		select 's' || i, $1, $1, '', '', '' from generate_series(1, 100000) i`, s.now.AddDate(0, 0, -200))
	s.tick()
	var rest float64
	if err := s.pool.QueryRow(t.Context(), `select extract(epoch from starts_due_at - starts_at) from overview`).Scan(&rest); err != nil || rest != 10 {
		t.Errorf("it rests for %v s, %v", rest, err)
	}
}

// TestStartsAreLookedAtTheLessOftenTheMoreThereAre.
func TestStartsAreLookedAtTheLessOftenTheMoreThereAre(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	lookedAt := func() time.Time {
		s.tick()
		counted, err := s.counts.Counted(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return *counted.StartsAt
	}
	s.exec(`insert into sellers (id, created_at) select 's' || i, $1 from generate_series(1, 1000) i`, s.now)
	s.exec(`insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at)
		select 'link_' || i, convert_to('link' || i, 'UTF8'), 's' || i, true, $1, $1 from generate_series(1, 1000) i`, s.now)
	first := lookedAt()
	s.later(9 * time.Second)
	if again := lookedAt(); !again.Equal(first) {
		t.Errorf("a thousand were looked at again after %s", again.Sub(first))
	}
	s.later(time.Second)
	if again := lookedAt(); again.Sub(first) != 10*time.Second {
		t.Errorf("a thousand were looked at again after %s", again.Sub(first))
	}
}
