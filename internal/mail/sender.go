package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// answerWithin bounds each of two: the way to a connection that takes mails, and one mail. A server that looks through a mail
// before it takes it needs a while; who gives up too soon sends it again.
const answerWithin = 30 * time.Second

// Sender sends mails. It is safe for concurrent use; each mail has a connection of its own.
type Sender struct {
	Server Server
	From   mail.Address
	// ReplyTo is where answers go, "" where they go to From.
	ReplyTo string
	// TLS is what a test's server needs; nil for the system's.
	TLS *tls.Config
}

// Line is a connection to the server, which has taken who is there. The caller hangs up.
type Line struct {
	sender *Sender
	client *gomail.Client
	conn   net.Conn
}

// auths are the ways to sign in, the best first; go-mail uses the last two over TLS, or on this machine, alone.
var auths = []gomail.SMTPAuthType{
	gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
}

// Dial connects and signs in. When ctx ends the connection is cut.
func (s *Sender) Dial(ctx context.Context) (*Line, error) {
	line := &Line{sender: s}
	policy := map[Security]gomail.TLSPolicy{StartTLS: gomail.TLSMandatory, IfOffered: gomail.TLSOpportunistic}[s.Server.Security]
	if s.Server.Security == TLS || s.Server.Security == None {
		policy = gomail.NoTLS // that is the dialer's, or nobody's
	}
	options := []gomail.Option{
		gomail.WithPort(s.Server.Port), gomail.WithTimeout(answerWithin), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(s.tls()),
		gomail.WithDialContextFunc(line.dialer(ctx)), gomail.WithoutNoop(), gomail.WithoutRset(),
	}
	if s.Server.Username != "" {
		options = append(options, gomail.WithOpportunisticSMTPAuth(auths...),
			gomail.WithUsername(s.Server.Username), gomail.WithPassword(s.Server.Password))
	}
	var err error
	if line.client, err = gomail.NewClient(s.Server.Host, options...); err != nil {
		return nil, fmt.Errorf("prepare to speak to the mail server: %w", err)
	}
	if err := line.client.DialWithContext(ctx); err != nil {
		line.cut() // go-mail leaves it open
		return nil, fmt.Errorf("reach the mail server at %s: %w", s.Server.Addr(), withoutWords(err))
	}
	return line, nil
}

func (s *Sender) tls() *tls.Config {
	cfg := s.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	cfg.ServerName = s.Server.Host
	return cfg
}

// dialer has the connection end with ctx: go-mail lets one that is made live as long as it will.
func (l *Line) dialer(ctx context.Context) gomail.DialContextFunc {
	return func(dialing context.Context, network, _ string) (conn net.Conn, err error) {
		if conn, err = l.sender.connect(dialing, network); err == nil {
			l.conn = conn
			context.AfterFunc(ctx, l.cut) // whoever uses it hears of it
		}
		return conn, err
	}
}

// cut closes the connection, if there is one.
func (l *Line) cut() {
	if l.conn != nil {
		_ = l.conn.Close() // it is over in any case
	}
}

func (s *Sender) connect(ctx context.Context, network string) (net.Conn, error) {
	if s.Server.Security == TLS {
		return (&tls.Dialer{Config: s.tls()}).DialContext(ctx, network, s.Server.Addr())
	}
	return (&net.Dialer{}).DialContext(ctx, network, s.Server.Addr())
}

// hangUpWithin bounds how long a server has to say goodbye.
const hangUpWithin = 2 * time.Second

// HangUp ends the connection. What was sent is sent, whatever the server says to it.
func (l *Line) HangUp() {
	_ = l.conn.SetDeadline(time.Now().Add(hangUpWithin))
	_ = l.client.Close()
	l.cut()
}

// Envelope is what a mail is sent in.
type Envelope struct {
	ID string // the Message-ID's first part: the same for each repeat
	To string
	At time.Time // the Date
}

// Send sends the mail. A *RefusedError says that it will never be taken.
func (l *Line) Send(e Envelope, m Message) error {
	message, err := l.sender.compose(e, m)
	if err != nil {
		return err
	}
	if err := l.client.Send(message); err != nil && !message.IsDelivered() {
		return wordless(err)
	}
	return nil
}

// Check connects, signs in and hangs up.
func (s *Sender) Check(ctx context.Context) error {
	line, err := s.Dial(ctx)
	if err == nil {
		line.HangUp()
	}
	return err
}

func (s *Sender) compose(e Envelope, m Message) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(e.To)
	if err != nil {
		return nil, &RefusedError{"the seller's e-mail address is none"} // err would repeat it
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(&s.From)
	message.ToMailAddress(&mail.Address{Address: to.Address})
	if s.ReplyTo != "" {
		message.ReplyToMailAddress(&mail.Address{Address: s.ReplyTo})
	}
	message.SetMessageIDWithValue(e.ID + "@" + domainOf(s.From.Address))
	message.SetDateWithValue(e.At.UTC())
	message.Subject(m.Subject)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answering machine answers
	if m.Unsubscribe != "" {
		message.SetListUnsubscribe(m.Unsubscribe)
		message.SetListUnsubscribePost()
	}
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	if m.Logo.Content == nil {
		return message, nil
	}
	err = message.EmbedReader(logoID, bytes.NewReader(m.Logo.Content),
		gomail.WithFileContentID(logoID), gomail.WithFileContentType(gomail.ContentType(m.Logo.Type)))
	return message, err
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// RefusedError is a mail that will never be taken: trying again is of no use.
type RefusedError struct{ why string }

func (e *RefusedError) Error() string { return e.why }

// wordless is what the server made of a mail, by its codes: its words, and go-mail's, hold addresses, and errors are logged and
// kept with jobs.
func wordless(err error) error {
	e, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return fmt.Errorf("send a mail: %w", withoutWords(err))
	}
	what := "the mail server did not take the mail"
	switch e.Reason {
	case gomail.ErrSMTPMailFrom:
		what = "the mail server did not take the sender's address (CONNECTD_MAIL_FROM)"
	case gomail.ErrSMTPRcptTo:
		what = "the mail server did not take the recipient"
	}
	if e.ErrorCode() == 0 {
		return errors.New(what + ": the connection broke off")
	}
	answer := strings.TrimSpace(fmt.Sprintf("%d %s", e.ErrorCode(), e.EnhancedStatusCode()))
	if e.Reason == gomail.ErrSMTPRcptTo && !e.IsTemp() {
		return &RefusedError{what + ": " + answer}
	}
	return errors.New(what + ": " + answer)
}

// withoutWords is an error of the connection; of a server's answer its code.
func withoutWords(err error) error {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("it answered %d", e.Code)
	}
	return err
}
