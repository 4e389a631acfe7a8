package mail_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
)

var by = account.Actor{Name: "admin", Address: "192.0.2.1"}

func (s *stage) book() mail.Book { return mail.Book{Queries: s.queries()} }

// entries are the mails of the seller s1, newest first.
func (s *stage) entries() []mail.Entry {
	s.t.Helper()
	found, next, err := s.book().Mails(s.t.Context(), mail.Query{SellerID: "s1", Limit: 50})
	if err != nil || next != "" {
		s.t.Fatalf("%q, %v", next, err)
	}
	return found
}

// TestTheBookSaysWhatBecameOfAMail, and why.
func TestTheBookSaysWhatBecameOfAMail(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.follow()
	m := s.entries()[0]
	if m.State != mail.Open || m.Kind != mail.Connected || m.AccountID != "acct_s1" || m.FailingSince != nil || m.Position != 1 {
		t.Errorf("it is still to be sent: %+v", m)
	}
	port := s.desk.Sender.Server.Port
	s.desk.Sender.Server.Port = 1
	if err := s.desk.Deliver(t.Context(), m.ID); err == nil {
		t.Fatal("it was sent")
	}
	first := s.entries()[0]
	s.clock.advance(time.Hour)
	if err := s.desk.Deliver(t.Context(), m.ID); err == nil {
		t.Fatal("it was sent")
	}
	m = s.entries()[0]
	if m.State != mail.Open || m.FailingSince == nil || !m.FailingSince.Equal(*first.FailingSince) || m.Why == "" {
		t.Errorf("the server is down: %+v", m)
	}
	counts, err := s.book().Counts(t.Context())
	if err != nil || counts.Open != 1 || counts.FailingSince == nil || counts.Why != m.Why || counts.Waiting != 0 {
		t.Errorf("%+v, %v", counts, err)
	}
	s.desk.Sender.Server.Port = port
	s.deliver()
	if m = s.entries()[0]; m.State != mail.Sent || m.SettledAt == nil || m.Why != "" {
		t.Errorf("it was sent: %+v", m)
	}
}

// TestTheBookSaysWhyAMailWasDropped or refused.
func TestTheBookSaysWhyAMailWasDropped(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(*stage, string){
		mail.Untrue:    func(s *stage, id string) { s.deauthorize(id) },
		mail.NoAddress: func(s *stage, _ string) { s.exec("update sellers set email = null") },
		mail.TooOld:    func(s *stage, _ string) { s.clock.advance(60 * day) },
		mail.Unwanted: func(s *stage, id string) {
			s.exec("insert into mail_optouts (seller_id, kind, at) values ($1, 'connected', $2)", id, s.clock.now())
		},
		mail.Replaced: func(s *stage, id string) {
			s.exec("insert into mails (id, seller_id, cause, kind, created_at) values ('mail_z', $1, 'connected', 'connected', $2)", id, s.clock.now())
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			s.connect(s.seller("s1"))
			s.follow()
			id := s.entries()[0].ID
			change(s, "s1")
			if err := s.desk.Deliver(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			all := s.entries()
			if m := all[len(all)-1]; m.State != mail.Dropped || m.Why != why {
				t.Errorf("%+v", m)
			}
		})
	}
}

// refused is a stage on which the server has refused the seller's address.
func refused(t *testing.T) (s *stage, id string) {
	t.Helper()
	s = newStage(t)
	s.connect(s.seller("s1"))
	s.follow()
	s.server.answering(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, nil)
	s.deliver()
	s.server.answering(nil, nil)
	m := s.entries()[0]
	if m.State != mail.Refused || m.Why != "the mail server did not take the recipient: 550 5.1.1" {
		t.Fatalf("%+v", m)
	}
	return s, m.ID
}

func TestAMailThatWasRefusedIsSentAgain(t *testing.T) {
	t.Parallel()
	s, id := refused(t)
	waits, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by)
	if err != nil || waits != nil {
		t.Fatalf("%v, %v", waits, err)
	}
	s.deliver()
	all := s.entries()
	if len(all) != 2 || all[0].State != mail.Sent || all[0].Position != all[1].Position || len(s.server.mails()) != 1 {
		t.Errorf("%+v", all)
	}
	done := texts(s, "select actor || ' ' || subject || ' ' || seller_id from audit where action = 'resend_mail'")
	if diff := cmp.Diff([]string{"admin " + id + " s1"}, done); diff != "" {
		t.Error(diff)
	}
	if all[0].Anew || !all[1].Anew {
		t.Errorf("made anew: %t, %t", all[0].Anew, all[1].Anew)
	}
	for range 2 { // also a day later, when the cause would have another
		if _, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
			t.Errorf("it was made anew already: %v", err)
		}
		s.clock.advance(25 * time.Hour)
	}
}

// TestAMailIsMadeAnewOnce, however many press at once.
func TestAMailIsMadeAnewOnce(t *testing.T) {
	t.Parallel()
	s, id := refused(t)
	var presses sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		presses.Go(func() { _, errs[i] = s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by) })
	}
	presses.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if account.KindOf(err) != account.Conflict {
			t.Error(err)
		}
	}
	if all := s.entries(); made != 1 || len(all) != 2 {
		t.Errorf("%d were made, %d are there", made, len(all))
	}
}

// TestAMailWaitsWhereAnotherOfItsCauseWasSent within a day.
func TestAMailWaitsWhereAnotherOfItsCauseWasSent(t *testing.T) {
	t.Parallel()
	s, id := refused(t)
	s.exec("update mail_causes set at = $1", s.clock.now())
	waits, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by)
	if err != nil || waits == nil {
		t.Fatalf("%v, %v", waits, err)
	}
	if _, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
		t.Errorf("one waits: %v", err)
	}
	found, next, err := s.book().Waits(t.Context(), mail.Query{SellerID: "s1", Limit: 1}, mail.WaitPlace{})
	if err != nil || next != nil || len(found) != 1 || !found[0].Until.Equal(*waits) || found[0].AccountID != "acct_s1" || found[0].Position != 1 {
		t.Errorf("%+v, %v, %v", found, next, err)
	}
}

func TestWhatIsNotToBeSentIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s, id := refused(t)
	none, quiet := (*mail.Outbox)(nil), &mail.Outbox{Jobs: s.jobs, Off: []mail.Kind{mail.Connected}}
	for name, o := range map[string]*mail.Outbox{"no server": none, "its kind is off": quiet} {
		if _, err := o.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.outbox.Again(t.Context(), s.pool, "mail_none", s.clock.now(), by); account.KindOf(err) != account.NotFound {
		t.Errorf("%v", err)
	}
	for _, outcome := range []string{"sent", "dropped"} {
		s.exec("update mails set outcome = $1", outcome)
		if _, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
			t.Errorf("%s: %v", outcome, err)
		}
	}
	s.exec("update mails set outcome = null, settled_at = null")
	if _, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
		t.Errorf("it is still to be sent: %v", err)
	}
	s.exec("update mails set outcome = 'refused', settled_at = created_at")
	s.exec("update sellers set email = null")
	if _, err := s.outbox.Again(t.Context(), s.pool, id, s.clock.now(), by); account.KindOf(err) != account.Conflict {
		t.Errorf("nobody can be reached: %v", err)
	}
	if n := len(texts(s, "select action from audit where action = 'resend_mail'")); n > 0 {
		t.Errorf("%d were written down", n)
	}
}

// TestTheBookIsReadInPages: all that a query takes, once, newest first.
func TestTheBookIsReadInPages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.exec(`insert into mails (id, seller_id, cause, kind, created_at, settled_at, outcome)
		select 'mail_' || lpad(i::text, 4, '0'), case when k = 'digest' then '' else 's' || i % 5 end, k, k, $1::timestamptz, case when o is not null then $1::timestamptz end, o
		from generate_series(1, 300) i,
			lateral (select (array['connected', 'due', 'reminder', 'digest'])[1 + i % 4] as k, (array['sent', 'dropped', 'refused', 'failed', null])[1 + i % 5 * i % 5] as o) x`,
		s.clock.now())
	for _, seller := range []string{"", "s1"} {
		for _, kind := range []mail.Kind{"", mail.Due, mail.Digest, mail.EndpointOff} {
			for _, state := range []mail.State{"", mail.Sent, mail.Open, mail.Failed} {
				t.Run(fmt.Sprint(seller, " ", kind, " ", state), func(t *testing.T) {
					want := texts(s, `select id from mails where ($1 = '' or seller_id = $1) and ($2 = '' or kind = $2)
						and ($3 = '' or coalesce(outcome, 'open') = $3) order by id desc`, seller, string(kind), string(state))
					got := s.pagesOf(t, mail.Query{SellerID: seller, Kind: kind, State: state, Limit: 7})
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Error(diff)
					}
				})
			}
		}
	}
	for _, q := range []mail.Query{{Kind: "spam", Limit: 1}, {State: "lost", Limit: 1}} {
		if _, _, err := s.book().Mails(t.Context(), q); account.KindOf(err) != account.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func (s *stage) pagesOf(t *testing.T, q mail.Query) (ids []string) {
	t.Helper()
	for {
		found, next, err := s.book().Mails(t.Context(), q)
		if err != nil || len(found) > q.Limit {
			t.Fatalf("%d, %v", len(found), err)
		}
		for _, m := range found {
			ids = append(ids, m.ID)
		}
		if q.Before = next; next == "" {
			return ids
		}
	}
}

func TestWhatWaitsIsReadInPages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.exec(`insert into mail_causes (seller_id, cause, kind, at, waiting)
		select 's' || i, 'due', case when i % 2 = 0 then 'due' else 'reminder' end, $1::timestamptz + interval '1 minute' * (i / 3), i % 4 > 0
		from generate_series(1, 40) i`, s.clock.now())
	var got []string
	for place := (mail.WaitPlace{}); ; {
		found, next, err := s.book().Waits(t.Context(), mail.Query{Kind: mail.Reminder, Limit: 4}, place)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range found {
			got = append(got, w.SellerID)
		}
		if next == nil {
			break
		}
		place = *next
	}
	want := texts(s, "select seller_id from mail_causes where waiting and kind = 'reminder' order by at, seller_id")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if counts, err := s.book().Counts(t.Context()); err != nil || counts.Waiting != 30 {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestTheBookKnowsWhatASellerWants(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if got, err := s.book().Seller(t.Context(), "s1"); err != nil || got.Known {
		t.Errorf("%+v, %v", got, err)
	}
	s.seller("s1")
	ended := s.clock.now()
	s.exec("insert into mail_optouts (seller_id, kind, at) values ('s1', 'reminder', $1)", ended)
	language := mail.Preferences{Queries: s.queries()}.KeepLanguage(t.Context(), "s1", "zh-Hans")
	got, err := s.book().Seller(t.Context(), "s1")
	want := mail.SellersMail{Known: true, Reachable: true, Language: "zh-Hans", Unwanted: []mail.Ended{{Kind: mail.Reminder, At: ended}}}
	if diff := cmp.Diff(want, got); diff != "" || errors.Join(err, language) != nil {
		t.Errorf("%s, %v, %v", diff, err, language)
	}
}
