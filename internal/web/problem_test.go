package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

func TestErrorsHaveTheirStatus(t *testing.T) {
	t.Parallel()
	inside := errors.New("dial tcp 10.0.0.7: refused")
	for name, c := range map[string]struct {
		err    error
		status int
		words  string
		logged bool
	}{
		"invalid":    {account.InvalidField("limit", "The limit is odd."), http.StatusBadRequest, "The limit is odd.", false},
		"not found":  {account.Errorf(account.NotFound, "It is not here."), http.StatusNotFound, "It is not here.", false},
		"expired":    {account.Errorf(account.Expired, "It was here."), http.StatusGone, "It was here.", false},
		"forbidden":  {account.Errorf(account.Forbidden, "Not this way."), http.StatusForbidden, "Not this way.", false},
		"conflict":   {account.Errorf(account.Conflict, "Not now."), http.StatusConflict, "Not now.", false},
		"unanswered": {account.Errorf(account.Unanswered, "No answer."), http.StatusBadGateway, "No answer.", false},
		"wrapped": {
			fmt.Errorf("secret detail: %w", account.Errorf(account.Conflict, "Not now.")), http.StatusConflict, "Not now.", false,
		},
		"full":         {fmt.Errorf("observe: %w", registry.ErrFull), http.StatusServiceUnavailable, "try again in a minute", false},
		"anything":     {inside, http.StatusInternalServerError, "Something went wrong", true},
		"no such kind": {&account.Error{Kind: "odd", Message: "secret detail"}, http.StatusInternalServerError, "Something went wrong", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var logs strings.Builder
			s := &site{Config: Config{Logger: slog.New(slog.NewTextHandler(&logs, nil))}}
			rec := httptest.NewRecorder()
			s.problem(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), c.err, problemView{
				Title: "Not done", Ways: []way{linkTo("The way on", "/on")},
			})
			body, err := io.ReadAll(rec.Result().Body)
			if err != nil {
				t.Fatal(err)
			}
			page := string(body)
			if rec.Code != c.status || !strings.Contains(page, c.words) || !strings.Contains(page, "The way on") {
				t.Errorf("%d: %s", rec.Code, page)
			}
			if strings.Contains(page, "10.0.0.7") || strings.Contains(page, "secret") {
				t.Errorf("the page tells what is inside: %s", page)
			}
			if logged := logs.Len() > 0; logged != c.logged {
				t.Errorf("logged: %q", logs.String())
			}
		})
	}
}

func TestBrowserThatHasGoneIsNoError(t *testing.T) {
	t.Parallel()
	var logs strings.Builder
	s := &site{Config: Config{Logger: slog.New(slog.NewTextHandler(&logs, nil))}}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	s.broken(httptest.NewRecorder(), r, fmt.Errorf("read: %w", context.Canceled))
	if logs.Len() > 0 {
		t.Errorf("logged: %s", logs.String())
	}
}
