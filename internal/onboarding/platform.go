package onboarding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/stripeapi"
)

// PlatformState is an OAuth state for a platform that owns its redirect page. The platform binds it to its own session.
type PlatformState struct {
	State        string
	AuthorizeURL string
	ExpiresAt    time.Time
}

// CreateState makes a state whose way back leads to redirectURI, of one of the allowed origins. connectd's own callback
// refuses it. What is wrong is an account.Error that names the field.
func (s *Service) CreateState(ctx context.Context, sellerID, redirectURI string) (PlatformState, error) {
	if err := account.CheckSellerID(sellerID); err != nil {
		return PlatformState{}, err
	}
	if err := s.checkRedirectURI(redirectURI); err != nil {
		return PlatformState{}, err
	}
	if err := s.cfg.Registry.EnsureSeller(ctx, sellerID, ""); err != nil {
		return PlatformState{}, err
	}
	state, now := newToken(), s.now()
	params := db.InsertPlatformStateParams{
		StateHash: hash(state), SellerID: sellerID, RedirectUri: &redirectURI, CreatedAt: now, ExpiresAt: now.Add(stateLife),
	}
	if err := s.cfg.Queries.InsertPlatformState(ctx, params); err != nil {
		return PlatformState{}, fmt.Errorf("store an OAuth state of seller %s: %w", sellerID, err)
	}
	return PlatformState{
		State: state, AuthorizeURL: s.cfg.Stripe.AuthorizeURL(state, redirectURI), ExpiresAt: params.ExpiresAt,
	}, nil
}

// checkRedirectURI refuses what Stripe would not redirect to (a URI with a fragment: RFC 6749, 3.1.2), and where the code
// would reach nobody.
func (s *Service) checkRedirectURI(address string) error {
	switch {
	case !s.mayReturnTo(address):
		return account.InvalidField("redirect_uri", "the URI is not of an origin in CONNECTD_RETURN_ORIGINS, nor of BASE_URL's")
	case strings.Contains(address, "#"):
		return account.InvalidField("redirect_uri", "a redirect URI has no fragment: leave out # and what follows it")
	case s.isOwnCallback(address):
		return account.InvalidField("redirect_uri", "this is connectd's own callback: give a page of the platform's, "+
			"or make a link (POST /v1/onboarding-links)")
	}
	return nil
}

func (s *Service) isOwnCallback(address string) bool {
	given, err := url.Parse(address)
	own, ownErr := url.Parse(s.redirectURI())
	return err == nil && ownErr == nil && originOf(address) == originOf(s.redirectURI()) && given.Path == own.Path
}

// Verification is what a platform that owns its redirect page learns of the account that its seller has connected.
type Verification struct {
	// Account is Stripe's object, without what is personal.
	Account     map[string]json.RawMessage
	Facts       account.Facts
	AccountID   string
	Livemode    bool
	Scope       string
	AllowUnlink bool
}

// VerifyByState exchanges the code for the state's seller, or answers as the first time; within 24 hours. An unknown state,
// or one used with another code, is account.Invalid; the rest as VerifyBySeller.
func (s *Service) VerifyByState(ctx context.Context, code, state string) (Verification, error) {
	row, err := s.cfg.Queries.State(ctx, hash(state))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.RedirectUri == nil {
		return Verification{}, account.InvalidField("state", "This state was not made for a redirect page of the platform's.")
	}
	if err != nil {
		return Verification{}, fmt.Errorf("read an OAuth state: %w", err)
	}
	if err := s.useState(ctx, row, hash(code)); err != nil {
		return Verification{}, err
	}
	return s.VerifyBySeller(ctx, code, row.SellerID)
}

// VerifyBySeller exchanges the code for the seller, once, whoever asks and however often, and retrieves the account. A code
// that Stripe refuses and an account of the other mode are account.Invalid; an account or a code of another seller, and a
// second account while one is connected, account.Conflict; no answer of Stripe's is account.Unanswered.
func (s *Service) VerifyBySeller(ctx context.Context, code, sellerID string) (Verification, error) {
	if err := account.CheckSellerID(sellerID); err != nil {
		return Verification{}, err
	}
	answer, err := s.connect(ctx, code, sellerID)
	if err != nil {
		return Verification{}, err
	}
	if s.now().Sub(answer.CreatedAt) > answeredAgain {
		return Verification{}, account.InvalidField("code", "This code was used more than a day ago.")
	}
	return s.verification(ctx, answer)
}

// answeredAgain is how long the same call is answered as it was the first time.
const answeredAgain = 24 * time.Hour

func (s *Service) verification(ctx context.Context, answer db.OauthCode) (Verification, error) {
	found, raw, err := s.cfg.Stripe.AccountObject(ctx, *answer.AccountID)
	if err != nil {
		return Verification{}, unretrieved(err)
	}
	ready, err := s.cfg.Registry.Readiness(ctx, answer.SellerID)
	if err != nil {
		return Verification{}, err
	}
	v := Verification{
		Facts: found.Facts, AccountID: found.AccountID, Livemode: *answer.Livemode, Scope: client.Text(answer.Scope),
		AllowUnlink: ready.AllowUnlink,
	}
	v.Account, err = impersonal(raw)
	return v, err
}

func unretrieved(err error) error {
	switch stripeapi.KindOf(err) {
	case stripeapi.AccountGone:
		return account.Errorf(account.Conflict, "The account is not connected any more.")
	case "":
		return err
	}
	return account.Errorf(account.Unanswered, "The account is connected, but Stripe did not show it; please ask again.")
}

// personal are the parts of Stripe's account object that are about people.
var personal = []string{"individual", "company", "external_accounts", "tos_acceptance", "email"}

func impersonal(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("read an account object: %w", err)
	}
	maps.DeleteFunc(object, func(part string, _ json.RawMessage) bool { return slices.Contains(personal, part) })
	return object, nil
}
