package mail_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/mail"
)

// reminded makes s1 a seller who has got a mail of what is due, and two days later a reminder, and is given what ends reminders.
func (s *stage) reminded() (token string) {
	s.t.Helper()
	const id = "s1"
	s.connected(id)
	s.report(id, due(s.clock.now().Add(30*day), "company.tax_id"))
	s.deliver()
	s.clock.advance(2 * day)
	s.put(mail.Wish{SellerID: id, Kind: mail.Reminder})
	s.server.forget()
	s.deliver()
	at := strings.Trim(s.server.only().Header.Get("List-Unsubscribe"), "<>")
	return strings.TrimPrefix(at, "https://connect.shop.example/mail/unsubscribe/")
}

func (s *stage) unsubscribe(token string) {
	s.t.Helper()
	prefer := mail.Preferences{Queries: s.queries()}
	if err := prefer.Unsubscribe(s.t.Context(), token, s.clock.now()); err != nil {
		s.t.Fatal(err)
	}
}

// TestNoReminderComesAfterTheClick, also where it was made before, and the mail server did not take it.
func TestNoReminderComesAfterTheClick(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.reminded()
	s.clock.advance(2 * day)
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Reminder})
	s.unsubscribe(token)
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "due", "reminder", "reminder dropped"}) {
		t.Errorf("%q", got)
	}
}

func TestNoReminderThatWaitedComesAfterTheClick(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.reminded()
	s.clock.advance(time.Hour)
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Reminder})
	s.unsubscribe(token)
	s.exec("delete from reminders")
	s.clock.advance(2 * day)
	s.tick()
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "due", "reminder"}) {
		t.Errorf("%q", got)
	}
}

// TestWhatIsNewlyDueIsToldAlsoWithAReminderBehindIt that is sent no more.
func TestWhatIsNewlyDueIsToldAlsoWithAReminderBehindIt(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.reminded()
	s.clock.advance(2 * day)
	s.report("s1", due(s.clock.now().Add(30*day), "company.tax_id", "company.name"))
	s.follow() // the mail server is down
	s.clock.advance(2 * day)
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Reminder})
	s.unsubscribe(token)
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "due", "reminder", "due", "reminder dropped"}) {
		t.Errorf("%q", got)
	}
}

// TestWhatWaitsAsNewlyDueIsNoMereReminder: reminders can be ended, and what is newly due is told all the same.
func TestWhatWaitsAsNewlyDueIsNoMereReminder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	token := s.reminded()
	s.clock.advance(time.Hour)
	s.report("s1", due(s.clock.now().Add(30*day), "company.tax_id", "company.name"))
	s.follow()
	s.put(mail.Wish{SellerID: "s1", Kind: mail.Reminder})
	s.unsubscribe(token)
	s.clock.advance(2 * day)
	s.tick()
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "due", "reminder", "due"}) {
		t.Errorf("%q", got)
	}
}
