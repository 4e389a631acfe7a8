package onboarding

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/words"
)

const (
	// mendCookie, with the link's id, holds the link's token while its seller is at Stripe's form: Stripe is told the id alone,
	// since it keeps what it is told in the platform's log of requests. Each link has its own: who sells in two shops may be
	// at two forms in one browser.
	mendCookie = "connectd_mending_"
	mendPath   = "/oauth/mended"
	mendLife   = 2 * time.Hour
)

// MendParam is the parameter of the way back from Stripe's form that names the link, by its id.
const MendParam = "link"

// Mend leads the link's seller into Stripe's form for what is due: that of an account whose seller has no Dashboard of Stripe's
// to give it in (express, custom). Where Stripe refuses it is account.Conflict, where it does not answer account.Unanswered.
// Else it fails as Page does.
func (s *Service) Mend(ctx context.Context, token string) (Departure, error) {
	link, err := s.useLink(ctx, token)
	if err != nil {
		return Departure{}, err
	}
	held, connected, err := s.cfg.Registry.HeldBy(ctx, link.SellerID)
	switch {
	case err != nil:
		return Departure{}, err
	case !connected:
		return Departure{}, told(account.Conflict, "onboarding.nothing_to_mend", nil)
	}
	back := s.cfg.BaseURL + mendPath + "?" + url.Values{MendParam: {link.ID}}.Encode()
	form, err := s.cfg.Stripe.CreateAccountLink(ctx, stripeapi.AccountLink{AccountID: held.ID, ReturnURL: back, RefreshURL: back})
	if err != nil {
		return Departure{}, s.unmended(ctx, link.SellerID, err)
	}
	return Departure{URL: string(form), Cookie: s.cookie(mendCookie+link.ID, token, back, mendLife)}, nil
}

func (s *Service) unmended(ctx context.Context, sellerID string, err error) error {
	e, ok := errors.AsType[*stripeapi.Error](err)
	switch {
	case !ok:
		return err
	case e.Kind == stripeapi.Unreachable, e.Kind == stripeapi.RateLimited:
		return told(account.Unanswered, "onboarding.unanswered", nil)
	case e.Kind == stripeapi.KeyWrong:
		s.cfg.Logger.Error("Stripe does not let the platform's key make account links, so no seller can be led into Stripe's form", "error", e)
		return told(account.Refused, "onboarding.mend_not_permitted", nil)
	case e.Kind == stripeapi.AccountGone: // the page says so from now on, and not only once the account is due
		s.readAnew(ctx, sellerID)
	}
	s.cfg.Logger.Warn("Stripe opens no form for an account", "error", e)
	return told(account.Conflict, "onboarding.mend_refused", words.Args{"Message": strings.TrimSuffix(e.Message, ".") + "."})
}

// Mended is where a seller goes on who comes back from Stripe's form, by the link's id and the browser's cookies: to the page,
// with the account as it is by now. A browser that no longer knows is account.NotFound.
func (s *Service) Mended(ctx context.Context, linkID string, cookie func(name string) string) (pageURL string, end *http.Cookie, err error) {
	token := cookie(mendCookie + linkID)
	if token == "" {
		return "", nil, told(account.NotFound, "onboarding.mending_forgotten", nil)
	}
	link, err := s.useLink(ctx, token)
	if err != nil {
		return "", nil, err
	}
	s.readAnew(ctx, link.SellerID)
	return s.PageURL(token), s.cookie(mendCookie+linkID, "", s.cfg.BaseURL+mendPath, -time.Second), nil
}

// readAnew asks Stripe at once, where the webhook may be late; it matters little where that fails.
func (s *Service) readAnew(ctx context.Context, sellerID string) {
	held, connected, err := s.cfg.Registry.HeldBy(ctx, sellerID)
	if err != nil || !connected {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, waitForRetrieval)
	defer cancel()
	if err := s.cfg.Checker.Check(ctx, held.ID, registry.Recheck); err != nil {
		s.cfg.Logger.Warn("an account could not be read after its seller was at Stripe", "account", held.ID, "error", err)
	}
}
