package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"
	"time"
)

// keptMails is how many of the newest mails are kept.
const keptMails = 1000

// maxMail is the largest mail taken, in bytes.
const maxMail = 4 << 20

// Mail is what was sent to someone. Headers has every header of the message, several of one name joined by commas.
type Mail struct {
	At      time.Time         `json:"at"`
	To      string            `json:"to"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Headers map[string]string `json:"headers"`
}

// AddMail puts the mail into the mailbox that GET /sandbox/mail and the page /mail show. It is kept when this returns.
func (s *Sandbox) AddMail(ctx context.Context, m Mail) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.Headers == nil {
		m.Headers = map[string]string{}
	}
	return s.state.update(func(tx *transaction) error {
		if m.At.IsZero() {
			m.At = tx.now.UTC()
		}
		tx.change.Mails = append(tx.change.Mails, m)
		return nil
	})
}

// AddMessage puts a message as it came over SMTP (RFC 5322, MIME) into the mailbox, at most 4 MiB of it. recipients are
// those of the envelope; without them, the To header says who it is for.
func (s *Sandbox) AddMessage(ctx context.Context, recipients []string, message io.Reader) error {
	m, err := readMail(io.LimitReader(message, maxMail))
	if err != nil {
		return err
	}
	if len(recipients) > 0 {
		m.To = strings.Join(recipients, ", ")
	}
	return s.AddMail(ctx, m)
}

func (w *world) putMail(m *Mail) {
	w.mails = append(w.mails, m)
	if len(w.mails) > keptMails {
		w.mails = w.mails[1:]
	}
}

func readMail(r io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, fmt.Errorf("read mail: %w", err)
	}
	m := Mail{Subject: decodedHeader(message.Header.Get("Subject")), Headers: map[string]string{}}
	for name, values := range message.Header {
		m.Headers[name] = decodedHeader(strings.Join(values, ", "))
	}
	m.To = addressesOf(message.Header)
	part := mailPart{message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body}
	if err := m.readPart(part, 0); err != nil {
		return Mail{}, fmt.Errorf("read mail: %w", err)
	}
	return m, nil
}

func addressesOf(header mail.Header) string {
	list, err := header.AddressList("To")
	if err != nil {
		return header.Get("To")
	}
	addresses := make([]string, len(list))
	for i, a := range list {
		addresses[i] = a.Address
	}
	return strings.Join(addresses, ", ")
}

func (s *Sandbox) listMail(*http.Request) (json.RawMessage, error) {
	var body json.RawMessage
	err := s.state.view(func(tx *transaction) error {
		mails := tx.mails
		if mails == nil {
			mails = []*Mail{}
		}
		var err error
		body, err = encode(mails)
		return err
	})
	return body, err
}
