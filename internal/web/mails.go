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
			Title: "Not understood", Ways: []way{linkTo("Show all mails", mailPath)},
		})
		return
	}
	var changed bool
	if v.LiveURL, changed = follow(w, r, v.view, digest(v)); !changed {
		return
	}
	v.Notice = s.notice(r)
	s.render(w, r, http.StatusOK, v)
}

func (s *site) mailsView(ctx context.Context, asked url.Values) (mailsView, error) {
	asked = renamed(renamed(asked, "seller", "seller_id"), "before", cursorParam)
	view, err := readView(mailPath, asked, append(mailFilters, cursorParam)...)
	if err != nil {
		return mailsView{}, err
	}
	v := mailsView{view: view, Seller: view.get("seller_id"), Held: s.held()}
	if v.Counts, err = s.Mails.Book.Counts(ctx); err != nil {
		return v, err
	}
	if v.Seller != "" {
		if v.Known, err = s.Mails.Book.Seller(ctx, v.Seller); err != nil {
			return v, err
		}
		v.Known.Language = languageName(v.Known.Language)
	}
	if mail.State(view.get("state")) == mail.Waiting {
		err = s.addWaits(ctx, &v)
	} else {
		err = s.addMails(ctx, &v)
	}
	v.addChoices()
	return v, err
}

// mailFilters are the parameters that leave mails out.
var mailFilters = []string{"seller_id", "kind", "state"}

// mailsTo are the mails to a seller.
func mailsTo(sellerID string) string { return pageAt(mailPath).with("seller_id", sellerID).String() }

func mailQuery(view address) mail.Query {
	return mail.Query{
		SellerID: view.get("seller_id"), Kind: mail.Kind(view.get("kind")), State: mail.State(view.get("state")), Before: view.get(cursorParam),
		Limit: mailsShown,
	}
}

func (s *site) addMails(ctx context.Context, v *mailsView) error {
	found, next, err := s.Mails.Book.Mails(ctx, mailQuery(v.view))
	for _, m := range found {
		v.Rows = append(v.Rows, newMailRow(m))
	}
	v.paging = v.view.pages(next)
	return err
}

// addWaits reads the place where the page before ended, which is a time, a seller and a cause.
func (s *site) addWaits(ctx context.Context, v *mailsView) error {
	var after mail.WaitPlace
	if cursor := v.view.get(cursorParam); cursor != "" {
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
	behind := ""
	if next != nil {
		behind = registry.CursorAt("waiting", next.At, next.SellerID+" "+next.Cause)
	}
	v.paging = v.view.pages(behind)
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
