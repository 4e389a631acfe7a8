package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/connectd/connectd/internal/upload"
)

const maxBody = 1 << 20 // bytes

// withBody reads the body before huma does: huma takes a body that just fits for one too large, minds the Content-Type,
// and leaves its read deadline on the connection, which then cancels handlers that outlive it.
func withBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := upload.Read(w, r, maxBody)
		if err != nil {
			writeProblem(w, unreadable(err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		next.ServeHTTP(w, r)
	})
}

func unreadable(err error) *problem {
	switch {
	case errors.Is(err, upload.ErrTooLarge):
		return newProblem(bodyTooLarge, fmt.Sprintf("A body has at most %d bytes.", maxBody))
	case errors.Is(err, upload.ErrTooSlow):
		return newProblem(bodyTooSlow, fmt.Sprintf("A body must be sent within %s.", upload.Within))
	}
	return newProblem(malformedBody, "The body ended early.")
}

// unmarshal is json.Unmarshal, with errors that speak of JSON alone, and without taking the last of several of one name.
func unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is not of the right type", wrong.Field)
	}
	if err != nil {
		return err
	}
	return checkNames(data)
}

// checkNames refuses an object that has a name twice: encoding/json takes the last, and another reader may take the first.
func checkNames(data []byte) error {
	_, err := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowInvalidUTF8(true)).ReadValue()
	if twice, ok := errors.AsType[*jsontext.SyntacticError](err); ok && errors.Is(err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("%s is given twice", twice.JSONPointer)
	}
	return nil
}
