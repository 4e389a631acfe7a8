package web

import (
	"net/http"

	"github.com/gorilla/mux"
)

// unsubscribeRoute ends a seller's reminders. Mail programs post to it by themselves (RFC 8058), so that it takes forms from
// anywhere: it uses no session and no cookie, and the token is all that it goes by.
const unsubscribeRoute = unsubscribePath + "{token}"

const unsubscribePath = "/mail/unsubscribe/"

// askUnsubscribe asks back: programs that look through mails follow their links.
func (s *site) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	if err := s.Preferences.CanUnsubscribe(r.Context(), mux.Vars(r)["token"]); err != nil {
		s.linkProblem(w, r, err)
		return
	}
	l := languageOf(r)
	s.render(w, r, http.StatusOK, problemView{
		Title: l.Say("mail.unsubscribe.title", nil), Sentence: l.Say("mail.unsubscribe.sentence", nil),
		Ways: []way{{Words: l.Say("mail.unsubscribe.button", nil), URL: r.URL.EscapedPath(), Method: byForm}},
	})
}

func (s *site) unsubscribe(w http.ResponseWriter, r *http.Request) {
	if err := s.Preferences.Unsubscribe(r.Context(), mux.Vars(r)["token"], s.Now()); err != nil {
		s.linkProblem(w, r, err)
		return
	}
	l := languageOf(r)
	s.render(w, r, http.StatusOK, problemView{
		Title: l.Say("mail.unsubscribed.title", nil), Sentence: l.Say("mail.unsubscribed.sentence", nil),
	})
}

// keepLanguage remembers the language of the page for what the seller is mailed. The page matters more.
func (s *site) keepLanguage(r *http.Request, sellerID string) {
	err := s.Preferences.KeepLanguage(r.Context(), sellerID, languageOf(r).Tag())
	if err != nil && r.Context().Err() == nil {
		s.Logger.WarnContext(r.Context(), "the language of a seller could not be kept for mails", "seller", sellerID, "error", err)
	}
}
