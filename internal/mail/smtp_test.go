package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/connectd/connectd/internal/mail"
)

// smtpServer is a real mail server, on a port of its own.
type smtpServer struct {
	t    testing.TB
	addr *net.TCPAddr
	tls  *tls.Config // what its clients trust

	mu     sync.Mutex
	got    []received
	rcpt   error  // what it answers to a recipient
	data   error  // and to a mail
	onData func() // while it takes one
	needs  string // the password
	asked  int    // how often somebody connected
}

// received is a mail as the server got it.
type received struct {
	From, To   string
	Subject    string
	Header     stdmail.Header
	Text, HTML string
	Parts      []string // their types
	Raw        string
	Encrypted  bool
}

// smtpKind is how a server speaks.
type smtpKind string

const (
	plain    smtpKind = "plain"
	startTLS smtpKind = "starttls"
	smtps    smtpKind = "smtps"
)

func startSMTP(t testing.TB) *smtpServer { return startSMTPAs(t, plain) }

func startSMTPAs(t testing.TB, kind smtpKind) *smtpServer {
	t.Helper()
	s := &smtpServer{t: t}
	server := smtp.NewServer(s)
	server.Domain, server.ErrorLog, server.AllowInsecureAuth = "localhost", log.New(io.Discard, "", 0), true
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the test
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().(*net.TCPAddr)
	if kind != plain {
		own := httptest.NewTLSServer(nil) // for its certificate, which is of 127.0.0.1
		t.Cleanup(own.Close)
		trusted := x509.NewCertPool()
		trusted.AddCert(own.Certificate())
		s.tls = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
		server.TLSConfig = &tls.Config{Certificates: own.TLS.Certificates, MinVersion: tls.VersionTLS12}
	}
	if kind == smtps {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *smtpServer) sender() *mail.Sender {
	return &mail.Sender{
		Server: mail.Server{Host: "127.0.0.1", Port: s.addr.Port, Security: mail.IfOffered},
		From:   stdmail.Address{Name: "Kiln & Co", Address: "payments@shop.example"}, TLS: s.tls,
	}
}

// NewSession is called for each connection.
func (s *smtpServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return &smtpSession{server: s, conn: c}, nil
}

func (s *smtpServer) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = nil
}

func (s *smtpServer) mails() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}

// only is the one mail that came.
func (s *smtpServer) only() received {
	s.t.Helper()
	got := s.mails()
	if len(got) != 1 {
		s.t.Fatalf("%d mails came: %v", len(got), subjects(got))
	}
	return got[0]
}

func subjects(of []received) []string {
	var all []string
	for _, m := range of {
		all = append(all, m.To+": "+m.Subject)
	}
	return all
}

func (s *smtpServer) answering(rcpt, data error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt, s.data = rcpt, data
}

type smtpSession struct {
	server   *smtpServer
	conn     *smtp.Conn
	from, to string
	known    bool
}

func (c *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		if c.known = password == c.server.needs; !c.known {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "who is connectd@shop.example?"}
		}
		return nil
	}), nil
}

func (c *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.needs != "" && !c.known {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.server.rcpt
}

func (c *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := read(string(raw))
	if err != nil {
		c.server.t.Errorf("a mail that can't be read: %v\n%s", err, raw)
	}
	m.From, m.To = c.from, c.to
	_, m.Encrypted = c.conn.TLSConnectionState()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.data != nil {
		return c.server.data
	}
	c.server.got = append(c.server.got, m)
	if c.server.onData != nil {
		c.server.onData()
	}
	return nil
}

func (*smtpSession) Reset()        {}
func (*smtpSession) Logout() error { return nil }

// read takes a mail apart, as a mail program does.
func read(raw string) (received, error) {
	m := received{Raw: raw}
	message, err := stdmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return m, err
	}
	m.Header = message.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return m, err
	}
	return m, m.readParts(message.Header.Get("Content-Type"), message.Body)
}

func (m *received) readParts(contentType string, body io.Reader) error {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil {
			return err
		}
		m.Parts = append(m.Parts, kind)
		if strings.HasPrefix(kind, "multipart/") {
			if err := m.readParts(part.Header.Get("Content-Type"), part); err != nil {
				return err
			}
			continue
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil && kind != "image/png" {
			return err
		}
		switch text := strings.ReplaceAll(string(content), "\r\n", "\n"); kind {
		case "text/plain":
			m.Text = text
		case "text/html":
			m.HTML = text
		}
	}
}
