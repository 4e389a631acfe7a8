package app

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	notices "github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/words"
)

// MailSettings say how sellers and admins are written to.
type MailSettings struct {
	SMTPURL      stripeapi.Secret `name:"smtp-url" env:"CONNECTD_SMTP_URL" placeholder:"URL" help:"The mail server: smtps://USER:PASSWORD@HOST, or smtp:// with STARTTLS; without it nothing is mailed."`
	MailFrom     string           `name:"mail-from" env:"CONNECTD_MAIL_FROM" placeholder:"ADDRESS" help:"The sender of mails (default: connectd at BASE_URL's host)."`
	AdminEmail   string           `name:"admin-email" env:"CONNECTD_ADMIN_EMAIL" placeholder:"ADDRESS" help:"Who is mailed what admins have to know."`
	MailOff      []string         `name:"mail-off" env:"CONNECTD_MAIL_OFF" placeholder:"KIND" help:"Kinds of mail that are not sent, comma-separated."`
	MailLanguage string           `name:"mail-language" env:"CONNECTD_MAIL_LANGUAGE" default:"en" help:"The language of mails to sellers whose own is not known."`
}

const exampleSMTP = "smtps://connectd:secret@mail.example.com"

// Check refuses what can't be used.
func (s MailSettings) Check() []error {
	var wrong []error
	if s.SMTPURL != "" {
		if _, err := notices.ParseServer(string(s.SMTPURL)); err != nil {
			wrong = append(wrong, setting("CONNECTD_SMTP_URL", err.Error(), exampleSMTP))
		}
	}
	if _, err := mail.ParseAddress(s.MailFrom); s.MailFrom != "" && err != nil {
		wrong = append(wrong, setting("CONNECTD_MAIL_FROM", "is not an e-mail address", "Kiln & Co <payments@shop.example.com>"))
	}
	if address, err := mail.ParseAddress(s.AdminEmail); s.AdminEmail != "" && (err != nil || address.Address != s.AdminEmail) {
		wrong = append(wrong, setting("CONNECTD_ADMIN_EMAIL", "is not an e-mail address", "admin@shop.example.com"))
	}
	for _, kind := range s.MailOff {
		if !notices.Known(kind) {
			wrong = append(wrong, setting("CONNECTD_MAIL_OFF", fmt.Sprintf("holds %q, which is no kind of mail", kind), allKinds()))
		}
	}
	if !slices.Contains(languageTags(), s.MailLanguage) && s.MailLanguage != "" {
		wrong = append(wrong, setting("CONNECTD_MAIL_LANGUAGE", "is not one of "+strings.Join(languageTags(), ", "), "en"))
	}
	return wrong
}

func allKinds() string {
	var kinds []string
	for _, k := range notices.Kinds() {
		kinds = append(kinds, string(k))
	}
	return strings.Join(kinds, ",")
}

func languageTags() []string {
	var tags []string
	for _, l := range words.Languages() {
		tags = append(tags, l.Tag())
	}
	return tags
}

// mailed reports whether mails are sent at all.
func (s MailSettings) mailed() bool { return s.SMTPURL != "" }

// sender sends mails as the settings, which have been checked, say. The platform's name stands before an address that comes
// without one.
func (s MailSettings) sender(baseURL string, brand BrandSettings) (*notices.Sender, error) {
	server, err := notices.ParseServer(string(s.SMTPURL))
	if err != nil {
		return nil, setting("CONNECTD_SMTP_URL", err.Error(), exampleSMTP)
	}
	from, err := s.from(baseURL)
	if err != nil {
		return nil, err
	}
	if from.Name == "" {
		from.Name = brand.PlatformName
	}
	return &notices.Sender{Server: server, From: *from, ReplyTo: replyTo(brand.PlatformSupport)}, nil
}

func (s MailSettings) from(baseURL string) (*mail.Address, error) {
	if s.MailFrom != "" {
		return mail.ParseAddress(s.MailFrom)
	}
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Hostname(), ":") {
		return nil, setting("CONNECTD_MAIL_FROM", notSet+", and BASE_URL has no host's name to make one of", "payments@shop.example.com")
	}
	return &mail.Address{Address: "connectd@" + u.Hostname()}, nil
}

// replyTo is where sellers get help, where that is an e-mail address.
func replyTo(support string) string {
	if address, err := mail.ParseAddress(support); err == nil {
		return address.Address
	}
	return ""
}

// off are the kinds that are not sent.
func (s MailSettings) off() []notices.Kind {
	kinds := make([]notices.Kind, len(s.MailOff))
	for i, kind := range s.MailOff {
		kinds[i] = notices.Kind(kind)
	}
	return kinds
}
