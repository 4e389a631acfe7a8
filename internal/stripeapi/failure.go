package stripeapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// codeAccountInvalid: "The account ID provided as a value for the Stripe-Account header is invalid", also given where the
// account is not connected (docs.stripe.com/error-codes#account-invalid).
const codeAccountInvalid = "account_invalid"

// failure makes the error of a call that Stripe answered with 400 or more, or not at all; cause is nil in the first case.
func (a *answer) failure(op string, cause error) *Error {
	said, ok := a.said()
	if !ok && cause == nil {
		cause = cmp.Or(a.bodyErr, errUnreadable)
	}
	e := &Error{
		Kind:              a.kind(said),
		Op:                op,
		Code:              said.code,
		Message:           said.message,
		HTTPStatus:        a.status,
		RequestID:         a.header.Get("Request-Id"),
		RateLimitedReason: a.header.Get("Stripe-Rate-Limited-Reason"),
		RetryAfter:        retryAfter(a.header),
		ShouldRetry:       a.header.Get("Stripe-Should-Retry") == "true",
		Err:               cause,
	}
	e.Interval, _ = a.interval()
	return e
}

// kind goes by the status and Stripe's code. A 4xx that is not in Stripe's form is a middlebox's word, not Stripe's; 401
// and 429 mean the same from anyone.
func (a *answer) kind(said saying) Kind {
	switch {
	case a.status == http.StatusTooManyRequests:
		return RateLimited
	case a.status == http.StatusUnauthorized:
		return KeyWrong
	case a.status < http.StatusBadRequest, a.status >= http.StatusInternalServerError, said == saying{}:
		return Unreachable
	case a.status == http.StatusForbidden && said.code == codeAccountInvalid:
		return AccountGone
	case a.status == http.StatusForbidden:
		return KeyWrong
	}
	return Refused
}

type saying struct {
	code, message string
}

// said reads both of Stripe's forms: {"error":{"type","code","message"}} of the API and {"error","error_description"} of
// OAuth (docs.stripe.com/api/errors, docs.stripe.com/connect/oauth-reference). Connect's host may answer in either;
// stripe-go can read only the second there.
func (a *answer) said() (s saying, ok bool) {
	var body object
	if json.Unmarshal(a.errorBody, &body) != nil {
		return saying{}, false
	}
	if e := body.object("error"); e != nil {
		s = saying{code: cmp.Or(e.text("code"), e.text("type")), message: e.text("message")}
	} else {
		s = saying{code: body.text("error"), message: body.text("error_description")}
	}
	return s, s != saying{}
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second //nolint:gosec // at most 65,535
}
