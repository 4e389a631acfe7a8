package onboarding

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/db"
)

const (
	stateLife  = 10 * time.Minute
	cookieLife = 24 * time.Hour // so that a reload of the way back is still answered
)

// Departure sends the seller's browser to Stripe, with the cookie that it must bring back.
type Departure struct {
	URL    string
	Cookie *http.Cookie
}

// Depart makes an OAuth state for the link's seller, bound to the browser by a cookie of its own: two tabs don't disturb
// each other. It fails as Page does.
func (s *Service) Depart(ctx context.Context, token string) (Departure, error) {
	link, err := s.useLink(ctx, token)
	if err != nil {
		return Departure{}, err
	}
	state, browser, now := newToken(), newToken(), s.now()
	err = s.cfg.Queries.InsertState(ctx, db.InsertStateParams{
		StateHash: hash(state), SellerID: link.SellerID, LinkID: &link.ID, BrowserHash: hash(browser),
		CreatedAt: now, ExpiresAt: now.Add(stateLife),
	})
	if err != nil {
		return Departure{}, fmt.Errorf("store an OAuth state of seller %s: %w", link.SellerID, err)
	}
	return Departure{
		URL:    s.cfg.Stripe.AuthorizeURL(state, s.redirectURI()),
		Cookie: s.stateCookie(state, browser+"."+token),
	}, nil
}

// stateCookie holds the browser's secret and, since only its hash is stored, the link's token for the way back. Lax: Stripe
// sends the browser back by a top-level GET.
func (s *Service) stateCookie(state, value string) *http.Cookie {
	path := "/"
	if u, err := url.Parse(s.redirectURI()); err == nil {
		path = u.Path
	}
	return &http.Cookie{
		Name: cookieName(state), Value: value, Path: path, MaxAge: int(cookieLife / time.Second), HttpOnly: true,
		Secure: strings.HasPrefix(s.cfg.BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

func cookieName(state string) string {
	return "connectd_state_" + hex.EncodeToString(hash(state)[:8])
}
