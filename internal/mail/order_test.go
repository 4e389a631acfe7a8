package mail_test

import (
	"testing"
	"time"

	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/waittest"
)

// TestAChangeAndAReminderOfOneSellerDoNotBlockEachOther: whoever tells locks reminders before the causes of mails. The change's
// teller is held where it claims its mail, until the other one waits for a lock too.
func TestAChangeAndAReminderOfOneSellerDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	deadline := s.clock.now().Add(20 * day)
	s.report("s1", due(deadline, "company.tax_id"))
	s.deliver()
	s.clock.set(deadline.Add(-14*day + time.Minute))
	s.report("s1", due(deadline, "company.tax_id", "company.name"))
	s.exec(`create function hold() returns trigger language plpgsql as $$ begin
		perform pg_advisory_xact_lock_shared(42);
		return new;
	end $$`)
	s.exec("create trigger hold after insert or update on mail_causes for each row execute function hold()")
	held, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "select pg_advisory_xact_lock(42)"); err != nil {
		t.Fatal(err)
	}
	waiting := func(n int) func() bool {
		return func() bool {
			return len(texts(s, "select 'x' from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")) == n
		}
	}
	follower := notify.NewFollower(notify.FollowerConfig{
		Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge, More: func() <-chan struct{} { return nil },
		Mails: s.outbox, Now: s.clock.now, Logger: s.logger(),
	})
	reminders := notify.Reminders{Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge, Mails: s.outbox}
	ended := make(chan error, 2)
	go func() { _, err := follower.Step(t.Context()); ended <- err }()
	waittest.Until(t, "the change's mail to be claimed", waiting(1))
	now := s.clock.now()
	go func() { ended <- reminders.Tick(t.Context(), now) }()
	waittest.Until(t, "the reminder to come to a lock, or to its end", func() bool { return waiting(2)() || len(ended) > 0 })
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
