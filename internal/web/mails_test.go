package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/web"
)

// mailed puts mails of each state into the book, as of t0.
func (s *site) mailed() {
	s.t.Helper()
	s.exec(`insert into mails (id, seller_id, cause, kind, about, created_at, settled_at, outcome, why, failing_since, position)
		select m.id, m.seller, m.cause, m.kind, m.about::text[], $1, case when m.outcome is not null then $1::timestamptz end, m.outcome, m.why, case when m.failing then $1::timestamptz end, m.position
		from (values
			('mail_1', 'seller_b', 'connected', 'connected', '{}', 'sent', null, false, 1),
			('mail_2', 'seller_b', 'due', 'due', '{}', 'refused', 'the mail server did not take the recipient: 550 5.1.1', false, 2),
			('mail_3', 'seller_b', 'due', 'reminder', '{}', 'dropped', 'untrue', false, null),
			('mail_4', 'seller_c', 'switched_off', 'switched_off', '{charges,payouts}', null, 'reach the mail server at mail.example:25: it answered 421', true, null),
			('mail_5', '', 'digest', 'digest', '{}', 'failed', 'reach the mail server at mail.example:25: it answered 421', true, null),
			('mail_6', '', 'endpoint_off.ep_1', 'endpoint_off', '{}', 'sent', null, false, null)
		) m (id, seller, cause, kind, about, outcome, why, failing, position)`, t0)
}

func TestMailsAreSaidToWhomAndWhy(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.mailed()
	b := s.signedIn()
	p := b.get("/admin/mail").want(http.StatusOK).shows(
		"An account was connected: the change connected", "Stripe needs something more", "the mail server did not take the recipient: 550 5.1.1",
		"A deadline comes near: what is due reminder", "what it would have told was no longer so", "Stripe switched charges and payouts off",
		"Mails could not be sent since 1 Mar 2026 12:00 UTC", "An event endpoint was switched off: the endpoint", "The health scan found something", "admins",
	)
	if to := p.link("what is due"); to != "/admin/accounts/acct_due#todo" {
		t.Errorf("leads to %s", to)
	}
	change := p.link("the change")
	if !strings.HasPrefix(change, "/admin/accounts/acct_") || !strings.Contains(change, "#change-") {
		t.Errorf("leads to %s", change)
	}
	b.get(change).want(http.StatusOK)
	if to := p.link("the endpoint"); to != "/admin/endpoints/ep_1" {
		t.Errorf("leads to %s", to)
	}
	for at, n := range map[string]int{
		"?seller_id=seller_b": 3, "?kind=due": 1, "?state=sent": 2, "?state=open": 1, "?state=failed&kind=digest": 1, "?seller_id=seller_b&state=dropped": 1,
	} {
		if rows := b.get("/admin/mail" + at).want(http.StatusOK).rows(); len(rows) != n {
			t.Errorf("%s: %d rows, not %d", at, len(rows), n)
		}
	}
	b.get("/admin/mail?seller=seller_b&state=dropped").shows("Seller seller_b") // as older pages and bookmarks have it
	b.get("/admin/mail?seller_id=nobody").shows("connectd knows no such seller.", "No mail is like that.")
	for _, at := range []string{"?state=lost", "?kind=spam", "?seller_id=%00", "?state=waiting&before=x"} {
		b.get("/admin/mail" + at).want(http.StatusBadRequest).link("Show all mails")
	}
}

func TestAMailThatWasRefusedIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.mailed()
	b := s.signedIn()
	again := func(id string) *page {
		b.post("/admin/mail/again", url.Values{"mail_id": {id}}).want(http.StatusSeeOther)
		return b.get("/admin/mail")
	}
	again("mail_2").shows("Not sent again: The seller has no e-mail address now")
	s.exec("update sellers set email = 'b@shop.example' where id = 'seller_b'")
	again("mail_5").shows("The mail is made anew")
	s.exec("insert into mail_causes (seller_id, cause, kind, at) values ('seller_b', 'due', 'due', $1)", t0)
	again("mail_2").shows("this one waits until 2 Mar 2026 12:00 UTC").hides("b@shop.example")
	again("mail_2").shows("Not sent again: Another of its cause has come since, or waits.")
	waits := b.get("/admin/mail?state=waiting").shows("A seller is mailed about a cause once a day at most.")
	if rows := waits.rows(); len(rows) != 1 || rows[0][3] != "2 Mar 2026 12:00 UTC" {
		t.Errorf("%v", rows)
	}
	again("mail_1").shows("Not sent again: Only a mail that was refused or failed")
	again("mail_none").shows("There is no mail")
	again("\x00").shows("There is no mail")
	if got := s.actsOn("mail_2"); got != "admin 127.0.0.1 resend_mail" {
		t.Errorf("the audit has %q", got)
	}
}

func TestWhatASellerWantsOfMailsIsShown(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	b := s.signedIn()
	at := b.get("/admin/accounts/acct_due").link("mails")
	b.get(at).shows("Has no e-mail address", "Has ended no kind of mail.")
	s.exec("update sellers set email = 'b@shop.example' where id = 'seller_b'")
	s.exec("insert into mail_optouts (seller_id, kind, at) values ('seller_b', 'reminder', $1)", t0)
	s.exec("insert into seller_languages (seller_id, language) values ('seller_b', 'zh-Hans') on conflict (seller_id) do update set language = 'zh-Hans'")
	b.get(at).shows("Has an e-mail address.", "Reads 简体中文", "Wants no more mails of kind reminder since 1 Mar 2026 12:00 UTC.").hides("b@shop.example")
	if to := b.get("/admin/accounts/acct_due").link("events sent"); to != "/admin/deliveries?account=acct_due" {
		t.Errorf("leads to %s", to)
	}
}

func TestWhatHoldsMailsIsSaid(t *testing.T) {
	t.Parallel()
	with := func(change func(*web.Mails)) *page {
		s := startBranded(t, time.Now, access.AdminConfig{Password: password}, brand.Brand{}, func(c *web.Config) { change(&c.Mails) })
		return s.signedIn().get("/admin/mail")
	}
	with(func(m *web.Mails) { m.Server = false }).shows("Nothing is mailed: CONNECTD_SMTP_URL names no mail server.", "Nothing was mailed yet.")
	with(func(m *web.Mails) { m.Off = []mail.Kind{mail.Connected, mail.Reminder} }).shows("Not sent, by CONNECTD_MAIL_OFF: connected, reminder.")
	with(func(m *web.Mails) { m.Admin = false }).shows("CONNECTD_ADMIN_EMAIL is not set")
	with(func(*web.Mails) {}).hides("CONNECTD_")
}

func TestMailsAreToldWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := fixedSite(t)
	s.examples()
	s.mailed()
	b := s.signedIn()
	shown := b.get("/admin/mail?seller_id=seller_c")
	b.live(shown).want(http.StatusNoContent)
	s.exec("update mails set outcome = 'sent', settled_at = $1 where id = 'mail_4'", t0)
	now := b.live(shown).want(http.StatusOK).shows("Sent 1 Mar 2026 12:00 UTC")
	b.live(now).want(http.StatusNoContent)
}
