package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

// linkLife is how long an account link can be opened, once (docs.stripe.com/api/account_links: "expire quickly").
const linkLife = 5 * time.Minute

func linkOperations() []operation {
	return []operation{
		{method: http.MethodPost, path: "/v1/account_links", run: createAccountLink},
		{method: http.MethodPost, path: "/v1/accounts/{id}/login_links", run: createLoginLink},
	}
}

// accountLink is a way for a seller into Stripe's onboarding. Guarded by the state's lock, replaced whole.
type accountLink struct {
	Token      string    `json:"token"`
	Account    string    `json:"account"`
	RefreshURL string    `json:"refresh_url"`
	ReturnURL  string    `json:"return_url"`
	Expires    time.Time `json:"expires"`
}

type linkObject struct {
	Object    string `json:"object"`
	Created   int64  `json:"created"`
	ExpiresAt int64  `json:"expires_at,omitempty"`
	URL       string `json:"url"`
}

func createAccountLink(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	a, err := tx.connectedAccount(req, req.form.value("account"))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"refresh_url", "return_url"} {
		if req.form.field(name) == nil {
			return nil, missingParameter(name)
		}
		if !isWebURL(req.form.value(name)) {
			return nil, badRequest("url_invalid", name, "Not a valid URL")
		}
	}
	if req.form.value("type") == "account_update" && a.Type != custom {
		return nil, badRequest("", "type", "You cannot create account update type Account Links for this account. You can only "+
			"create them for accounts of type `custom`.")
	}
	link := accountLink{
		Token: randomText(24), Account: a.ID, RefreshURL: req.form.value("refresh_url"),
		ReturnURL: req.form.value("return_url"), Expires: tx.now.Add(linkLife),
	}
	tx.change.Links = append(tx.change.Links, link)
	return encode(linkObject{
		Object: "account_link", Created: tx.now.Unix(), ExpiresAt: link.Expires.Unix(),
		URL: req.origin + onboardingPath + a.ID + "/" + link.Token,
	})
}

func createLoginLink(tx *transaction, req *apiRequest) (json.RawMessage, error) {
	a, err := tx.connectedAccount(req, req.pathID)
	if err != nil {
		return nil, err
	}
	if a.Type != express {
		return nil, badRequest("", "account", "Cannot create a login link for an account that is not an Express account.")
	}
	return encode(linkObject{
		Object: "login_link", Created: tx.now.Unix(), URL: req.origin + expressPath + a.ID + "/" + randomText(12),
	})
}
