package stripeapi

import (
	"context"
	"net/http"
)

// AccountLink is a way for a seller into Stripe's own form, where the seller has no Dashboard of their own
// (docs.stripe.com/api/account_links/create).
type AccountLink struct {
	AccountID string `form:"account"`
	// ReturnURL is where Stripe leads to afterwards, RefreshURL where the link was used or has expired.
	ReturnURL  string `form:"return_url"`
	RefreshURL string `form:"refresh_url"`
}

// CreateAccountLink makes a link to the form for what is due, and returns its address: whoever has that gets in, once, within
// minutes. Stripe refuses it for accounts that it lets nobody else ask.
func (c *Client) CreateAccountLink(ctx context.Context, link AccountLink) (Secret, error) {
	op := "make a link into account " + link.AccountID
	res, err := c.call(ctx, request{
		op: op, backend: c.api, method: http.MethodPost, path: "/v1/account_links",
		params: &fields[onboardingForm]{Fields: onboardingForm{Type: "account_onboarding", AccountLink: link}},
	})
	if err != nil {
		return "", err
	}
	made, err := decode[struct {
		URL string `json:"url"`
	}](res, op)
	if err != nil {
		return "", err
	}
	if made.URL == "" {
		return "", unreadable(op, res)
	}
	return Secret(made.URL), nil
}

type onboardingForm struct {
	Type        string `form:"type"`
	AccountLink `form:"*"`
}
