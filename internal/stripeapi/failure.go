package stripeapi

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
		Param:             said.param,
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
	code, message, param string
}

// said reads both of Stripe's forms: {"error":{"type","code","message"}} of the API and {"error","error_description"} of
// OAuth (docs.stripe.com/api/errors, docs.stripe.com/connect/oauth-reference). Connect's host may answer in either;
// stripe-go can read only the second there.
func (a *answer) said() (s saying, ok bool) {
	var body struct {
		Error       jsontext.Value `json:"error"`
		Description text           `json:"error_description"`
	}
	if json.Unmarshal(a.errorBody, &body, trusting) != nil {
		return saying{}, false
	}
	var ofAPI part[apiError]
	var ofOAuth text
	if json.Unmarshal(body.Error, &ofAPI, trusting) == nil && ofAPI.value != nil {
		said := *ofAPI.value
		s = saying{code: string(cmp.Or(said.Code, said.Type)), message: string(said.Message), param: string(said.Param)}
	} else if json.Unmarshal(body.Error, &ofOAuth, trusting) == nil {
		s = saying{code: string(ofOAuth), message: string(body.Description)}
	}
	return s, s != saying{}
}

type apiError struct {
	Type    text `json:"type"`
	Code    text `json:"code"`
	Message text `json:"message"`
	Param   text `json:"param"`
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second //nolint:gosec // at most 65,535
}
