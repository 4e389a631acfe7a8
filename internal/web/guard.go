package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// maxForm bounds a form's body, in bytes; the largest that is sent holds a password.
const maxForm = 64 << 10

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
		if r.ContentLength > maxForm {
			s.showTooLarge(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		switch err := r.ParseForm(); {
		case isTooLarge(err):
			s.showTooLarge(w, r)
		case err != nil:
			s.showUnreadable(w, r)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
