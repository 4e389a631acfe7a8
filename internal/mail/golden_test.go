package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/words"
)

var update = flag.Bool("update", false, "write the golden files")

// TestMailsAreAsTheyWere holds what each kind of mail says, in both languages, as text and as HTML; make golden writes them.
func TestMailsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	deadline := t0.Add(20 * day)
	for kind, facts := range map[mail.Kind]account.Facts{
		mail.Connected: working(), mail.Due: due(deadline, "company.tax_id", "individual.verification.document"),
		mail.Reminder: due(deadline, "external_account"), mail.SwitchedOff: pastDue("company.verification.document"), mail.SwitchedOn: payoutsOff(),
	} {
		for _, l := range words.Languages() {
			t.Run(string(kind)+"_"+l.Tag(), func(t *testing.T) {
				t.Parallel()
				s := newStage(t)
				s.desk.Language = l
				s.desk.Looks.Support.URL, s.desk.Looks.Support.Words = "mailto:help@shop.example", "help@shop.example"
				s.connect(s.seller("s1"))
				s.report("s1", facts)
				s.exec("update told_changes set position = (select position from feed)") // of these nothing is told
				s.clock.set(t0.Add(6 * day))
				s.put(mail.Wish{SellerID: "s1", Kind: kind, About: []mail.Thing{mail.Charges, mail.Payouts}})
				s.deliver()
				m := s.server.only()
				text := strings.ReplaceAll("Subject: "+m.Subject+"\n\n"+m.Text, s.token(m), "TOKEN")
				golden(t, string(kind)+"_"+l.Tag()+".txt", text)
				golden(t, string(kind)+"_"+l.Tag()+".html", strings.ReplaceAll(m.HTML, s.token(m), "TOKEN"))
			})
		}
	}
}

// token is what ends the reminders, which is drawn.
func (s *stage) token(m received) string {
	_, token, found := strings.Cut(strings.Trim(m.Header.Get("List-Unsubscribe"), "<>"), "/mail/unsubscribe/")
	if !found {
		return "no token"
	}
	return token
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestDocsShowARealMail: the example of docs/mail.md is the golden file's.
func TestDocsShowARealMail(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("testdata/reminder_en.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(docs), "```\n"+strings.TrimSpace(string(example))+"\n```\n") {
		t.Errorf("docs/mail.md does not show this mail:\n%s", example)
	}
	for _, kind := range mail.Kinds() {
		if !strings.Contains(string(docs), "| `"+string(kind)+"` |") {
			t.Errorf("docs/mail.md does not name %s", kind)
		}
	}
}

func TestTheMailOfAConnectionSaysWhereItDoesNotSellYet(t *testing.T) {
	t.Parallel()
	const sentence = "You cannot sell there yet."
	for name, c := range map[string]struct {
		facts account.Facts
		says  bool
	}{
		"an account that works":     {working(), false},
		"one that lacks a document": {pastDue("company.verification.document"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.connect(s.seller("s1"))
			s.report("s1", c.facts)
			s.exec("update told_changes set position = (select position from feed)") // of these nothing is told
			s.put(mail.Wish{SellerID: "s1", Kind: mail.Connected})
			s.deliver()
			if m := s.server.only(); strings.Contains(m.Text, sentence) != c.says {
				t.Errorf("%q is to be said: %v\n%s", sentence, c.says, m.Text)
			}
		})
	}
}
