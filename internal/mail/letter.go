package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"unicode"

	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/words"
)

// letter is what a mail says, before it has a form.
type letter struct {
	language   *words.Language
	subject    string
	paragraphs []string
	items      []item
	after      []string // paragraphs behind the items
	way        way
	notes      []string // in small print
	end        way      // of these mails; "" where they have no end
}

// item is one of several things, with what there is to say of it.
type item struct{ Words, More string }

// way leads on.
type way struct{ Words, URL string }

// Message is a mail as it is sent. It holds no address.
type Message struct {
	Subject, Text, HTML string
	// Unsubscribe ends such mails by one click (RFC 8058); "".
	Unsubscribe string
	Logo        brand.Logo // that the HTML shows, where it comes with the mail
}

// layout is what the templates take.
type layout struct {
	Tag, Platform, Subject string
	Paragraphs             []string
	Items                  []item
	After                  []string
	Way, End               way
	Notes                  []string
	Logo                   htmltemplate.URL // where it is; ""
	Fill, OnFill, Ink      string
}

//go:embed templates
var files embed.FS

var (
	asText = texttemplate.Must(texttemplate.ParseFS(files, "templates/letter.txt"))
	asHTML = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/letter.html"))
)

// message gives the letter its two forms, in the platform's looks.
func (l letter) message(looks brand.Brand) (Message, error) {
	palette := looks.Shade().Light()
	page := layout{
		Tag: l.language.Tag(), Platform: looks.Name, Subject: l.subject, Paragraphs: said(l.paragraphs), Items: l.items, After: said(l.after),
		Way: l.way, End: l.end, Notes: said(l.notes),
		Logo: htmltemplate.URL(looks.Logo.URL), //nolint:gosec // of a setting
		Fill: palette.Fill.String(), OnFill: palette.OnFill.String(), Ink: palette.Ink.String(),
	}
	message := Message{Subject: oneLine(l.subject), Unsubscribe: l.end.URL}
	if picture(looks.Logo) {
		page.Logo, message.Logo = "cid:"+logoID, looks.Logo
	}
	var text, html bytes.Buffer
	if err := asText.Execute(&text, page); err != nil {
		return Message{}, fmt.Errorf("render a mail's text: %w", err)
	}
	if err := asHTML.Execute(&html, page); err != nil {
		return Message{}, fmt.Errorf("render a mail's HTML: %w", err)
	}
	message.Text, message.HTML = text.String(), html.String()
	return message, nil
}

// logoID is what the HTML calls the logo that comes with the mail.
const logoID = "logo"

// picture reports whether mail programs show the logo: they show no SVG.
func picture(logo brand.Logo) bool { return logo.Content != nil && logo.Type != "image/svg+xml" }

// said leaves out what says nothing.
func said(paragraphs []string) []string {
	var all []string
	for _, p := range paragraphs {
		if p != "" {
			all = append(all, p)
		}
	}
	return all
}

// oneLine is the text without what could end a header's line, or can't be seen: names come from elsewhere.
func oneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}
