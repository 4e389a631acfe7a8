package stripeapi_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

// routes answers by path.
func routes(deauthorize, retrieve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/oauth/deauthorize":
			deauthorize(w, r)
		case "/v1/accounts/acct_1":
			retrieve(w, r)
		}
	}
}

func TestDeauthorizeSaysWhen(t *testing.T) {
	t.Parallel()
	client := newClient(t, routes(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		want := url.Values{"client_id": {testClientID}, "stripe_user_id": {"acct_1"}}
		if diff := cmp.Diff(want, r.PostForm); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		answering(200, `{"stripe_user_id":"acct_1"}`)(w, r)
	}, func(http.ResponseWriter, *http.Request) { t.Error("retrieved") }))
	at, err := client.Deauthorize(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	mustSpan(t, at, 0, time.Hour)
}

func TestDeauthorizeOfAnAccountNotConnectedIsDone(t *testing.T) {
	t.Parallel()
	refusal := answering(401, oauthError("invalid_client", "This application is not connected to stripe account acct_1."))
	gone := answering(403, apiError("invalid_request_error", "account_invalid", "No access."))
	at, err := newClient(t, routes(refusal, gone)).Deauthorize(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	mustSpan(t, at, 0, time.Hour)
}

// A client id that is not the key's is invalid_client too, and nothing was disconnected.
func TestDeauthorizeIsNotDoneWhileTheAccountAnswers(t *testing.T) {
	t.Parallel()
	refusal := answering(401, oauthError("invalid_client", "No such application: ca_other"))
	tests := map[string]struct {
		retrieve http.HandlerFunc
		want     stripeapi.Kind
	}{
		"connected still":  {answering(200, fullAccount), stripeapi.KeyWrong},
		"nobody can tell":  {answering(500, "{}"), stripeapi.Unreachable},
		"wrong key anyway": {answering(401, "{}"), stripeapi.KeyWrong},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, routes(refusal, tt.retrieve)).Deauthorize(t.Context(), "acct_1")
			if kind := stripeError(t, err).Kind; kind != tt.want {
				t.Errorf("kind %s, want %s: %v", kind, tt.want, err)
			}
		})
	}
}

func TestDeauthorizeFailsAsStripeSays(t *testing.T) {
	t.Parallel()
	tests := map[stripeapi.Kind]http.HandlerFunc{
		stripeapi.KeyWrong:    answering(401, apiError("invalid_request_error", "", "Invalid API Key provided.")),
		stripeapi.Refused:     answering(400, oauthError("invalid_request", "No client_id.")),
		stripeapi.Unreachable: func(w http.ResponseWriter, _ *http.Request) { cut(t, w) },
	}
	for want, deauthorize := range tests {
		client := newClient(t, routes(deauthorize, func(http.ResponseWriter, *http.Request) { t.Error("retrieved") }))
		_, err := client.Deauthorize(t.Context(), "acct_1")
		if kind := stripeError(t, err).Kind; kind != want {
			t.Errorf("kind %s, want %s: %v", kind, want, err)
		}
	}
}
