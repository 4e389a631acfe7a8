package mail_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/mail"
)

var letter = mail.Message{Subject: "Hello", Text: "Hello there.", HTML: "<p>Hello there.</p>"}

func send(t *testing.T, s *mail.Sender, to string, m mail.Message) error {
	t.Helper()
	line, err := s.Dial(t.Context())
	if err != nil {
		return err
	}
	defer line.HangUp()
	return line.Send(mail.Envelope{ID: "mail_1", To: to, At: t0}, m)
}

func TestConnectionsAreEncryptedAsTheURLSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		server    smtpKind
		security  mail.Security
		encrypted bool
		fault     string
	}{
		{plain, mail.None, false, ""},
		{plain, mail.IfOffered, false, ""},
		{plain, mail.StartTLS, false, "does not support STARTTLS"},
		{plain, mail.TLS, false, "tls: "},
		{startTLS, mail.StartTLS, true, ""},
		{startTLS, mail.IfOffered, true, ""},
		{startTLS, mail.None, false, ""},
		{smtps, mail.TLS, true, ""},
	} {
		server := startSMTPAs(t, c.server)
		sender := server.sender()
		sender.Server.Security = c.security
		err := send(t, sender, "ada@example.com", letter)
		switch {
		case c.fault == "" && err != nil, c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%s, %s: %v", c.server, c.security, err)
		case c.fault == "" && server.only().Encrypted != c.encrypted:
			t.Errorf("%s, %s: encrypted is %t", c.server, c.security, !c.encrypted)
		}
	}
}

func TestStrangersCertificateIsRefused(t *testing.T) {
	t.Parallel()
	for kind, security := range map[smtpKind]mail.Security{startTLS: mail.StartTLS, smtps: mail.TLS} {
		sender := startSMTPAs(t, kind).sender()
		sender.Server.Security, sender.TLS = security, nil
		if err := send(t, sender, "ada@example.com", letter); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	server := startSMTPAs(t, smtps)
	server.needs = "right"
	sender := server.sender()
	sender.Server.Security, sender.Server.Username, sender.Server.Password = mail.TLS, "connectd@shop.example", "right"
	if err := send(t, sender, "ada@example.com", letter); err != nil {
		t.Fatal(err)
	}
	server.only()
	sender.Server.Password = "wrong"
	err := sender.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), "connectd@") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

// TestServerThatHangsIsLeft when the job's time is over, or the process ends.
func TestServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	sender := startSMTP(t).sender()
	sender.Server.Port = listener.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := sender.Check(ctx); err == nil {
		t.Error("a server that says nothing is well")
	}
}

func TestRefusalsNameNobody(t *testing.T) {
	t.Parallel()
	server := startSMTP(t)
	for _, c := range []struct {
		rcpt, data error
		want       string
		final      bool
	}{
		{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no ada@example.com here"}, nil, "did not take the recipient: 550 5.1.1", true},
		{&smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "ada@example.com is greylisted"}, nil, "did not take the recipient: 450 4.2.0", false},
		{nil, &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "ada@example.com gets no spam"}, "did not take the mail: 554 5.7.1", false},
		{nil, &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "ada@example.com is full"}, "did not take the mail: 451 4.3.0", false},
	} {
		server.answering(c.rcpt, c.data)
		err := send(t, server.sender(), "ada@example.com", letter)
		_, final := errors.AsType[*mail.RefusedError](err)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "ada@") || final != c.final {
			t.Errorf("%v, final %t; want %s", err, final, c.want)
		}
	}
	if err := send(t, server.sender(), "no address", letter); err == nil || strings.Contains(err.Error(), "no address") {
		t.Errorf("%v", err)
	}
}

// TestNamesEndNoHeader: what comes from elsewhere stays in its place.
func TestNamesEndNoHeader(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.desk.Looks.Name = "Kiln\r\nBcc: eve@example.com\r\n\r\nHello"
	s.desk.Sender.From.Name = s.desk.Looks.Name
	f := working()
	f.DisplayName = "Blue\r\nX-Evil: yes\r\n\r\n<script>alert(1)</script>\u202e"
	s.connect(s.seller("s1"))
	s.report("s1", f)
	s.deliver()
	m := s.server.only()
	if m.Header.Get("Bcc") != "" || m.Header.Get("X-Evil") != "" || len(m.Parts) != 2 {
		t.Errorf("%v, parts %q", m.Header, m.Parts)
	}
	if m.Subject != "Your Stripe account is connected to Kiln Bcc: eve@example.com Hello" {
		t.Errorf("%q", m.Subject)
	}
	if strings.Contains(m.HTML, "<script>") || !strings.Contains(m.HTML, "Blue X-Evil: yes &lt;script&gt;alert(1)&lt;/script&gt; is now connected") {
		t.Error(m.HTML)
	}
	for _, to := range []string{"ada@example.com\r\nBcc: eve@example.com", "ada@example.com>\r\nRCPT TO:<eve@example.com", "Ada <ada@example.com>, eve@example.com", "\"a\r\nb\"@example.com"} {
		s.server.forget()
		err := send(t, s.server.sender(), to, letter)
		if err == nil || len(s.server.mails()) > 0 {
			t.Errorf("%q is taken: %v", to, s.server.mails())
		}
	}
}

func TestHeadersOfAMail(t *testing.T) {
	t.Parallel()
	server := startSMTP(t)
	sender := server.sender()
	sender.ReplyTo = "help@shop.example"
	m := letter
	m.Unsubscribe = "https://connect.shop.example/mail/unsubscribe/token"
	if err := send(t, sender, "ada@example.com", m); err != nil {
		t.Fatal(err)
	}
	got := server.only()
	headers := map[string]string{}
	for _, name := range []string{"From", "To", "Reply-To", "Date", "Message-Id", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post"} {
		headers[name] = got.Header.Get(name)
	}
	want := map[string]string{
		"From": `"Kiln & Co" <payments@shop.example>`, "To": "<ada@example.com>", "Reply-To": "<help@shop.example>", "Date": "Sun, 01 Mar 2026 12:00:00 +0000",
		"Message-Id": "<mail_1@shop.example>", "Auto-Submitted": "auto-generated",
		"List-Unsubscribe": "<https://connect.shop.example/mail/unsubscribe/token>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	}
	if diff := cmp.Diff(want, headers); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(got.Parts, []string{"text/plain", "text/html"}) || strings.TrimSpace(got.Text) != "Hello there." {
		t.Errorf("%q: %q", got.Parts, got.Text)
	}
}
