//go:build faults

package faults

import (
	"io"
	"log"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// mailbox is a mail server that takes everything, and notes it.
type mailbox struct {
	record *Recorder
	url    string
}

func newMailbox(t *testing.T, record *Recorder) *mailbox {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{record: record, url: "smtp://" + listener.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return box, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	t.Cleanup(func() { _ = server.Close() })
	return box
}

// Data notes a mail by what its Message-ID begins with, the id that connectd gave it.
func (b *mailbox) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	whole := strings.Trim(message.Header.Get("Message-Id"), "<>")
	id, _, _ := strings.Cut(whole, "@")
	b.record.Add(Line{Mail: &Mail{At: time.Now(), ID: id, To: message.Header.Get("To")}})
	return nil
}

// Mail takes any sender.
func (*mailbox) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes any recipient.
func (*mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Reset begins the next mail; nothing is kept between two.
func (*mailbox) Reset() {}

// Logout ends the connection.
func (*mailbox) Logout() error { return nil }
