package sandbox

import (
	"errors"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
)

// endpoint answers a request to Stripe; requestID is the Request-Id of the answer.
type endpoint func(r *http.Request, requestID string) *response

// handler is all that the sandbox serves, on one origin.
func (s *Sandbox) handler() http.Handler {
	mux := http.NewServeMux()
	s.routeAPI(mux)
	s.routeOAuth(mux)
	s.routeControls(mux)
	s.routePages(mux)
	return s.withoutRedirects(mux)
}

// withoutRedirects knows no URL that has a slash or a dot too many, as Stripe: a mux would redirect to the one without.
func (s *Sandbox) withoutRedirects(mux http.Handler) http.Handler {
	unknown := s.stripe(s.limited(s.unrecognized))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); r.URL.Path != clean && r.URL.Path != clean+"/" {
			unknown.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Sandbox) unrecognized(r *http.Request, requestID string) *response {
	return s.errorResponse(unrecognizedURL(r), requestID)
}

// stripe is an endpoint of Stripe's side: recorded, limited and subject to faults, none of which /sandbox is.
func (s *Sandbox) stripe(answer endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestID := newID("req")
		record := s.requests.begin(r, s.state.world.clock.base())
		f := s.strike(r.Method, r.URL.Path)
		s.pause(r.Context(), f.latency())
		result := s.work(r, requestID, f, answer)
		s.requests.finish(record, r, result.status) // before it leaves: who has an answer finds it recorded
		s.pause(r.Context(), f.hold())
		if f.drops() {
			panic(http.ErrAbortHandler) // net/http's way to cut the connection
		}
		result.header.Set("Request-Id", requestID)
		result.write(w, s.now())
	})
}

// work makes the answer. A panic becomes Stripe's 500, so that a mistake here never looks like a broken network.
func (s *Sandbox) work(r *http.Request, requestID string, f *fault, answer endpoint) (result *response) {
	defer func() {
		if cause := recover(); cause != nil {
			result = s.panicked(r, requestID, cause)
		}
	}()
	if f.refuses() {
		return f.response(r, requestID)
	}
	return answer(r, requestID)
}

func (s *Sandbox) panicked(r *http.Request, requestID string, cause any) *response {
	s.logger.Error("request failed by a mistake of the sandbox", slog.String("method", r.Method),
		slog.String("path", r.URL.Path), slog.Any("panic", cause), slog.String("stack", string(debug.Stack())))
	return s.internalError(requestID)
}

func (s *Sandbox) internalError(requestID string) *response {
	failure := &apiError{status: http.StatusInternalServerError, kind: apiFailure, message: "The sandbox made a mistake."}
	return jsonResponse(failure.status, failure.body(requestID))
}

// errorResponse is the answer to an error of Stripe's API. Any other error is a mistake of the sandbox.
func (s *Sandbox) errorResponse(err error, requestID string) *response {
	var known *apiError
	if !errors.As(err, &known) {
		s.logger.Error("request failed by a mistake of the sandbox", "request", requestID, "error", err)
		return s.internalError(requestID)
	}
	r := jsonResponse(known.status, known.body(requestID))
	if known.status == http.StatusUnauthorized {
		r.header.Set("WWW-Authenticate", `Basic realm="Stripe"`)
	}
	return r
}
