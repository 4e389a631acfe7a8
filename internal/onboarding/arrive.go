package onboarding

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/words"
)

// Arrival is what became of a seller's way back from Stripe.
type Arrival struct {
	// Location is where the browser goes on to; "" where Denied.
	Location string
	// Denied: the seller did not grant access. PageURL leads back to the seller's page, ReturnURL to the platform or is "".
	Denied             bool
	PageURL, ReturnURL string
}

// ArrivalError is a way back that did not end in a connection, where the seller's page is known: it leads on from there.
type ArrivalError struct {
	Err     error
	PageURL string
	// Account is what the seller holds all the same, or nil.
	Account *client.Account
}

func (e *ArrivalError) Error() string { return e.Err.Error() }

// Unwrap returns the account.Error, or what went wrong inside.
func (e *ArrivalError) Unwrap() error { return e.Err }

// Arrive takes the query of Stripe's redirect and the browser's cookies, exchanges the code and connects the account. Its
// errors are account.Errors for the seller (Invalid, Conflict, Unanswered; Expired where the link was revoked meanwhile), in
// an ArrivalError once the seller's page is known.
func (s *Service) Arrive(ctx context.Context, query url.Values, cookie func(name string) string) (Arrival, error) {
	t, err := s.recognize(ctx, query.Get("state"), cookie)
	if err != nil {
		return Arrival{}, err
	}
	arrival, err := s.arrive(ctx, t, query)
	if err != nil {
		return Arrival{}, s.arrivalError(ctx, t, err)
	}
	return arrival, nil
}

func (s *Service) arrivalError(ctx context.Context, t traveller, err error) error {
	e := &ArrivalError{Err: err, PageURL: s.PageURL(t.token)}
	if held, connected, heldErr := s.cfg.Registry.HeldBy(ctx, t.state.SellerID); connected && heldErr == nil {
		e.Account = &held.Account
	}
	if e.Account != nil && errors.Is(err, ErrUnfinished) {
		e.Err = errUnheard
	}
	return e
}

// traveller is a browser that has come back with a state of its own.
type traveller struct {
	state     db.OauthState
	token     string
	returnURL string
}

func (s *Service) recognize(ctx context.Context, state string, cookie func(string) string) (traveller, error) {
	if state == "" {
		return traveller{}, toldOf("state", "onboarding.no_state", nil)
	}
	row, err := s.cfg.Queries.State(ctx, hash(state))
	if errors.Is(err, pgx.ErrNoRows) {
		return traveller{}, toldOf("state", "onboarding.unknown_state", nil)
	}
	if err != nil {
		return traveller{}, fmt.Errorf("read an OAuth state: %w", err)
	}
	if row.LinkID == nil {
		return traveller{}, ErrPlatformsState
	}
	browser := cookie(cookieName(state))
	if !bytes.Equal(hash(browser), row.BrowserHash) {
		return traveller{}, errOtherBrowser()
	}
	if row.SealedToken == nil { // from before migration 00008
		return traveller{}, toldOf("state", "onboarding.renewed", nil)
	}
	token, err := unseal(row.SealedToken, browser)
	if err != nil {
		return traveller{}, errOtherBrowser()
	}
	link, err := s.cfg.Queries.Link(ctx, *row.LinkID)
	if err != nil {
		return traveller{}, fmt.Errorf("read link %s: %w", *row.LinkID, err)
	}
	if link.RevokedAt != nil {
		return traveller{}, told(account.Expired, "onboarding.link_revoked", nil)
	}
	return traveller{state: row, token: token, returnURL: client.Text(link.ReturnUrl)}, nil
}

// ErrPlatformsState says that the state was made for a redirect page of the platform's own, to which Stripe should have led.
var ErrPlatformsState = toldOf("state", "onboarding.platforms_state", nil)

func errOtherBrowser() error {
	return toldOf("state", "onboarding.other_browser", nil)
}

const longestCode = 1024 // bytes; Stripe's have 35

func (s *Service) arrive(ctx context.Context, t traveller, query url.Values) (Arrival, error) {
	if refusal := query.Get("error"); refusal != "" {
		return s.refused(ctx, t, refusal, query.Get("error_description"))
	}
	code := query.Get("code")
	if code == "" {
		return Arrival{}, toldOf("code", "onboarding.no_code", nil)
	}
	if len(code) > longestCode {
		return Arrival{}, toldOf("code", "onboarding.odd_code", nil)
	}
	if err := s.useState(ctx, t.state, hash(code)); err != nil {
		return Arrival{}, err
	}
	if _, err := s.connect(ctx, code, t.state.SellerID); err != nil {
		return Arrival{}, err
	}
	return s.goOn(ctx, t)
}

// refused: Stripe sends access_denied where the seller said no (docs.stripe.com/connect/oauth-reference). Told again, by a
// reload, it is the same answer.
func (s *Service) refused(ctx context.Context, t traveller, code, description string) (Arrival, error) {
	if code != "access_denied" {
		return Arrival{}, told(account.Invalid, "onboarding.stripes_error", words.Args{"Message": legible(orText(description, code))})
	}
	if err := s.useState(ctx, t.state, nil); err != nil {
		return Arrival{}, err
	}
	back, err := s.wayBack(ctx, t.returnURL, t.state.SellerID, "denied")
	if err != nil {
		return Arrival{}, err
	}
	return Arrival{Denied: true, PageURL: s.PageURL(t.token), ReturnURL: back}, nil
}

// useState binds the state to the code, or with none to a denial. A used one answers the same once more, and nothing else.
func (s *Service) useState(ctx context.Context, state db.OauthState, codeHash []byte) error {
	n, err := s.cfg.Queries.UseState(ctx, db.UseStateParams{StateHash: state.StateHash, CodeHash: codeHash, At: s.now()})
	switch {
	case err != nil:
		return fmt.Errorf("use an OAuth state: %w", err)
	case n == 1:
		return nil
	case state.UsedAt == nil && !state.ExpiresAt.After(s.now()):
		return toldOf("state", "onboarding.too_late", nil)
	}
	return toldOf("state", "onboarding.state_used", nil)
}

// goOn leads to the platform or, where it has not said whereto, to the seller's page.
func (s *Service) goOn(ctx context.Context, t traveller) (Arrival, error) {
	back, err := s.wayBackNow(ctx, t.returnURL, t.state.SellerID)
	if err != nil {
		return Arrival{}, err
	}
	page := s.PageURL(t.token)
	return Arrival{Location: orText(back, page), PageURL: page, ReturnURL: back}, nil
}

// legible is text of an address, where anything may stand, as a page and a log can show it.
func legible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
