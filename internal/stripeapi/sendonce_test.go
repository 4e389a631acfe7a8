package stripeapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

// cut closes the connection without an answer.
func cut(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		t.Error("can't take the connection")
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_ = conn.Close()
}

func TestExchangeGivesTheGrantWithoutItsTokens(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		want := url.Values{"grant_type": {"authorization_code"}, "code": {testCode}, "client_secret": {testKey}}
		if diff := cmp.Diff(want, r.PostForm); diff != "" || r.URL.Path != "/oauth/token" {
			t.Errorf("asked %s (-want +got):\n%s", r.URL, diff)
		}
		answering(200, token("acct_1"))(w, r)
	})
	got, err := client.Exchange(t.Context(), testCode)
	if err != nil {
		t.Fatal(err)
	}
	want := stripeapi.Grant{
		AccountID: "acct_1", Scope: "read_write", TokenType: "bearer", Interval: got.Interval, RequestID: "req_1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
	mustSpan(t, got.Interval, 0, time.Hour)
}

func TestRefusedExchangesSayWhyWithoutTheCode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		kind    stripeapi.Kind
		code    string
		message string
	}{
		"no such code": {
			answering(400, oauthError("invalid_grant", "Authorization code does not exist: "+testCode)),
			stripeapi.Refused, "invalid_grant", "Authorization code does not exist: [redacted]",
		},
		"used twice": {
			answering(400, oauthError("invalid_grant", "This authorization code has already been used.")),
			stripeapi.Refused, "invalid_grant", "This authorization code has already been used.",
		},
		"wrong key, in OAuth's form": {
			answering(401, oauthError("invalid_client", "No such API key: "+testKey)),
			stripeapi.KeyWrong, "invalid_client", "No such API key: [redacted]",
		},
		"wrong key, in the API's form": {
			answering(401, apiError("invalid_request_error", "api_key_expired", "Expired API Key.")),
			stripeapi.KeyWrong, "api_key_expired", "Expired API Key.",
		},
		"a gateway's page that repeats the request": {
			answering(400, "<p>"+testCode+"</p>"), stripeapi.Unreachable, "", "",
		},
		"tokens that can't be read":  {answering(200, `{"access_token":"`+testToken+`",`), stripeapi.Unreachable, "", ""},
		"tokens of no account":       {answering(200, token("")), stripeapi.Unreachable, "", ""},
		"tokens of another shape":    {answering(200, `{"stripe_user_id":["`+testToken+`"]}`), stripeapi.Unreachable, "", ""},
		"tokens without a Date":      {answering(200, token("acct_1"), "Date", ""), stripeapi.Unreachable, "", ""},
		"an error of Stripe's":       {answering(500, token("acct_1")), stripeapi.Unreachable, "", ""},
		"a rate limit":               {answering(429, oauthError("rate_limit", "Slow down.")), stripeapi.RateLimited, "rate_limit", "Slow down."},
		"a refusal without a reason": {answering(400, `{"error":null}`), stripeapi.Unreachable, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			grant, err := newClient(t, tt.handler).Exchange(t.Context(), testCode)
			e := stripeError(t, err)
			if e.Kind != tt.kind || e.Code != tt.code || e.Message != tt.message {
				t.Errorf("%s %q %q, want %s %q %q", e.Kind, e.Code, e.Message, tt.kind, tt.code, tt.message)
			}
			if grant != (stripeapi.Grant{}) {
				t.Errorf("an error and a grant: %+v", grant)
			}
		})
	}
}

// The second exchange goes to a server that has already answered one: on a connection that is used again net/http would
// send it once more.
func TestAnExchangeThatIsCutIsNotSentAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			answering(200, token("acct_1"))(w, r)
			return
		}
		cut(t, w)
	})
	if _, err := client.Exchange(t.Context(), testCode); err != nil {
		t.Fatal(err)
	}
	_, err := client.Exchange(t.Context(), testCode)
	if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || e.HTTPStatus != 0 {
		t.Errorf("error %v", err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("two exchanges were sent %d times", n)
	}
}

func TestAnExchangeIsNotSentAgainAfterAnyAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{307, 308, 400, 401, 409, 429, 500, 502, 503} {
		var asked atomic.Int64
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			answering(status, "{}", "Location", "/oauth/token", "Stripe-Should-Retry", "true", "Retry-After", "0")(w, r)
		})
		if _, err := client.Exchange(t.Context(), testCode); err == nil {
			t.Errorf("%d is taken for a grant", status)
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("after a %d sent %d times", status, n)
		}
	}
}

func TestReadsAreNotSentAgainEither(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answering(503, "{}", "Stripe-Should-Retry", "true")(w, r)
	})
	if _, err := client.Account(t.Context(), "acct_1"); stripeapi.KindOf(err) != stripeapi.Unreachable {
		t.Errorf("error %v", err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestAnAnswerThatIsCutIsNone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 403} {
		client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			answering(status, `{"error":{"code":"account_invalid"`)(w, r)
		})
		_, err := client.Account(t.Context(), "acct_1")
		if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || e.HTTPStatus != status {
			t.Errorf("error %v", err)
		}
	}
}

func TestACancelledCallReturnsAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]func(http.ResponseWriter){
		"no answer": func(http.ResponseWriter) {},
		"half an answer": func(w http.ResponseWriter) {
			answering(200, `{"id":`)(w, nil)
			_ = http.NewResponseController(w).Flush()
		},
		"half an error": func(w http.ResponseWriter) {
			answering(403, `{"error":`)(w, nil)
			_ = http.NewResponseController(w).Flush()
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				begin(w)
				cancel()
				<-r.Context().Done()
			})
			_, err := client.Account(ctx, "acct_1")
			if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestACallWhoseContextHasEndedIsNotSent(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, exchange := client.Exchange(ctx, testCode)
	retrieval := retrieveInTurn(ctx, client, "acct_1")
	for _, err := range []error{exchange, retrieval} {
		if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}

func TestAStripeThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(cfg *stripeapi.Config) { cfg.Timeout = 20 * time.Millisecond })
	_, err := client.Account(t.Context(), "acct_1")
	if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestNobodyListeningIsUnreachable(t *testing.T) {
	t.Parallel()
	client := clientAt(t, "http://127.0.0.1:1")
	_, err := client.Exchange(t.Context(), testCode)
	if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}
