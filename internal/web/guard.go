package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/connectd/connectd/internal/upload"
)

// maxForm bounds a form's body, in bytes; the largest that is sent holds a note of 10,000 characters, each of 12 as forms are
// encoded.
const maxForm = 128 << 10

// guarded answers a panic with a page, and lets through the forms that are connectd's own and of a bearable size.
func (s *site) guarded(h http.Handler) http.Handler {
	return s.recovered(s.ownForms.Handler(s.withForm(h)))
}

func (s *site) recovered(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler:
				panic(cause) // net/http's own way to cut a connection
			default:
				s.broken(w, r, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
			}
		}()
		h.ServeHTTP(w, r)
	})
}

func (s *site) withForm(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			h.ServeHTTP(w, r)
			return
		}
		switch err := readForm(w, r); {
		case errors.Is(err, upload.ErrTooLarge):
			s.showTooLarge(w, r)
		case errors.Is(err, upload.ErrTooSlow):
			s.showTooSlow(w, r)
		case err != nil:
			s.showUnreadable(w, r)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	content, err := upload.Read(w, r, maxForm)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	return r.ParseForm()
}
