package mail_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/mail"
)

// TestMailThatWasSentUnseenIsSentAgainWithItsID: the process ends when the server has taken the mail, and before that is kept.
func TestMailThatWasSentUnseenIsSentAgainWithItsID(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.put(mail.Wish{SellerID: s.seller("s1"), Kind: mail.Connected})
	s.connect("s1")
	id := s.unsettled()[0]
	ctx, killed := context.WithCancel(t.Context())
	s.server.onData = killed
	if err := s.desk.Deliver(ctx, id); err == nil {
		t.Fatal("it was kept that the mail was sent")
	}
	s.server.onData = nil
	for range 2 { // the second finds that it is settled
		if err := s.desk.Deliver(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	got := s.server.mails()
	if len(got) != 2 || got[0].Header.Get("Message-Id") != got[1].Header.Get("Message-Id") || got[0].Header.Get("Message-Id") != "<"+id+"@shop.example>" {
		t.Errorf("%d mails came: %v", len(got), subjects(got))
	}
}

func TestServerThatIsDownMakesNoLinks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.follow()
	s.desk.Link = func(context.Context, string) (string, error) {
		t.Error("a link was made")
		return "", nil
	}
	s.desk.Sender.Server.Port = 1
	id := s.unsettled()[0]
	if err := s.desk.Deliver(t.Context(), id); err == nil {
		t.Fatal("it was sent")
	}
	s.clock.advance(3*day + time.Hour)
	if err := s.desk.Deliver(t.Context(), id); err != nil {
		t.Error(err)
	}
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected failed"}) {
		t.Errorf("%q", got)
	}
}

// TestWhatNobodySentForDaysIsDropped: mails were switched off, or no process ran.
func TestWhatNobodySentForDaysIsDropped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.follow()
	s.clock.advance(60 * day)
	s.deliver()
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected dropped"}) {
		t.Errorf("%q", got)
	}
}

// TestNothingPersonalIsKeptOrLogged beside the seller's row and the admin's search, whatever the server says.
func TestNothingPersonalIsKeptOrLogged(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connect(s.seller("s1"))
	s.report("s1", pastDue("company.tax_id"))
	s.follow()
	for _, code := range []int{451, 550} {
		s.server.answering(&smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "what of " + addressOf("s1")}, nil)
		for _, id := range s.unsettled() {
			if err := s.desk.Deliver(t.Context(), id); err != nil && strings.Contains(err.Error(), addressOf("s1")) {
				t.Error(err)
			}
		}
	}
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected refused", "due refused"}) {
		t.Errorf("%q", got)
	}
	if log := s.log.String(); strings.Contains(log, "sellers.example") || strings.Contains(log, "Blue Kiln") || !strings.Contains(log, "a mail is refused") {
		t.Error(log)
	}
	if got := s.tablesWith(addressOf("s1")); !slices.Equal(got, []string{"account_words", "sellers"}) {
		t.Errorf("the address is in %q", got)
	}
}

// tablesWith are the tables that hold the text anywhere.
func (s *stage) tablesWith(text string) []string {
	s.t.Helper()
	var found []string
	for _, table := range texts(s, "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1") {
		rows := texts(s, "select 'x' from "+pgx.Identifier{table}.Sanitize()+" r where strpos(r::text, $1) > 0 limit 1", text)
		if len(rows) > 0 {
			found = append(found, table)
		}
	}
	return found
}

// TestErasedSellersAreForgotten: address, name and language; and what was to be mailed is not.
func TestErasedSellersAreForgotten(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	prefer := mail.Preferences{Queries: s.queries()}
	if err := prefer.KeepLanguage(t.Context(), "s1", "zh-Hans"); err != nil {
		t.Fatal(err)
	}
	s.deauthorize("s1")
	s.follow()
	if err := s.registry.EraseSeller(t.Context(), "s1", account.Actor{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	s.server.forget()
	s.deliver()
	if got := s.server.mails(); len(got) > 0 {
		t.Errorf("%v came", subjects(got))
	}
	for _, text := range []string{addressOf("s1"), "Blue Kiln", "zh-Hans"} {
		if got := s.tablesWith(text); len(got) > 0 {
			t.Errorf("%s is still in %q", text, got)
		}
	}
	if got := s.kinds("s1"); !slices.Equal(got, []string{"connected", "disconnected dropped"}) {
		t.Errorf("%q", got)
	}
}

func TestRemindersEndByOneClick(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.connected("s1")
	remind := func() {
		t.Helper()
		s.server.forget()
		s.clock.advance(2 * day)
		s.put(mail.Wish{SellerID: "s1", Kind: mail.Reminder})
		s.deliver()
	}
	s.report("s1", due(s.clock.now().Add(20*day), "company.tax_id"))
	s.deliver()
	if m := s.server.only(); m.Header.Get("List-Unsubscribe") != "" {
		t.Error("what is newly due is no reminder")
	}
	remind()
	m := s.server.only()
	at := strings.Trim(m.Header.Get("List-Unsubscribe"), "<>")
	token, ours := strings.CutPrefix(at, "https://connect.shop.example/mail/unsubscribe/")
	if !ours || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.Contains(m.Text, at) || !strings.Contains(m.HTML, at) {
		t.Fatalf("%v\n%s", m.Header, m.Text)
	}
	if m.Subject != "Reminder: 18 days left to give Stripe what it needs" {
		t.Error(m.Subject)
	}
	if got := s.tablesWith(token); len(got) > 0 {
		t.Errorf("the token is in %q", got)
	}
	prefer := mail.Preferences{Queries: s.queries()}
	for _, wrong := range []string{"", token[:10], token + "x"} {
		if err := prefer.Unsubscribe(t.Context(), wrong, s.clock.now()); account.KindOf(err) != account.NotFound {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := prefer.CanUnsubscribe(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	remind()
	s.server.only() // looking ends nothing
	for range 2 {
		if err := prefer.Unsubscribe(t.Context(), token, s.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	remind()
	if got := s.server.mails(); len(got) > 0 {
		t.Errorf("%v came", subjects(got))
	}
	s.report("s1", due(s.clock.now().Add(9*day), "company.name"))
	s.deliver()
	s.server.only() // what is newly due is still told
}

func TestLogoComesWithTheMail(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 60, 20))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		logo  brand.Logo
		parts []string
		shows string
	}{
		"a picture": {brand.Logo{Content: picture.Bytes(), Type: "image/png"}, []string{"multipart/alternative", "text/plain", "text/html", "image/png"}, `src="cid:logo"`},
		"elsewhere": {brand.Logo{URL: "https://cdn.example.com/logo.png"}, []string{"text/plain", "text/html"}, `src="https://cdn.example.com/logo.png"`},
		"an SVG":    {brand.Logo{Content: []byte("<svg/>"), Type: "image/svg+xml"}, []string{"text/plain", "text/html"}, "Kiln &amp; Co"},
	} {
		s := newStage(t)
		s.desk.Looks.Logo = c.logo
		s.connect(s.seller("s1"))
		s.deliver()
		if m := s.server.only(); !slices.Equal(m.Parts, c.parts) || !strings.Contains(m.HTML, c.shows) {
			t.Errorf("%s: %q\n%s", name, m.Parts, m.HTML)
		}
	}
}
