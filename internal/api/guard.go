package api

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/route"
)

// positionHeader says how much of the feed an answer has seen.
const positionHeader = "Connectd-Position"

// guard is what stands before each operation: its order is the order in which a request is judged.
func (s *service) guard(op *huma.Operation, handle http.Handler) http.Handler {
	handle = withWholeQuery(handle)
	if op.RequestBody != nil {
		handle = withBody(handle)
	}
	if scope, ok := scopeOf(op); ok {
		handle = s.authorized(scope, s.limited(handle))
	}
	if underV1(op.Path) {
		handle = s.positionedAs(op, handle)
	}
	return s.recovered(handle)
}

// fallback is the guard of what no route takes: which paths and methods there are is told to who has a key, of any scope.
func (s *service) fallback(handle http.Handler) http.Handler {
	keyed := s.identified(s.limited(handle))
	positioned := s.positioned(keyed)
	return s.recovered(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case underV1(r.URL.Path):
			positioned.ServeHTTP(w, r)
		case r.URL.Path == verifyPath:
			keyed.ServeHTTP(w, r)
		default:
			handle.ServeHTTP(w, r)
		}
	}))
}

func underV1(path string) bool { return path == "/v1" || strings.HasPrefix(path, "/v1/") }

// recovered turns a panic into a 500, or cuts the connection where an answer has begun.
func (s *service) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Cache-Control"], header["X-Content-Type-Options"] = noStore, noSniff
		answer := &answer{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause != http.ErrAbortHandler { //nolint:errorlint // the value itself is what net/http goes by
				s.logger.ErrorContext(r.Context(), "panic while answering",
					"method", r.Method, "route", route.Pattern(r), "panic", cause, "stack", string(debug.Stack()))
			}
			if answer.begun {
				panic(http.ErrAbortHandler)
			}
			writeProblem(answer, newProblem(internalError, ""))
		}()
		next.ServeHTTP(answer, r)
	})
}

// noStore and noSniff are shared by all answers, and never changed.
var noStore, noSniff = []string{"no-store"}, []string{"nosniff"}

// answer knows whether anything of it has been sent.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// positionedAs says of what the copy answers where that is, if it answers now; who then answers says so more exactly.
func (s *service) positionedAs(op *huma.Operation, next http.Handler) http.Handler {
	asked := s.positioned(next)
	if op.OperationID != readinessID && op.OperationID != batchID {
		return asked
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, ok := s.cfg.Copy.Position()
		if !ok {
			asked.ServeHTTP(w, r)
			return
		}
		w.Header().Set(positionHeader, strconv.FormatInt(at, 10))
		next.ServeHTTP(w, r)
	})
}

// positioned reads the position before anything else is read, so that the answer has seen at least that much.
func (s *service) positioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		position, err := s.cfg.Registry.Position(r.Context())
		if err != nil {
			writeProblem(w, s.problemOf(r.Context(), err, inPath))
			return
		}
		w.Header().Set(positionHeader, strconv.FormatInt(position, 10))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), seenKey{}, position)))
	})
}

type seenKey struct{}

// seenBy is the position that the answer has seen at least: what had happened before the request came.
func seenBy(ctx context.Context) int64 {
	position, _ := ctx.Value(seenKey{}).(int64)
	return position
}

// identified lets a caller through who has a key.
func (s *service) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := s.cfg.Keys.Check(r.Context(), bearer(r))
		switch {
		case errors.Is(err, access.ErrBadKey):
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeProblem(w, newProblem(unauthorized, "Send a usable API key as Authorization: Bearer ck_…; connectd keys create makes one."))
		case err != nil:
			writeProblem(w, s.problemOf(r.Context(), err, inPath))
		default:
			ctx := context.WithValue(r.Context(), callerKey{}, caller)
			next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, actorKey{}, caller.Actor(r.RemoteAddr))))
		}
	})
}

// authorized lets a caller through whose key has the scope.
func (s *service) authorized(scope access.Scope, next http.Handler) http.Handler {
	return s.identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !callerOf(r.Context()).May(scope) {
			w.Header().Set("WWW-Authenticate", challenge(scope))
			writeProblem(w, scopeMissing(scope))
			return
		}
		next.ServeHTTP(w, r)
	}))
}

func scopeMissing(scope access.Scope) *problem {
	return newProblem(scopeTooSmall, "This needs a key with the scope "+string(scope)+".")
}

func challenge(scope access.Scope) string {
	return `Bearer error="insufficient_scope", scope="` + string(scope) + `"`
}

// bearer is the token of the Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type callerKey struct{}

// callerOf is who was let through; the zero Caller, who may do nothing, where nobody was.
func callerOf(ctx context.Context) access.Caller {
	caller, _ := ctx.Value(callerKey{}).(access.Caller)
	return caller
}

type actorKey struct{}

// actorOf is the caller as the audit keeps it.
func actorOf(ctx context.Context) account.Actor {
	actor, _ := ctx.Value(actorKey{}).(account.Actor)
	return actor
}

func methodNotAllowed(router *mux.Router) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", route.Allow(router, r))
		writeProblem(w, newProblem(wrongMethod, ""))
	}
}
