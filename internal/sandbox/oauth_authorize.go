package sandbox

import (
	"net/http"
	"net/url"
	"slices"
)

// deny is the persona of a seller who does not want to connect.
const deny = "deny"

// authorization is a platform's wish to be connected, as its seller's browser brings it.
type authorization struct {
	Platform    *platform
	RedirectURI *url.URL
	State       string
	Scope       string
	Type        accountType
	Query       url.Values
}

// readAuthorization refuses with a page what can't be answered by a redirect: a wrong client or a wrong way back.
func (tx *transaction) readAuthorization(r *http.Request, kind accountType) (*authorization, error) {
	query := r.URL.Query()
	p := tx.platformWhere(func(p *platform) bool { return p.ClientID == query.Get("client_id") })
	if p == nil {
		return nil, badRequest("", "client_id", "No application matches the supplied client identifier")
	}
	if p.OAuthOff {
		return nil, badRequest("", "", "%s OAuth is disabled for this Stripe Connect integration.", kind.title())
	}
	back := query.Get("redirect_uri")
	if back == "" {
		return nil, badRequest("", "redirect_uri", "No redirect URI is set: give one as redirect_uri")
	}
	u, err := url.Parse(back)
	if err != nil || !isWebURL(back) || u.Fragment != "" {
		return nil, badRequest("", "redirect_uri", "Invalid redirect URI '%s': it must be http or https, without a fragment", back)
	}
	a := &authorization{
		Platform: p, RedirectURI: u, State: query.Get("state"), Scope: query.Get("scope"), Type: kind, Query: query,
	}
	if a.Scope == "" {
		a.Scope = kind.usualScope()
	}
	return a, nil
}

// usualScope is granted where none was asked for. The guide to Express asks for none and is answered "express"
// (docs.stripe.com/connect/oauth-express-accounts).
func (t accountType) usualScope() string {
	if t == express {
		return "express"
	}
	return "read_only"
}

func (t accountType) title() string {
	if t == express {
		return "Express"
	}
	return "Standard"
}

// authorize answers a seller's browser: with the page, or at once where the query says what the seller does.
func (s *Sandbox) authorize(kind accountType) endpoint {
	return func(r *http.Request, requestID string) *response {
		var result *response
		err := s.state.update(func(tx *transaction) error {
			a, err := tx.readAuthorization(r, kind)
			if err != nil {
				return err
			}
			result, err = tx.decide(a)
			return err
		})
		if err != nil {
			return s.errorResponse(err, requestID)
		}
		return result
	}
}

func (tx *transaction) decide(a *authorization) (*response, error) {
	if refused := a.refuse(); refused != nil {
		return a.turnedAway(refused), nil
	}
	switch chosen, id := a.Query.Get("persona"), a.Query.Get("account"); {
	case chosen == deny:
		return a.turnedAway(&oauthError{code: "access_denied", description: "The user denied your request"}), nil
	case id != "":
		return tx.grantExisting(a, id)
	case chosen != "":
		return tx.grantNew(a, chosen)
	default:
		return tx.grantPage(a)
	}
}

// refuse finds what the platform has got wrong and can be told.
func (a *authorization) refuse() *oauthError {
	if asked := a.Query.Get("response_type"); asked != "code" && (asked != "" || a.Type != express) { // that guide sends none
		return &oauthError{code: "unsupported_response_type", description: "response_type must be 'code'"}
	}
	if !slices.Contains([]string{"read_only", "read_write", a.Type.usualScope()}, a.Scope) {
		return &oauthError{code: "invalid_scope", description: "scope must be read_only or read_write"}
	}
	return nil
}

// grantNew connects an account that is made for it: each grant makes another.
func (tx *transaction) grantNew(a *authorization, name string) (*response, error) {
	p, ok := personaNamed(name)
	if !ok {
		return nil, badRequest("", "persona", "No persona is called '%s'", name)
	}
	acct := account{ID: newAccountID(), Persona: p, Type: a.Type, Created: tx.now.Unix()}
	tx.putAccount(acct)
	return a.granted(tx.issueCode(a.Platform, acct.ID, a.Scope)), nil
}

func (tx *transaction) grantExisting(a *authorization, id string) (*response, error) {
	acct := tx.accounts[id]
	if acct == nil || acct.Deleted {
		return nil, badRequest("resource_missing", "account", "No such account: '%s'", id)
	}
	return a.granted(tx.issueCode(a.Platform, id, a.Scope)), nil
}

func (a *authorization) granted(code string) *response {
	return a.back(url.Values{"scope": {a.Scope}, "code": {code}})
}

func (a *authorization) turnedAway(e *oauthError) *response {
	return a.back(url.Values{"error": {e.code}, "error_description": {e.description}})
}

// back sends the browser to the platform, with its state and whatever its URI has in the query already.
func (a *authorization) back(with url.Values) *response {
	to := *a.RedirectURI
	query := to.Query()
	for name, texts := range with {
		query[name] = texts
	}
	if a.Query.Has("state") {
		query.Set("state", a.State)
	}
	to.RawQuery = query.Encode()
	return redirectResponse(to.String())
}
