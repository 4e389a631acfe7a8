package stripeapi_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

// TestAClientIDOfAnotherPlatformIsTold by what Stripe says of the disconnection of an account that there is not.
func TestAClientIDOfAnotherPlatformIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		tells  bool
	}{
		"ours": {answering(401, oauthError("invalid_client",
			"This application is not connected to stripe account acct_0000000000000000, or that account does not exist.")), false},
		"another's":   {answering(401, oauthError("invalid_client", "No application matches the supplied client identifier")), true},
		"no answer":   {func(w http.ResponseWriter, _ *http.Request) { cut(t, w) }, false},
		"not allowed": {answering(403, apiError("invalid_request_error", "", "This key may not.")), false},
	} {
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			want := url.Values{"client_id": {testClientID}, "stripe_user_id": {"acct_0000000000000000"}}
			if diff := cmp.Diff(want, r.PostForm); diff != "" || r.URL.Path != "/oauth/deauthorize" {
				t.Errorf("asked %s (-want +got):\n%s", r.URL, diff)
			}
			c.answer(w, r)
		})
		if err := client.CheckClientID(t.Context()); (err != nil) != c.tells {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSandboxTellsWhoseAClientIDIs(t *testing.T) {
	t.Parallel()
	s := startStripe(t)
	if err := s.CheckClientID(t.Context()); err != nil {
		t.Error(err)
	}
	other := clientAt(t, s.sandbox.URL(), func(cfg *stripeapi.Config) {
		cfg.SecretKey, cfg.ClientID = stripeapi.Secret(s.sandbox.Platform().Key), "ca_another"
	})
	if err := other.CheckClientID(t.Context()); stripeapi.KindOf(err) != stripeapi.KeyWrong {
		t.Errorf("another client id: %v", err)
	}
}
