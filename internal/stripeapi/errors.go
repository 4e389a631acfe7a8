package stripeapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/account"
)

// Kind says what an error means for the caller.
type Kind string

// The kinds of errors.
const (
	// AccountGone: 403 account_invalid. The account is not connected, or the key is another platform's or of the other
	// mode, or there is no such account; Platform tells which (docs.stripe.com/error-codes#account-invalid).
	AccountGone Kind = "account_gone"
	// RateLimited: 429; RateLimitedReason says by which limit (docs.stripe.com/rate-limits).
	RateLimited Kind = "rate_limited"
	// KeyWrong: 401, or a 403 that is about the key and not about an account.
	KeyWrong Kind = "key_wrong"
	// Refused: Stripe's other no (4xx): asking again the same way gets the same answer.
	Refused Kind = "refused"
	// Unreachable: no answer, not in time, an answer that can't be used, or a 5xx. What was asked may have been done.
	Unreachable Kind = "unreachable"
)

// Error is why a call to Stripe did not give what was asked for. It holds no secrets.
type Error struct {
	Kind Kind
	Op   string // what was tried, for people: "retrieve account acct_1"
	// Code and Message are Stripe's own, also of OAuth errors (invalid_grant); "" where there was no readable answer. The
	// code is the error's type where Stripe gives no code.
	Code, Message string
	// Param is the parameter that Stripe finds fault with, in its form (line_items[0][quantity]); "" where it blames none.
	Param      string
	HTTPStatus int // 0 where there was no answer
	RequestID  string
	// Interval is when the answer was given, by Stripe's clock; zero where that is not known. An AccountGone always has it.
	Interval account.Interval
	// RateLimitedReason is Stripe-Rate-Limited-Reason: global-rate, endpoint-rate, global-concurrency and so on.
	RateLimitedReason string
	// RetryAfter is how long Stripe asks to wait, or 0.
	RetryAfter time.Duration
	// ShouldRetry: Stripe says that the same call may succeed a little later (docs.stripe.com/error-low-level).
	ShouldRetry bool
	// Err is the cause where Stripe did not answer, a context's error among them.
	Err error
}

// Error says what was tried, what came of it and, where there is one, Stripe's message.
func (e *Error) Error() string {
	var facts []string
	if e.Code != "" {
		facts = append(facts, e.Code)
	}
	if e.HTTPStatus != 0 {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.RequestID != "" {
		facts = append(facts, e.RequestID)
	}
	words := fmt.Sprintf("%s: %s", e.Op, strings.ReplaceAll(string(e.Kind), "_", " "))
	if len(facts) > 0 {
		words += " (" + strings.Join(facts, ", ") + ")"
	}
	if e.Message != "" {
		words += ": " + e.Message
	}
	if e.Err != nil {
		words += ": " + e.Err.Error()
	}
	return words
}

// Declined reports whether Stripe finds fault with what was asked, or with the account it was asked of (400 and 402 in
// docs.stripe.com/api/errors).
func (e *Error) Declined() bool {
	return e.Kind == Refused && (e.HTTPStatus == http.StatusBadRequest || e.HTTPStatus == http.StatusPaymentRequired)
}

// Unwrap returns the cause, so that errors.Is finds a context's error.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an error that came from this package, and "" for nil and all others.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}
