package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func (s *Sandbox) routeOAuth(mux *http.ServeMux) {
	mux.Handle("GET /oauth/authorize", s.stripe(s.authorize(standard)))
	mux.Handle("GET /express/oauth/authorize", s.stripe(s.authorize(express)))
	mux.Handle("POST /oauth/token", s.stripe(s.oauth(tokenRequest)))
	mux.Handle("POST /oauth/deauthorize", s.stripe(s.oauth(deauthorizeRequest)))
	unknown := s.stripe(func(r *http.Request, requestID string) *response {
		return s.errorResponse(unrecognizedURL(r), requestID)
	})
	mux.Handle("/oauth/", unknown)
	mux.Handle("/express/", unknown)
}

// oauthRequest is a platform's request to OAuth. A verdict and a change go together here: a code that is presented
// again is refused and has an effect.
type oauthRequest func(*transaction, *platform, *parameter) (json.RawMessage, *oauthError, error)

// oauth answers a platform's request. Idempotency-Key means nothing here, so that a client that sends a code again
// meets what Stripe does to it.
func (s *Sandbox) oauth(serve oauthRequest) endpoint {
	return func(r *http.Request, requestID string) *response {
		form, err := readForm(r)
		if err != nil {
			return s.oauthErrorResponse(err, requestID)
		}
		key := form.value("client_secret")
		if key == "" {
			key = presentedKey(r)
		}
		var body json.RawMessage
		var refused *oauthError
		err = s.state.update(func(tx *transaction) error {
			p, err := tx.oauthClient(key)
			if err != nil {
				return err
			}
			body, refused, err = serve(tx, p, form)
			return err
		})
		if err != nil {
			return s.oauthErrorResponse(err, requestID)
		}
		if refused != nil {
			return refused.response()
		}
		return jsonResponse(http.StatusOK, body)
	}
}

func (tx *transaction) oauthClient(key string) (*platform, error) {
	if key == "" {
		return nil, invalidClient("No authentication was provided. Send your secret API key using the Authorization " +
			"header, or as a client_secret POST parameter.")
	}
	p, err := tx.platformOf(key)
	if err != nil {
		return nil, invalidClient("Invalid API Key provided: " + masked(key))
	}
	return p, nil
}

// tokenObject is what a platform gets for a code. The key of the connected account is not kept: this sandbox takes
// platforms' own keys with Stripe-Account, as Stripe advises (docs.stripe.com/connect/authentication).
type tokenObject struct {
	AccessToken          string `json:"access_token"`
	Livemode             bool   `json:"livemode"`
	RefreshToken         string `json:"refresh_token"`
	TokenType            string `json:"token_type"`
	StripePublishableKey string `json:"stripe_publishable_key"`
	StripeUserID         string `json:"stripe_user_id"`
	Scope                string `json:"scope"`
}

func tokenRequest(tx *transaction, p *platform, form *parameter) (json.RawMessage, *oauthError, error) {
	switch form.value("grant_type") {
	case "authorization_code":
	case "":
		return nil, invalidOAuthRequest("No grant type specified"), nil
	default:
		description := fmt.Sprintf("Grant type '%s' is not supported here", form.value("grant_type"))
		return nil, &oauthError{http.StatusBadRequest, "unsupported_grant_type", description}, nil
	}
	if form.value("code") == "" {
		return nil, invalidOAuthRequest("No authorization code was given: send it as code"), nil
	}
	c := tx.codes[form.value("code")]
	if c == nil {
		return nil, invalidGrant("Authorization code does not exist: " + form.value("code")), nil
	}
	if refused := tx.refuseCode(p, c); refused != nil {
		return nil, refused, nil
	}
	return tx.exchange(p, c)
}

func (tx *transaction) refuseCode(p *platform, c *authorizationCode) *oauthError {
	switch {
	case c.Platform != p.Account:
		return invalidGrant("Authorization code was not issued to this platform")
	case c.Used:
		return tx.revoke(p, c)
	case !tx.now.Before(c.Expires):
		return invalidGrant("Authorization code has expired")
	case tx.accounts[c.Account] == nil || tx.accounts[c.Account].Deleted:
		return invalidGrant("The account that granted this authorization code is gone")
	}
	return nil
}

// revoke takes back all that the code has granted, as Stripe does with one that is presented again; the words are
// Stripe's own, which clients match. The platform is told as of any other disconnection: the API reference has
// account.application.deauthorized sent whenever an application loses an account and names no exception.
func (tx *transaction) revoke(p *platform, c *authorizationCode) *oauthError {
	if a := tx.accounts[c.Account]; a != nil && a.connectedTo(p.Account) {
		tx.disconnect(a, p)
	}
	return invalidGrant("This authorization code has already been used. All tokens issued with this code have been revoked.")
}

func (tx *transaction) exchange(p *platform, c *authorizationCode) (json.RawMessage, *oauthError, error) {
	used := *c
	used.Used = true
	tx.change.Codes = append(tx.change.Codes, used)
	a := tx.accounts[c.Account]
	if !a.connectedTo(p.Account) {
		tx.connect(a, p)
	}
	mode := "test"
	if a.Livemode {
		mode = "live"
	}
	body, err := encode(tokenObject{
		AccessToken: "sk_" + mode + "_" + randomText(32), Livemode: a.Livemode, RefreshToken: "rt_" + randomText(32),
		TokenType: "bearer", StripePublishableKey: "pk_" + mode + "_" + randomText(32), StripeUserID: a.ID, Scope: c.Scope,
	})
	return body, nil, err
}

type deauthorizedObject struct {
	StripeUserID string `json:"stripe_user_id"`
}

func deauthorizeRequest(tx *transaction, p *platform, form *parameter) (json.RawMessage, *oauthError, error) {
	for _, name := range []string{"client_id", "stripe_user_id"} {
		if form.value(name) == "" {
			return nil, invalidOAuthRequest("No " + name + " was given"), nil
		}
	}
	if form.value("client_id") != p.ClientID {
		return nil, invalidClient("No application of this platform matches the supplied client identifier"), nil
	}
	id := form.value("stripe_user_id")
	a := tx.accounts[id]
	if a == nil || a.Deleted || !a.connectedTo(p.Account) {
		return nil, invalidClient(fmt.Sprintf(
			"This application is not connected to stripe account %s, or that account does not exist.", id)), nil
	}
	tx.disconnect(a, p)
	body, err := encode(deauthorizedObject{StripeUserID: id})
	return body, nil, err
}
