package main

import (
	"io"
	"log"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/waittest"
	"github.com/emersion/go-smtp"
)

// mailbox is a mail server that keeps what it takes.
type mailbox struct {
	address string
	mu      sync.Mutex
	mails   []*mail.Message
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{address: listener.Addr().String()}
	server := smtp.NewServer(box)
	server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return box
}

func (box *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return delivery{box}, nil }

type delivery struct{ box *mailbox }

func (delivery) Reset()                               {}
func (delivery) Logout() error                        { return nil }
func (delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (delivery) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (d delivery) Data(r io.Reader) error {
	read, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	d.box.mails = append(d.box.mails, read)
	return nil
}

// holdOne waits for the mail, which is one by its Message-ID however often it came.
func (box *mailbox) holdOne(t *testing.T, to, subject string) {
	t.Helper()
	waittest.Within(t, 4*time.Minute, "a mail to "+to, func() bool { return len(box.ids(to, subject)) > 0 })
	if ids := box.ids(to, subject); len(ids) != 1 {
		t.Errorf("%s was mailed %v", to, ids)
	}
}

func (box *mailbox) ids(to, subject string) map[string]bool {
	box.mu.Lock()
	defer box.mu.Unlock()
	ids := map[string]bool{}
	for _, m := range box.mails {
		if strings.Contains(m.Header.Get("To"), to) && strings.Contains(m.Header.Get("Subject"), subject) {
			ids[m.Header.Get("Message-ID")] = true
		}
	}
	return ids
}
