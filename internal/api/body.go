package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	maxBody     = 1 << 20 // bytes
	bodyTimeout = 10 * time.Second
)

// withBody reads the body before huma does: huma takes a body that just fits for one too large, minds the Content-Type,
// and leaves its read deadline on the connection, which then cancels handlers that outlive it.
func (s *service) withBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(w, r, s.bodyTimeout)
		if err != nil {
			writeProblem(w, s.unreadable(err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, within time.Duration) ([]byte, error) {
	connection := http.NewResponseController(w)
	if err := connection.SetReadDeadline(time.Now().Add(within)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if err := connection.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return body, nil
}

func (s *service) unreadable(err error) *problem {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return newProblem(bodyTooLarge, fmt.Sprintf("A body has at most %d bytes.", maxBody))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return newProblem(bodyTooSlow, fmt.Sprintf("A body must be sent within %s.", s.bodyTimeout))
	}
	return newProblem(malformedBody, "The body ended early.")
}

// unmarshal is json.Unmarshal, with errors that speak of JSON alone.
func unmarshal(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is not of the right type", wrong.Field)
	}
	return err
}
