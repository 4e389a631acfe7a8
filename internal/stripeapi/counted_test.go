package stripeapi_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/stripeapi"
)

// TestOnlyTheKeyItselfIsCountedAsWrong: that count wakes somebody at night.
func TestOnlyTheKeyItselfIsCountedAsWrong(t *testing.T) {
	t.Parallel()
	var (
		noPermission = answering(403, apiError("invalid_request_error", "", "The provided key does not have the required permissions."))
		badKey       = answering(401, apiError("invalid_request_error", "", "Invalid API Key provided."))
		notConnected = answering(401, oauthError("invalid_client",
			"This application is not connected to stripe account acct_0000000000000000, or that account does not exist."))
	)
	clientID := func(ctx context.Context, c *stripeapi.Client) { _ = c.CheckClientID(ctx) }
	unlink := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.Deauthorize(ctx, "acct_1") }
	endpoints := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.WebhookEndpoints(ctx) }
	platform := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.Platform(ctx) }
	one := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.Account(ctx, "acct_1") }
	list := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.Accounts(ctx, "", 1) }
	exchange := func(ctx context.Context, c *stripeapi.Client) { _, _ = c.Exchange(ctx, testCode) }
	for name, tt := range map[string]struct {
		ask    func(context.Context, *stripeapi.Client)
		answer http.HandlerFunc
		want   stripeapi.Kind
	}{
		"whose client id it is":            {clientID, notConnected, stripeapi.Refused},
		"an account that is gone":          {unlink, notConnected, stripeapi.Refused},
		"endpoints, with a bad key":        {endpoints, badKey, stripeapi.KeyWrong},
		"endpoints, without permission":    {endpoints, noPermission, stripeapi.Refused},
		"the platform, without permission": {platform, noPermission, stripeapi.KeyWrong},
		"an account, without permission":   {one, noPermission, stripeapi.KeyWrong},
		"the list, without permission":     {list, noPermission, stripeapi.KeyWrong},
		"an unlink, with a bad key":        {unlink, badKey, stripeapi.KeyWrong},
		"an exchange, with a bad key":      {exchange, answering(401, oauthError("invalid_client", "No such API key.")), stripeapi.KeyWrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counted []stripeapi.Kind
			tt.ask(t.Context(), newClient(t, tt.answer, func(cfg *stripeapi.Config) {
				cfg.Asked = func(_ string, kind stripeapi.Kind, _ time.Duration) { counted = append(counted, kind) }
			}))
			if len(counted) == 0 || counted[0] != tt.want {
				t.Errorf("counted as %q, want %q", counted, tt.want)
			}
		})
	}
}
