package account

import (
	"errors"
	"fmt"
)

// ErrorKind says what sort of thing went wrong, in words that every way in (HTTP, pages, the command line) maps to its own.
type ErrorKind string

// The kinds.
const (
	Invalid    ErrorKind = "invalid"    // the input is wrong; Field says where
	NotFound   ErrorKind = "not_found"  // there is no such thing
	Expired    ErrorKind = "expired"    // there was such a thing
	Forbidden  ErrorKind = "forbidden"  // this way in may not do it
	Conflict   ErrorKind = "conflict"   // it can't be done in the present state
	Unanswered ErrorKind = "unanswered" // Stripe gave no answer, so that what it did is not known
	Refused    ErrorKind = "refused"    // Stripe refused the platform itself: its key or its client id
	Busy       ErrorKind = "busy"       // Stripe has too much to do for it at the moment
)

// Error is an error that the caller can act on. Its message is a sentence for people and holds nothing internal.
type Error struct {
	Kind ErrorKind
	// Field names the part of the input that is wrong, "" where none is.
	Field   string
	Message string
	// Sentence and Args are the message's in the catalog, for who reads another language; "" where there is none.
	Sentence string
	Args     map[string]string
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// InvalidField makes an Error about one part of the input.
func InvalidField(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of the first Error in err's tree, "" where there is none.
func KindOf(err error) ErrorKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// ErrorsOf are the Errors that were joined to err, in their order; of one that wraps another, the outer.
func ErrorsOf(err error) (all []*Error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, part := range joined.Unwrap() {
			all = append(all, ErrorsOf(part)...)
		}
		return all
	}
	if e, ok := errors.AsType[*Error](err); ok {
		all = append(all, e)
	}
	return all
}
