package mail_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/internal/mail"
)

// TestWhatFlapsIsMailedOnceADay, and the seller is told in the end how it stands.
func TestWhatFlapsIsMailedOnceADay(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	began := s.clock.now()
	for range 5 {
		s.report("s1", payoutsOff())
		s.deliver()
		s.clock.advance(time.Minute)
		s.report("s1", working())
		s.deliver()
		s.clock.advance(time.Minute)
	}
	s.report("s1", payoutsOff()) // and stays off
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "switched_off", "switched_on"}) {
		t.Fatalf("within a day: %q", got)
	}
	s.clock.set(began.Add(day - time.Second))
	s.tick()
	if got := s.unsettled(); len(got) > 0 {
		t.Fatalf("before the day has passed: %q", got)
	}
	s.clock.set(began.Add(day + 5*time.Minute))
	s.tick()
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "switched_off", "switched_on", "switched_off"}) {
		t.Fatalf("after a day: %q", got)
	}
	s.clock.advance(10 * day)
	s.tick()
	if got := s.unsettled(); len(got) > 0 {
		t.Errorf("a seller who knows is told again: %q", got)
	}
}

// TestWhoKnowsThatItIsOnIsNotToldTwice: what waited is not told where it was told since.
func TestWhoKnowsThatItIsOnIsNotToldTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	for range 3 {
		s.report("s1", payoutsOff())
		s.deliver()
		s.report("s1", working())
		s.deliver()
	}
	s.clock.advance(2 * day)
	s.tick()
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "switched_off", "switched_on"}) {
		t.Errorf("%q", got)
	}
}

// TestWhatIsDueLaterThatDayIsMailedTheNext.
func TestWhatIsDueLaterThatDayIsMailedTheNext(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	deadline := s.clock.now().Add(60 * day)
	s.report("s1", due(deadline, "company.tax_id"))
	s.deliver()
	s.report("s1", due(deadline, "company.tax_id", "company.name"))
	s.deliver()
	s.server.only()
	s.server.forget()
	s.clock.advance(day + time.Minute)
	s.tick()
	s.deliver()
	if m := s.server.only(); len(m.Text) == 0 || !slices.Equal(s.kinds("s1"), []string{"connected", "due", "due"}) {
		t.Errorf("%q", s.kinds("s1"))
	}
}

// TestServerThatWasDownDoesNotMakeUpForIt: what is sent late is sent once, and the next comes a day after it.
func TestServerThatWasDownDoesNotMakeUpForIt(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	for n := range 3 { // nothing is delivered
		s.report("s1", due(s.clock.now().Add(90*day), fmt.Sprintf("company.thing_%d", n)))
		s.follow()
		s.clock.advance(day)
	}
	s.deliver()
	s.server.only()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "due dropped", "due dropped", "due"}) {
		t.Errorf("%q", got)
	}
	s.clock.advance(23 * time.Hour) // since it was sent, and more than a day since it was made
	s.report("s1", due(s.clock.now().Add(90*day), "company.name"))
	s.deliver()
	if got := s.unsettled(); len(got) > 0 || len(s.server.mails()) != 1 {
		t.Errorf("%d mails were sent within a day", len(s.server.mails()))
	}
}

// TestMailIsOfItsTransaction: a change that is told again after a rollback is mailed once.
func TestMailIsOfItsTransaction(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.seller("s1")
	undone := errors.New("the database went")
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if err := s.outbox.Put(t.Context(), tx, []mail.Wish{{SellerID: "s1", Kind: mail.Connected}}, s.clock.now()); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) || len(s.unsettled()) > 0 || len(texts(s, "select kind from river_job where kind = 'mail'")) > 0 {
		t.Fatalf("%v; %q is left", err, s.unsettled())
	}
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Connected})
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Connected})
	jobs := texts(s, "select args->>'mail_id' from river_job where kind = 'mail' and queue = 'mail'")
	if open := s.unsettled(); len(open) != 1 || !slices.Equal(open, jobs) {
		t.Errorf("mails %q, jobs %q", open, jobs)
	}
}

// TestAYearOfReminders goes by the clock's ticks, each a step of six hours, through a year of what sellers need and lack, and
// counts the mails of each seller and cause.
func TestAYearOfReminders(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	plans := map[string]func(at time.Time, step int){
		"steady": func(at time.Time, step int) { // something is due every 60 days, for 30 days
			switch step % (60 * 4) {
			case 8:
				s.report("steady", due(at.Add(30*day), "company.tax_id"))
			case 8 + 29*4 + 3:
				s.report("steady", working())
			}
		},
		"quiet": func(at time.Time, step int) { // likewise, and wants no reminders
			switch step % (60 * 4) {
			case 8:
				s.report("quiet", due(at.Add(30*day), "company.tax_id"))
			case 8 + 29*4 + 3:
				s.report("quiet", working())
			}
		},
		"flapping": func(_ time.Time, step int) {
			if step%2 == 0 {
				s.report("flapping", payoutsOff())
			} else {
				s.report("flapping", working())
			}
		},
		"needy": func(at time.Time, step int) { // another thing is due four times a day
			s.report("needy", due(at.Add(20*day), fmt.Sprintf("company.thing_%d", step)))
		},
	}
	for id := range plans {
		s.connected(id)
	}
	s.exec("insert into mail_optouts (seller_id, kind, at) values ('quiet', 'reminder', $1)", t0)
	s.exec("delete from mails")
	schedule, err := cron.ParseStandard("0 */6 * * *")
	if err != nil {
		t.Fatal(err)
	}
	at := schedule.Next(s.clock.now())
	for step := 0; step < 360*4; step++ {
		s.clock.set(at)
		for _, id := range []string{"flapping", "needy", "quiet", "steady"} {
			plans[id](at, step)
		}
		s.tick()
		s.deliver()
		at = schedule.Next(at)
	}
	s.holdADayApart()
	// In six rounds of 60 days: once that it is due, and 14, 7 and 1 days before.
	for id, want := range map[string]map[string]int{"steady": {"due": 6, "reminder": 18}, "quiet": {"due": 6}} {
		if got := s.counted(id); !equalCounts(got, want) {
			t.Errorf("%s was mailed %v, want %v", id, got, want)
		}
	}
	// Nobody hears more than daily, and whoever has something new each day hears of it nearly daily.
	for id, cause := range map[string]string{"flapping": "switched_off", "needy": "due"} {
		if got := s.counted(id)[cause]; got < 170 || got > 360 {
			t.Errorf("%s was mailed %d times that %s", id, got, cause)
		}
	}
}

func equalCounts(a, b map[string]int) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// counted are the mails that were sent to a seller, by kind.
func (s *stage) counted(sellerID string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for _, kind := range s.kinds(sellerID) {
		counts[kind]++
	}
	return counts
}

// holdADayApart looks at when mails of each seller and cause were sent.
func (s *stage) holdADayApart() {
	s.t.Helper()
	tooSoon := texts(s, `select seller_id || ' ' || cause || ' at ' || settled_at from (
		select seller_id, cause, settled_at, lag(settled_at) over (partition by seller_id, cause order by settled_at) as former
		from mails where outcome = 'sent') m where settled_at - former < interval '24 hours'`)
	if len(tooSoon) > 0 {
		s.t.Errorf("%d mails within a day of another, such as %s", len(tooSoon), tooSoon[0])
	}
}

// TestWhateverHappensMailsAreADayApart draws what happens to sellers, when the clock ticks and when the mail server answers.
func TestWhateverHappensMailsAreADayApart(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	sellers := []string{s.connected("s1"), s.connected("s2")}
	kinds := mail.Kinds()[:6]
	rapid.Check(t, func(r *rapid.T) {
		s.exec("delete from mails")
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			s.clock.advance(time.Duration(rapid.IntRange(1, 30*60).Draw(r, "minutes")) * time.Minute)
			switch rapid.SampledFrom([]string{"wish", "wish", "tick", "deliver"}).Draw(r, "what") {
			case "wish":
				s.put(mail.Wish{SellerID: rapid.SampledFrom(sellers).Draw(r, "seller"), Kind: rapid.SampledFrom(kinds).Draw(r, "kind")})
			case "tick":
				s.tick()
			case "deliver":
				s.deliver()
			}
		}
		s.holdADayApart()
	})
}
