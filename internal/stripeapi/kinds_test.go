package stripeapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/stripeapi"
)

const html = "<html><body>Bad Gateway</body></html>"

func TestAnswersBecomeKindsOfErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		want    stripeapi.Error // of Err and Interval only whether they are there
	}{
		"account not connected": {
			answering(403, apiError("invalid_request_error", "account_invalid", "No access.")),
			stripeapi.Error{Kind: stripeapi.AccountGone, Code: "account_invalid", Message: "No access.", HTTPStatus: 403},
		},
		"a key without the permission": {
			answering(403, apiError("invalid_request_error", "more_permissions_required", "Not yours.")),
			stripeapi.Error{Kind: stripeapi.KeyWrong, Code: "more_permissions_required", Message: "Not yours.", HTTPStatus: 403},
		},
		"no such key": {
			answering(401, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: `+testKey+`"}}`),
			stripeapi.Error{
				Kind: stripeapi.KeyWrong, Code: "invalid_request_error", Message: "Invalid API Key provided: [redacted]",
				HTTPStatus: 401,
			},
		},
		"a 401 without words": {
			answering(401, ""),
			stripeapi.Error{Kind: stripeapi.KeyWrong, HTTPStatus: 401, Err: errors.New("any")},
		},
		"rate limited": {
			answering(429, apiError("invalid_request_error", "rate_limit", "Too fast."),
				"Stripe-Rate-Limited-Reason", "endpoint-rate", "Retry-After", "3"),
			stripeapi.Error{
				Kind: stripeapi.RateLimited, Code: "rate_limit", Message: "Too fast.", HTTPStatus: 429,
				RateLimitedReason: "endpoint-rate", RetryAfter: 3 * time.Second,
			},
		},
		"no such thing": {
			answering(404, apiError("invalid_request_error", "resource_missing", "No such account.")),
			stripeapi.Error{Kind: stripeapi.Refused, Code: "resource_missing", Message: "No such account.", HTTPStatus: 404},
		},
		"Stripe's own fault": {
			answering(500, `{"error":{"type":"api_error","message":"Sorry."}}`),
			stripeapi.Error{Kind: stripeapi.Unreachable, Code: "api_error", Message: "Sorry.", HTTPStatus: 500},
		},
		"a gateway's 502": {
			answering(502, html),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 502, Err: errors.New("any")},
		},
		"a firewall's 403 is not about the key": {
			answering(403, html),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 403, Err: errors.New("any")},
		},
		"a page in place of the account": {
			answering(200, html),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 200, Err: errors.New("any")},
		},
		"nothing in place of the account": {
			answering(200, ""),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 200, Err: errors.New("any")},
		},
		"another account": {
			answering(200, `{"id":"acct_2","object":"account"}`),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 200, Err: errors.New("any")},
		},
		"a redirect": {
			answering(302, `{"id":"acct_1"}`, "Location", "/elsewhere"),
			stripeapi.Error{Kind: stripeapi.Unreachable, HTTPStatus: 302, Err: errors.New("any")},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, tt.handler).Account(t.Context(), "acct_1")
			got := *stripeError(t, err)
			if got.Interval.To.IsZero() {
				t.Error("no interval, though the answer has a Date")
			}
			if (got.Err != nil) != (tt.want.Err != nil) {
				t.Errorf("cause %v", got.Err)
			}
			if strings.Contains(err.Error(), "<html>") {
				t.Errorf("%q quotes the body", err)
			}
			got.Interval, got.Err, tt.want.Err = tt.want.Interval, nil, nil
			tt.want.Op, tt.want.RequestID = "retrieve account acct_1", "req_1"
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if stripeapi.KindOf(err) != tt.want.Kind {
				t.Errorf("kind %q", stripeapi.KindOf(err))
			}
		})
	}
}

func TestKindOfOtherErrorsIsNone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("anything")} {
		if kind := stripeapi.KindOf(err); kind != "" {
			t.Errorf("%v is %q", err, kind)
		}
	}
}

func TestErrorSaysWhatWasTriedAndWhatStripeSaid(t *testing.T) {
	t.Parallel()
	handler := answering(403, apiError("invalid_request_error", "account_invalid", "No access."))
	_, err := newClient(t, handler).Account(t.Context(), "acct_1")
	const want = "retrieve account acct_1: account gone (account_invalid, HTTP 403, req_1): No access."
	if err == nil || err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

// Without a Date nothing can be placed in time: not an account, and not that it is gone.
func TestAnAnswerWithoutDateIsNone(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"account": answering(200, fullAccount, "Date", ""),
		"gone":    answering(403, apiError("", "account_invalid", "No access."), "Date", ""),
		"broken":  answering(200, fullAccount, "Date", "yesterday"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newClient(t, handler).Account(t.Context(), "acct_1")
			if e := stripeError(t, err); e.Kind != stripeapi.Unreachable || !strings.Contains(err.Error(), "no Date") {
				t.Errorf("kind %s: %v", e.Kind, err)
			}
		})
	}
}

// A 403 on the platform's own account is about the key, whatever its code: there is no account to be gone.
func TestThePlatformIsNeverGone(t *testing.T) {
	t.Parallel()
	handler := answering(403, apiError("invalid_request_error", "account_invalid", "No access."))
	_, err := newClient(t, handler).Platform(t.Context())
	if kind := stripeError(t, err).Kind; kind != stripeapi.KeyWrong {
		t.Errorf("kind %s", kind)
	}
}

func TestNoAccountNamedIsNotAsked(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	if _, err := client.Account(t.Context(), ""); stripeapi.KindOf(err) != stripeapi.Refused {
		t.Errorf("error %v", err)
	}
}
