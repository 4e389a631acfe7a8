package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
)

// recheck asks Stripe about the account now, and leads back to its page, which says how it went.
func (s *site) recheck(w http.ResponseWriter, r *http.Request) {
	a, err := s.accountOf(r)
	if err != nil {
		s.accountProblem(w, r, err)
		return
	}
	if err := s.Registry.Rechecking(r.Context(), a.ID, s.actor(r)); err != nil {
		s.broken(w, r, err)
		return
	}
	notice, err := recheckNotice(s.Checker.Check(r.Context(), a.ID, registry.Recheck))
	if err != nil {
		s.broken(w, r, fmt.Errorf("re-check account %s: %w", a.ID, err))
		return
	}
	s.sessions.Put(r.Context(), noticeKey, notice)
	seeOther(w, accountPath(a.ID))
}

// recheckNotice says how a check went. An error that is neither Stripe's nor for people comes back as it is.
func recheckNotice(err error) (string, error) {
	if err == nil {
		return "Checked: this is what Stripe says now.", nil
	}
	if e, ok := errors.AsType[*stripeapi.Error](err); ok {
		return stripeNotice(e), nil
	}
	if e, ok := errors.AsType[*account.Error](err); ok {
		return e.Message, nil
	}
	return "", err
}

func stripeNotice(e *stripeapi.Error) string {
	const stays = " What is shown is from before; the account stays due."
	switch e.Kind {
	case stripeapi.Unreachable:
		return "Not checked: Stripe gave no answer that can be used." + stays
	case stripeapi.RateLimited:
		return "Not checked: Stripe was asked too much just now. Try again in a minute." + stays
	case stripeapi.KeyWrong:
		return "Not checked: Stripe does not take the platform's key (STRIPE_SECRET_KEY)." + stays
	}
	return fmt.Sprintf("Not checked: Stripe refused (%s, request %s).", e.Code, e.RequestID) + stays
}
