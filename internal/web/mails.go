package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/registry"
)

const mailPath = "/admin/mail"

// mailsShown is how many a page has.
const mailsShown = 50

// Mails are what was mailed, and what keeps mails from being sent.
type Mails struct {
	Book mail.Book
	// Again makes a mail anew that could not be sent, and says until when it waits.
	Again func(ctx context.Context, id string, by account.Actor) (*time.Time, error)
	// Server tells whether a mail server is set, and Admin whether admins have an address.
	Server, Admin bool
	// Off are the kinds that the platform does not want sent.
	Off []mail.Kind
}

func (s *site) routeMails(router *mux.Router) {
	s.getOrSignIn(router, mailPath, s.listMails)
	s.post(router, mailPath+"/again", s.admin(s.mailAgain))
}

// listMails is what was mailed, and what is to be. A page that shows it asks again and again whether anything is different.
func (s *site) listMails(w http.ResponseWriter, r *http.Request) {
	v, err := s.mailsView(r.Context(), r.URL.Query())
	if err != nil {
		s.problem(w, r, err, problemView{
			Title: "Not understood", Ways: []way{{Words: "Show all mails", URL: mailPath, Method: follow}},
		})
		return
	}
	version, err := digest(v)
	switch {
	case err != nil:
		s.broken(w, r, err)
		return
	case shownVersion(r) == version:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	v.LiveURL = liveURL(mailPath, v.view, version)
	if !fromScript(r) {
		v.Notice = s.sessions.PopString(r.Context(), noticeKey)
	}
	s.render(w, r, http.StatusOK, v)
}

func (s *site) mailsView(ctx context.Context, asked url.Values) (mailsView, error) {
	view, err := textOf(asked, []string{"seller", "kind", "state", "before"})
	if err != nil {
		return mailsView{}, err
	}
	v := mailsView{view: view, Seller: view.Get("seller"), Held: s.held()}
	if v.Counts, err = s.Mails.Book.Counts(ctx); err != nil {
		return v, err
	}
	if v.Seller != "" {
		if v.Known, err = s.Mails.Book.Seller(ctx, v.Seller); err != nil {
			return v, err
		}
		v.Known.Language = languageName(v.Known.Language)
	}
	if mail.State(view.Get("state")) == mail.Waiting {
		err = s.addWaits(ctx, &v)
	} else {
		err = s.addMails(ctx, &v)
	}
	v.addChoices()
	return v, err
}

func mailQuery(view url.Values) mail.Query {
	return mail.Query{
		SellerID: view.Get("seller"), Kind: mail.Kind(view.Get("kind")), State: mail.State(view.Get("state")), Before: view.Get("before"),
		Limit: mailsShown,
	}
}

func (s *site) addMails(ctx context.Context, v *mailsView) error {
	found, next, err := s.Mails.Book.Mails(ctx, mailQuery(v.view))
	for _, m := range found {
		v.Rows = append(v.Rows, newMailRow(m))
	}
	v.next(next)
	return err
}

// addWaits reads the place where the page before ended, which is a time, a seller and a cause.
func (s *site) addWaits(ctx context.Context, v *mailsView) error {
	var after mail.WaitPlace
	if cursor := v.view.Get("before"); cursor != "" {
		at, id, err := registry.ParseCursorAt(cursor, "waiting")
		if err != nil {
			return err
		}
		after.At = at
		after.SellerID, after.Cause, _ = strings.Cut(id, " ")
	}
	found, next, err := s.Mails.Book.Waits(ctx, mailQuery(v.view), after)
	for _, m := range found {
		row := newMailRow(m.Entry)
		row.Until = &m.Until
		v.Rows = append(v.Rows, row)
	}
	if next != nil {
		v.next(registry.CursorAt("waiting", next.At, next.SellerID+" "+next.Cause))
	}
	return err
}

// mailAgain makes a mail anew that could not be sent.
func (s *site) mailAgain(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("mail_id")
	if !account.IsText(id) {
		id = ""
	}
	waits, err := s.Mails.Again(r.Context(), id, s.actor(r))
	e, ok := errors.AsType[*account.Error](err)
	notice := "The mail is made anew: it is written when it is sent, and dropped where what it tells is no longer so."
	switch {
	case err != nil && !ok:
		s.broken(w, r, err)
		return
	case err != nil:
		notice = "Not sent again: " + e.Message
	case waits != nil:
		notice = "Another mail of this cause was sent within a day: this one waits until " + moment(*waits) + "."
	}
	s.sessions.Put(r.Context(), noticeKey, notice)
	seeOther(w, mailPath)
}
