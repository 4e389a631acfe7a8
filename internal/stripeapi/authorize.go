package stripeapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
)

const longestRefusal = 64 << 10 // bytes that are read of a page which refuses

// CheckAuthorize asks for the page that sellers are sent to and returns Stripe's refusal, if it refuses: OAuth is switched
// off, the client id is unknown, or the redirect URI is not registered. A page that asks for a sign-in first says nothing.
func (c *Client) CheckAuthorize(ctx context.Context, redirectURI string) error {
	const op = "open the OAuth page"
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.AuthorizeURL("check", redirectURI), http.NoBody)
	if err != nil {
		return &Error{Kind: Refused, Op: op, Err: err}
	}
	browser := http.Client{Transport: c.idle[0], CheckRedirect: noRedirect}
	res, err := browser.Do(req)
	if err != nil {
		return &Error{Kind: Unreachable, Op: op, Err: err}
	}
	defer res.Body.Close()
	if res.StatusCode < http.StatusBadRequest {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, longestRefusal))
	refused := &Error{Kind: Refused, Op: op, HTTPStatus: res.StatusCode, Message: refusalOf(body)}
	if res.StatusCode >= http.StatusInternalServerError {
		refused.Kind = Unreachable
	}
	return refused
}

// noAccount is an id that Stripe gives to no account.
const noAccount = "acct_0000000000000000"

// CheckClientID looks whether the client id is the key's own platform's, of the key's mode, and returns Stripe's refusal where
// it is another's. The page of OAuth can't tell, since it is opened without a key. What tells is the disconnection of an
// account that there is not: Stripe refuses it as invalid_client in both cases
// (docs.stripe.com/connect/oauth-reference#post-deauthorize-errors), and names the account only where the client id is right
// ("This application is not connected to stripe account acct_…, or that account does not exist."). Any other answer says nothing.
func (c *Client) CheckClientID(ctx context.Context) error {
	_, err := c.call(ctx, request{
		op: "look whose STRIPE_OAUTH_CLIENT_ID is", backend: c.connect, method: http.MethodPost, path: "/oauth/deauthorize",
		params: &stripe.DeauthorizeParams{ClientID: stripe.String(c.cfg.ClientID), StripeUserID: stripe.String(noAccount)},
	})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != "invalid_client" || strings.Contains(e.Message, noAccount) {
		return nil
	}
	return e
}

// refusalOf reads either of the two forms in which Stripe refuses.
func refusalOf(body []byte) string {
	var inAPIForm struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	var inOAuthForm struct {
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &inAPIForm)
	_ = json.Unmarshal(body, &inOAuthForm)
	if inOAuthForm.Description != "" {
		return inOAuthForm.Description
	}
	return inAPIForm.Error.Message
}

// ClockSkew is how far Stripe's clock is ahead of now: what an answer's Date says, as near as its whole seconds tell.
func (p Platform) ClockSkew(now time.Time) time.Duration {
	switch {
	case now.Before(p.Interval.From):
		return p.Interval.From.Sub(now)
	case now.After(p.Interval.To.Add(time.Second)):
		return p.Interval.To.Add(time.Second).Sub(now)
	}
	return 0
}
