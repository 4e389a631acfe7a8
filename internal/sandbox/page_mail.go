package sandbox

import (
	"net/http"
	"strconv"
)

type mailPage struct{ Mails []mailRow }

// mailRow is a mail and its place in the mailbox.
type mailRow struct {
	*Mail
	N int
}

func (s *Sandbox) mailbox(*http.Request) (*response, error) {
	var page mailPage
	_ = s.state.view(func(tx *transaction) error { // answers no error
		for n := len(tx.mails) - 1; n >= 0; n-- {
			page.Mails = append(page.Mails, mailRow{tx.mails[n], n})
		}
		return nil
	})
	return renderPage("mail.html", formsStay, page)
}

// mailHTML shows a mail as its reader would see it. Mails carry their styles in themselves, so they are let; nothing else
// is: the page has no origin, no scripts, no forms, and asks nobody for anything.
func (s *Sandbox) mailHTML(r *http.Request) (*response, error) {
	n, err := strconv.Atoi(r.PathValue("n"))
	var html string
	found := false
	_ = s.state.view(func(tx *transaction) error { // answers no error
		if err == nil && n >= 0 && n < len(tx.mails) {
			html, found = tx.mails[n].HTML, true
		}
		return nil
	})
	if !found {
		return nil, refuse(http.StatusNotFound, "There is no such mail.")
	}
	return htmlResponse([]byte(html), "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; "+
		"style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'none'"), nil
}
