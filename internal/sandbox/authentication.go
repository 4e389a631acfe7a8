package sandbox

import "strings"

// authenticate finds whose key was presented and which account the request is about: the one that Stripe-Account names,
// else the platform's own.
func (tx *transaction) authenticate(req *apiRequest) error {
	p, err := tx.platformOf(req.key)
	if err != nil {
		return err
	}
	req.platform = p
	if req.accountHeader == "" || req.accountHeader == p.Account {
		req.acting = p.ownAccount()
		return nil
	}
	req.acting, err = tx.connectedAccount(req, req.accountHeader)
	return err
}

func (tx *transaction) platformOf(key string) (*platform, error) {
	if key == "" {
		return nil, unauthorized("You did not provide an API key. You need to provide your API key in the Authorization " +
			"header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	}
	if p := tx.platformWhere(func(p *platform) bool { return p.Key == key }); p != nil {
		return p, nil
	}
	if restricted := tx.keys[key]; restricted != nil {
		return tx.platform(restricted.Platform), nil
	}
	if strings.Contains(key, "_live_") {
		return nil, unauthorized("This is a sandbox: it takes no live key, and you should not send it one. You sent " + masked(key))
	}
	return nil, unauthorized("Invalid API Key provided: " + masked(key))
}

// connectedAccount is the account where the request may be about it: an account itself has none but itself.
func (tx *transaction) connectedAccount(req *apiRequest, id string) (*account, error) {
	a := tx.accounts[id]
	if a == nil || a.Deleted || !a.connectedTo(req.platform.Account) || req.isOfAccount() && id != req.acting.ID {
		return nil, accountInvalid(req.key, id)
	}
	return a, nil
}
