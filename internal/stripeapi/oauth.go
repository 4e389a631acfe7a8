package stripeapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/stripe/stripe-go/v76"

	"github.com/connectd/connectd/internal/account"
)

// Grant is what a seller granted, without its tokens: the platform's own key does all that connectd needs.
type Grant struct {
	AccountID string
	Livemode  bool
	Scope     string
	TokenType string
	Interval  account.Interval
	RequestID string
}

// AuthorizeURL is where a seller's browser goes to grant access (docs.stripe.com/connect/oauth-reference#get-authorize).
// It is built here because stripe-go's can only name Stripe's own host.
func (c *Client) AuthorizeURL(state, redirectURI string) string {
	query := url.Values{
		"response_type": {"code"},
		"client_id":     {c.cfg.ClientID},
		"scope":         {"read_write"},
		"redirect_uri":  {redirectURI},
		"state":         {state},
	}
	return c.cfg.ConnectBase + "/oauth/authorize?" + query.Encode()
}

// Exchange presents an authorization code, once: whatever comes of it, the same code must never be presented again, since
// Stripe then revokes all that it granted. A code that Stripe does not take is Refused, with Stripe's message; after an
// Unreachable nobody knows whether it was taken.
func (c *Client) Exchange(ctx context.Context, code string) (Grant, error) {
	const op = "exchange an authorization code"
	res, err := c.call(ctx, request{
		op: op, backend: c.connect, method: http.MethodPost, path: "/oauth/token",
		params: &stripe.OAuthTokenParams{
			ClientSecret: stripe.String(string(c.key())),
			Code:         stripe.String(code),
			GrantType:    stripe.String("authorization_code"),
		},
		secrets: []Secret{Secret(code)},
	})
	if err != nil {
		return Grant{}, err
	}
	token, err := decode[tokenAnswer](res, op)
	if err != nil {
		return Grant{}, err
	}
	if token.AccountID == "" {
		return Grant{}, unreadable(op, res)
	}
	return Grant{
		AccountID: token.AccountID, Livemode: token.Livemode, Scope: token.Scope, TokenType: token.TokenType,
		Interval: res.interval, RequestID: res.requestID,
	}, nil
}

// tokenAnswer leaves the tokens where they are (docs.stripe.com/connect/oauth-reference#post-token-response).
type tokenAnswer struct {
	AccountID string `json:"stripe_user_id"`
	Livemode  bool   `json:"livemode"`
	Scope     string `json:"scope"`
	TokenType string `json:"token_type"`
}

// Deauthorize ends the platform's access to an account and returns when. An account that is not connected is done already.
func (c *Client) Deauthorize(ctx context.Context, accountID string) (account.Interval, error) {
	res, err := c.call(ctx, request{
		op: "deauthorize account " + accountID, backend: c.connect, method: http.MethodPost, path: "/oauth/deauthorize",
		params: &stripe.DeauthorizeParams{
			ClientID:     stripe.String(c.cfg.ClientID),
			StripeUserID: stripe.String(accountID),
		},
	})
	if err == nil {
		return res.interval, nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "invalid_client" {
		return c.confirmGone(ctx, accountID, e)
	}
	return account.Interval{}, err
}

// confirmGone looks whether the account is gone: invalid_client is also said of a client id that is not the key's
// (docs.stripe.com/connect/oauth-reference#post-deauthorize-errors), and then the account is connected still.
func (c *Client) confirmGone(ctx context.Context, accountID string, refusal *Error) (account.Interval, error) {
	_, err := c.Account(ctx, accountID)
	if gone, ok := errors.AsType[*Error](err); ok && gone.Kind == AccountGone {
		return gone.Interval, nil
	}
	if err != nil {
		return account.Interval{}, err
	}
	return account.Interval{}, refusal
}
