package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/stripeapi"
)

// demoAdmin is who gets a demo's mails to admins.
const demoAdmin = "admin@demo.example"

const mailWithin = 10 * time.Second // each step of what the demo's mail server is told

// startMailbox listens for connectd's mails on a free port of this machine, and has the sandbox keep them for its page.
func (d *Demo) startMailbox(ctx context.Context, settings *MailSettings) error {
	if settings.AdminEmail == "" {
		settings.AdminEmail = demoAdmin
	}
	if settings.mailed() {
		return nil // somebody wants to see them elsewhere
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for mails: %w", err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailbox{sandbox: d.sandbox}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "localhost", mailWithin, mailWithin
	server.ErrorLog = log.New(io.Discard, "", 0) // connectd logs what it could not send
	go func() { _ = server.Serve(listener) }()   // it ends when it is closed
	d.closers.add(func(context.Context) error {
		if err := server.Close(); !errors.Is(err, smtp.ErrServerClosed) {
			return err
		}
		return nil
	})
	settings.SMTPURL = stripeapi.Secret("smtp://" + listener.Addr().String())
	return nil
}

// mailbox is one connection of the demo's mail server.
type mailbox struct {
	sandbox *sandbox.Sandbox
	to      []string
}

// Mail takes any sender.
func (*mailbox) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes any recipient.
func (m *mailbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = append(m.to, to)
	return nil
}

// Data keeps the mail before it is taken.
func (m *mailbox) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return m.sandbox.AddMessage(context.Background(), m.to, bytes.NewReader(content))
}

// Reset begins the next mail.
func (m *mailbox) Reset() { m.to = nil }

// Logout ends the connection.
func (*mailbox) Logout() error { return nil }
