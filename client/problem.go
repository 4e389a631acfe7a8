package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is an answer of connectd that is no success: an RFC 9457 problem. Programs go by its Code, which is stable.
//
//	if e, ok := errors.AsType[*client.Error](err); ok && e.Code == "conflict" { … }
type Error struct {
	Status int    `json:"status"` // HTTP's
	Code   string `json:"code"`   // stable; "" where the answer is not connectd's but, say, a proxy's
	Title  string `json:"title"`
	Detail string `json:"detail"` // what happened and what to do, for people
	// Errors says what is wrong with the request, part by part.
	Errors []FieldError `json:"errors"`
	// Reasons say why a seller can't transact, where that is what is wrong (Code cannot_transact).
	Reasons []Reason `json:"reasons,omitempty"`
	// Stripe is what Stripe said, where that is the cause.
	Stripe *StripeError `json:"stripe,omitempty"`
	// RetryAfter is how long the server asks to wait; 0 where it does not.
	RetryAfter time.Duration `json:"-"`
}

// FieldError is what is wrong with one part of a request.
type FieldError struct {
	Location string `json:"location"` // body.x, query.x, path.x or header.x
	Message  string `json:"message"`
}

// StripeError is what Stripe said (docs.stripe.com/api/errors).
type StripeError struct {
	Code      string `json:"code"` // the error's type where it has no code
	Message   string `json:"message"`
	Param     string `json:"param"` // "" where Stripe blames no parameter
	RequestID string `json:"request_id"`
}

// Error says what happened, where, and what to do.
func (e *Error) Error() string {
	var said strings.Builder
	fmt.Fprintf(&said, "connectd answered %d", e.Status)
	if e.Code != "" {
		fmt.Fprintf(&said, " %s", e.Code)
	}
	if e.Detail != "" {
		fmt.Fprintf(&said, ": %s", e.Detail)
	}
	for _, field := range e.Errors {
		fmt.Fprintf(&said, " [%s: %s]", field.Location, field.Message)
	}
	return said.String()
}

// problemIn reads the answer's problem; what is none keeps the status.
func problemIn(res *http.Response) *Error {
	var e Error
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(&e); err != nil || e.Code == "" {
		e = Error{Detail: "that is not connectd's own answer; does the base URL lead to connectd, and is it up?"}
	}
	e.Status = res.StatusCode
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return &e
}
