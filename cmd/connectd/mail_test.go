package main

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/walktest"
	"github.com/emersion/go-smtp"
)

// mailed waits for the mail to a seller that has such a subject, in the sandbox's mailbox.
func (w walk) mailed(t *testing.T, to, subject string) (text string) {
	t.Helper()
	waittest.Until(t, "a mail to "+to, func() bool {
		var mails []struct{ To, Subject, Text string }
		res := w.Do(t, http.MethodGet, w.SandboxURL+"/sandbox/mail", "", "")
		if err := json.Unmarshal([]byte(walktest.Read(t, res)), &mails); err != nil {
			t.Fatal(err)
		}
		for _, m := range mails {
			if m.To == to && strings.HasPrefix(m.Subject, subject) {
				text = m.Text
			}
		}
		return text != ""
	})
	return text
}

// mails: the demo's sellers find theirs in the sandbox's mailbox, with a link that looks and mends and does not unlink.
func (w walk) mails(t *testing.T) {
	text := w.mailed(t, "restricted_soon@sellers.example", "Stripe needs something from you by ")
	w.mailed(t, "document_failed@sellers.example", "Your Stripe account is connected to ")
	page := regexp.MustCompile(regexp.QuoteMeta(w.BaseURL) + `/connect/\S+`).FindString(w.mailed(t, "restricted@sellers.example", "Stripe needs"))
	if page == "" || !strings.Contains(text, " – by ") {
		t.Fatalf("the mail says:\n%s", text)
	}
	if shown := w.Page(t, page); !strings.Contains(shown, "this link cannot do it") {
		t.Errorf("the page of a mailed link:\n%s", shown)
	}
	if res := w.Do(t, http.MethodPost, page+"/unlink", "", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a mailed link unlinks: %s", res.Status)
	}
	if page := w.Page(t, w.SandboxURL+"/mail"); !strings.Contains(page, "restricted_soon@sellers.example") {
		t.Error("the mailbox's page has no mail")
	}
}

// takesAll is a mail server that is there.
type takesAll struct{ smtp.Session }

func (takesAll) NewSession(*smtp.Conn) (smtp.Session, error) { return takesAll{}, nil }
func (takesAll) Logout() error                               { return nil }

// mailServer: doctor looks whether the mail server can be reached, and repeats no password.
func (o operator) mailServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(takesAll{})
	server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	well := append([]string{"BASE_URL=" + o.BaseURL, "STRIPE_ENDPOINT_SECRET=" + o.WebhookSecret}, o.stripe...)
	for setting, c := range map[string]struct {
		code int
		says string
	}{
		"":                      {0, "ok mail CONNECTD_SMTP_URL is not set: nothing is mailed"},
		"smtp://127.0.0.1:1":    {1, "wrong mail reach the mail server at 127.0.0.1:1"},
		"smtp://who:s3cret@h:x": {2, "CONNECTD_SMTP_URL is not smtp://USER:PASSWORD@HOST:PORT"},
		"smtp://who:s3cret@" + listener.Addr().String(): {1, "wrong mail reach the mail server at " + listener.Addr().String() + ": server does not support SMTP AUTH"},
		"smtp://" + listener.Addr().String():            {0, "ok mail the server takes mails from connectd@"},
	} {
		stdout, stderr, code := connectd(t, append(well, "CONNECTD_SMTP_URL="+setting), "doctor")
		said := strings.Join(strings.Fields(stdout+stderr), " ")
		if code != c.code || !strings.Contains(said, c.says) || strings.Contains(said, "s3cret") {
			t.Errorf("%q: code %d, %s", setting, code, said)
		}
	}
}
