package mail_test

import (
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/mail"
)

func TestMailServersAreReadFromURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]mail.Server{
		"smtps://mail.example.com":                         {Host: "mail.example.com", Port: 465, Security: mail.TLS},
		"smtp://mail.example.com":                          {Host: "mail.example.com", Port: 587, Security: mail.StartTLS},
		"smtp://who:wh%40t@mail.example.com:2525/":         {Host: "mail.example.com", Port: 2525, Username: "who", Password: "wh@t", Security: mail.StartTLS},
		"smtp://relay.internal:25?starttls=off":            {Host: "relay.internal", Port: 25, Security: mail.None},
		"smtp://127.0.0.1:1025":                            {Host: "127.0.0.1", Port: 1025, Security: mail.IfOffered},
		"smtp://[::1]:1025":                                {Host: "::1", Port: 1025, Security: mail.IfOffered},
		"smtp://localhost:1025":                            {Host: "localhost", Port: 1025, Security: mail.IfOffered},
		"smtps://who%40shop.example:s@mail.example.com:99": {Host: "mail.example.com", Port: 99, Username: "who@shop.example", Password: "s", Security: mail.TLS},
	} {
		if got, err := mail.ParseServer(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "mail.example.com", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://:25", "smtp://h:0", "smtp://h:65536",
		"smtp://h:x", "smtp://h/path", "smtp://h#x", "smtp://h?starttls=maybe", "smtps://h?starttls=off", "smtp://u:secret@h:port", "smtp://u:secret%zz@h",
	} {
		got, err := mail.ParseServer(text)
		if err == nil {
			t.Errorf("%q is read as %+v", text, got)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := (mail.Server{Host: "::1", Port: 25}).Addr(); got != "[::1]:25" {
		t.Error(got)
	}
}
