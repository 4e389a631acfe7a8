package stripeapi_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/testlog"
)

const (
	testClientID = "ca_testclient"
	testCode     = "ac_NeverInALog"
	testToken    = "sk_test_TokenOfTheSeller"
)

// testDate is the Date of the fake Stripe's answers.
const testDate = "Tue, 14 Nov 2023 22:13:20 GMT"

// newClient speaks to a Stripe that handler plays.
func newClient(t *testing.T, handler http.HandlerFunc, change ...func(*stripeapi.Config)) *stripeapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(t, server.URL, change...)
}

func clientAt(t *testing.T, base string, change ...func(*stripeapi.Config)) *stripeapi.Client {
	t.Helper()
	logs := &testlog.Buffer{}
	cfg := stripeapi.Config{
		SecretKey: testKey, ClientID: testClientID, APIBase: base, ConnectBase: base,
		Logger: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&cfg)
	}
	client, err := stripeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		mustHoldNoSecret(t, logs.String())
	})
	return client
}

func mustHoldNoSecret(t *testing.T, words string) {
	t.Helper()
	for _, secret := range []string{testKey, testCode, testToken} {
		if strings.Contains(words, secret) {
			t.Errorf("%s is in %q", secret, words)
		}
	}
}

// answering answers everything alike. A header that is empty is not sent.
func answering(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", testDate)
		w.Header().Set("Request-Id", "req_1")
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] == "" {
				w.Header()[headers[i]] = nil
				continue
			}
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func apiError(kind, code, message string) string {
	return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":%q}}`, kind, code, message)
}

func oauthError(code, description string) string {
	return fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, description)
}

func token(accountID string) string {
	return fmt.Sprintf(`{"stripe_user_id":%q,"livemode":false,"scope":"read_write","token_type":"bearer",
		"access_token":%q,"refresh_token":%q,"stripe_publishable_key":"pk_test_seller"}`, accountID, testToken, testToken)
}

// stripeError is the *Error that err must be.
func stripeError(t *testing.T, err error) *stripeapi.Error {
	t.Helper()
	e, ok := errors.AsType[*stripeapi.Error](err)
	if !ok {
		t.Fatalf("not an error of Stripe's: %v", err)
	}
	mustHoldNoSecret(t, fmt.Sprintf("%v %+v", err, *e))
	return e
}
