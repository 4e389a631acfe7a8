package onboarding

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/words"
)

const stateLife = 10 * time.Minute

// Departure sends the seller's browser to Stripe, with the cookie that it must bring back.
type Departure struct {
	URL    string
	Cookie *http.Cookie
}

// Depart makes an OAuth state for the link's seller, bound to the browser by a cookie of its own: two tabs don't disturb
// each other. A link that connectd mails is account.Forbidden: whoever has the mail could connect an account of their own as the
// seller. Where Stripe would turn the seller away (OAuth is switched off, say) it is account.Conflict: from Stripe's own
// error page there is no way back. Else it fails as Page does.
func (s *Service) Depart(ctx context.Context, token string) (Departure, error) {
	link, err := s.useLink(ctx, token)
	if err != nil {
		return Departure{}, err
	}
	if !link.MayUnlink { // it was mailed, and mail is forwarded
		return Departure{}, told(account.Forbidden, "onboarding.link_cannot_connect", nil)
	}
	if err := s.checkOpen(ctx); err != nil {
		return Departure{}, err
	}
	state, browser, now := newToken(), newToken(), s.now()
	sealed, err := seal(token, browser)
	if err != nil {
		return Departure{}, fmt.Errorf("seal the token of link %s: %w", link.ID, err)
	}
	err = s.cfg.Queries.InsertState(ctx, db.InsertStateParams{
		StateHash: hash(state), SellerID: link.SellerID, LinkID: &link.ID, BrowserHash: hash(browser),
		SealedToken: sealed, CreatedAt: now, ExpiresAt: now.Add(stateLife),
	})
	if err != nil {
		return Departure{}, fmt.Errorf("store an OAuth state of seller %s: %w", link.SellerID, err)
	}
	return Departure{
		URL:    s.cfg.Stripe.AuthorizeURL(state, s.redirectURI()),
		Cookie: s.stateCookie(state, browser),
	}, nil
}

// checkOpen asks whether Stripe would take the seller. Where Stripe does not answer, or something before it refuses us with
// other words than Stripe's own, the browser still may reach it.
func (s *Service) checkOpen(ctx context.Context) error {
	err := s.cfg.Stripe.CheckAuthorize(ctx, s.redirectURI())
	e, ok := errors.AsType[*stripeapi.Error](err)
	if !ok || e.Kind != stripeapi.Refused || e.Message == "" || e.HTTPStatus == http.StatusTooManyRequests {
		return nil
	}
	s.cfg.Logger.Error("Stripe turns sellers away", "error", err)
	return told(account.Conflict, "onboarding.turned_away", words.Args{"Message": strings.TrimSuffix(e.Message, ".") + "."})
}
