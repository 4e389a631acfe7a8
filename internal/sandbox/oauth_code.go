package sandbox

import "time"

// codeLife is how long an authorization code can be exchanged (docs.stripe.com/connect/oauth-reference: five minutes).
const codeLife = 5 * time.Minute

// authorizationCode is what a seller's grant gives to the platform. Guarded by the state's lock, replaced whole.
type authorizationCode struct {
	Code     string    `json:"code"`
	Platform string    `json:"platform"`
	Account  string    `json:"account"`
	Scope    string    `json:"scope"`
	Expires  time.Time `json:"expires"`
	Used     bool      `json:"used,omitempty"`
}

func (tx *transaction) issueCode(p *platform, accountID, scope string) string {
	c := authorizationCode{
		Code: "ac_" + randomText(32), Platform: p.Account, Account: accountID, Scope: scope,
		Expires: tx.now.Add(codeLife),
	}
	tx.change.Codes = append(tx.change.Codes, c)
	return c.Code
}
