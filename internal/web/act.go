package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/onboarding"
	"github.com/connectd/connectd/internal/words"
)

// actView is what an admin is about to do to an account, or has just done.
type actView struct {
	Asked     act
	Problem   string // why it was not done; ""
	Typed     string // the seller's id as it was typed
	Works     bool   // the account works: to unlink it takes more
	Link      string // a fresh link of the seller's; ""
	ExpiresAt time.Time
	Note      notesView // a note that is being written
}

// act is what the page asks to be confirmed; the address says which.
type act string

const (
	nothingAsked act = ""
	unlinking    act = "unlink"
	reassigning  act = "reassign"
	linking      act = "link"
)

// askedOf reads from the address what the admin is about to do. What is unknown is nothing.
func askedOf(r *http.Request, a client.Account) actView {
	v := actView{Works: a.CanTransact}
	switch asked := act(r.URL.Query().Get("confirm")); asked {
	case unlinking, reassigning:
		if a.DisconnectedAt == nil {
			v.Asked = asked
		}
	}
	return v
}

// makeLink makes a link of the seller's, and shows it in the answer: nothing keeps it, so that there is no page to lead to.
func (s *site) makeLink(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	link, err := s.Onboarding.CreateLink(r.Context(), onboarding.LinkParams{SellerID: a.SellerID, By: s.actor(r)})
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	s.renderAccount(w, r, http.StatusOK, a, actView{Asked: linking, Link: link.URL, ExpiresAt: link.ExpiresAt})
}

// unlinkAccount disconnects the account. One that works has to be asked for by its seller's id, also where the seller may unlink it,
// for want of a name.
func (s *site) unlinkAccount(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	act := actView{Asked: unlinking, Typed: strings.TrimSpace(r.PostFormValue("seller_id")), Works: a.CanTransact}
	rule := onboarding.Allowed
	if act.Typed == a.SellerID {
		rule = onboarding.Forced
	}
	if rule == onboarding.Allowed && act.Works && a.DisconnectedAt == nil {
		act.Problem = "This account works. To unlink it nevertheless, type the seller’s id, " + a.SellerID + "."
		s.renderAccount(w, r, http.StatusConflict, a, act)
		return
	}
	err = s.Onboarding.UnlinkAccount(r.Context(), a.ID, rule, s.actor(r))
	s.acted(w, r, a, act, err, "Unlinked. The seller can connect this account again, or another, by a new onboarding link.")
}

// reassign gives the account to another seller.
func (s *site) reassign(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	act := actView{Asked: reassigning, Typed: strings.TrimSpace(r.PostFormValue("seller_id"))}
	err = s.Registry.Reassign(r.Context(), a.ID, act.Typed, s.actor(r))
	notice := "Reassigned: seller " + act.Typed + " holds this account now."
	if act.Typed == a.SellerID {
		notice = "Nothing was changed: seller " + act.Typed + " holds this account already."
	}
	s.acted(w, r, a, act, err, notice)
}

// acted leads back to the account's page, which says that it was done; or shows what was asked for again, and why it was not.
func (s *site) acted(w http.ResponseWriter, r *http.Request, a client.Account, act actView, err error, notice string) {
	if err == nil {
		s.sessions.Put(r.Context(), noticeKey, notice)
		seeOther(w, accountPath(a.ID))
		return
	}
	e, ok := errors.AsType[*account.Error](err)
	if !ok {
		s.accountProblem(w, r, err)
		return
	}
	act.Problem = sentenceOf(e, words.English())
	s.renderAccount(w, r, statuses[e.Kind], a, act)
}
