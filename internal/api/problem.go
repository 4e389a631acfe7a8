package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/connectd/connectd/client"
)

// problem is RFC 9457's, with what the API adds to it. It says what to do and holds nothing internal.
type problem struct {
	Type   string       `json:"type" doc:"The problem's type as a URI: urn:connectd:problem: and the code"`
	Title  string       `json:"title" doc:"The type in a few words"`
	Status int          `json:"status" doc:"The HTTP status"`
	Detail string       `json:"detail" doc:"What happened and what to do, for people"`
	Code   code         `json:"code" doc:"Stable name of the type, for programs"`
	Errors []fieldError `json:"errors" doc:"What is wrong with the request, part by part"`
	// Reasons are there where a seller can't transact.
	Reasons []client.Reason `json:"reasons,omitempty" doc:"Why the seller can't transact, and who must act, worst first"`
	// Stripe is there where Stripe's answer is the cause.
	Stripe *stripeError `json:"stripe,omitempty" doc:"What Stripe said, where that is the cause"`

	headers http.Header
}

type fieldError struct {
	Location string `json:"location" doc:"Where: body.x, query.x, path.x or header.x"`
	Message  string `json:"message" doc:"What is wrong there"`
}

type stripeError struct {
	Code      string `json:"code" doc:"Stripe's code; its error type where it gave none"`
	Message   string `json:"message" doc:"Stripe's sentence"`
	Param     string `json:"param" doc:"The parameter that Stripe finds fault with, as Stripe names it; empty where it blames none"`
	RequestID string `json:"request_id" doc:"Stripe's id of the request"`
}

// code names a type of problem. Callers' programs go by it: none is ever renamed.
type code string

const (
	malformedBody      code = "malformed_body"
	codeRefused        code = "code_refused"
	unauthorized       code = "unauthorized"
	scopeTooSmall      code = "scope_too_small"
	forbidden          code = "forbidden"
	notFoundHere       code = "not_found"
	unknownPath        code = "unknown_path"
	wrongMethod        code = "method_not_allowed"
	notAcceptable      code = "not_acceptable"
	bodyTooSlow        code = "body_too_slow"
	conflict           code = "conflict"
	expired            code = "expired"
	rateLimited        code = "rate_limited"
	bodyTooLarge       code = "body_too_large"
	invalid            code = "invalid"
	internalError      code = "internal"
	stripeFailed       code = "stripe_error"
	stripeUnanswered   code = "stripe_unanswered"
	stripeRefused      code = "stripe_refused"
	stripeBusy         code = "stripe_busy"
	cannotTransact     code = "cannot_transact"
	stripeUnreachable  code = "stripe_unreachable"
	exchangeUnfinished code = "exchange_unfinished"
	busy               code = "busy"
	unavailable        code = "unavailable"
	notReady           code = "not_ready"
)

// problems is what each code means.
var problems = map[code]struct {
	status int
	title  string
	detail string // where there is nothing more exact to say
}{
	malformedBody:      {http.StatusBadRequest, "Malformed body", "The body must be JSON."},
	codeRefused:        {http.StatusBadRequest, "The code or the state does not do", ""},
	unauthorized:       {http.StatusUnauthorized, "No usable API key", ""},
	scopeTooSmall:      {http.StatusForbidden, "The key's scopes do not suffice", ""},
	forbidden:          {http.StatusForbidden, "Not allowed", ""},
	notFoundHere:       {http.StatusNotFound, "Not found", ""},
	unknownPath:        {http.StatusNotFound, "Unknown path", "There is nothing at this path; /openapi.json lists what there is."},
	wrongMethod:        {http.StatusMethodNotAllowed, "Method not allowed", "This path does not take this method; Allow lists those that it takes."},
	notAcceptable:      {http.StatusNotAcceptable, "Not acceptable", "Answers are JSON."},
	bodyTooSlow:        {http.StatusRequestTimeout, "The body took too long", ""},
	conflict:           {http.StatusConflict, "Not possible now", ""},
	expired:            {http.StatusGone, "Expired", ""},
	bodyTooLarge:       {http.StatusRequestEntityTooLarge, "Body too large", ""},
	invalid:            {http.StatusUnprocessableEntity, "Invalid request", "Something in the request is wrong; errors says what and where."},
	rateLimited:        {http.StatusTooManyRequests, "Too many requests", ""},
	internalError:      {http.StatusInternalServerError, "Internal error", "Something went wrong in connectd; its log says what. Try again, and look there."},
	stripeFailed:       {http.StatusBadGateway, "Stripe answered with an error", ""},
	stripeUnanswered:   {http.StatusBadGateway, "Stripe gave no answer", ""},
	stripeRefused:      {http.StatusUnprocessableEntity, "Stripe refused", ""},
	stripeBusy:         {http.StatusTooManyRequests, "Stripe asks for fewer requests", ""},
	cannotTransact:     {http.StatusConflict, "The seller can't transact", ""},
	stripeUnreachable:  {http.StatusServiceUnavailable, "Stripe can't be reached", ""},
	exchangeUnfinished: {http.StatusBadGateway, "The exchange is unfinished", ""},
	busy:               {http.StatusServiceUnavailable, "Too busy", "connectd can't take more just now; try again shortly."},
	unavailable:        {http.StatusServiceUnavailable, "The database can't be asked", "connectd can't ask its database just now; try again shortly. /readyz says when it can."},
	notReady:           {http.StatusServiceUnavailable, "Not ready", ""},
}

// newProblem makes a problem; detail "" is the code's own.
func newProblem(c code, detail string, errs ...fieldError) *problem {
	meaning := problems[c]
	if detail == "" {
		detail = meaning.detail
	}
	headers := http.Header{}
	if c == unavailable {
		headers.Set("Retry-After", "1")
	}
	return &problem{
		headers: headers,
		Type:    "urn:connectd:problem:" + string(c), Title: meaning.title, Status: meaning.status, Detail: detail, Code: c,
		Errors: append([]fieldError{}, errs...),
	}
}

func (p *problem) Error() string { return p.Detail }

// GetStatus makes it an error that huma answers with.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders is asked for by huma, which adds to them.
func (p *problem) GetHeaders() http.Header { return p.headers }

// ContentType is asked for by huma.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// writeProblem answers a request that does not get as far as huma.
func writeProblem(w http.ResponseWriter, p *problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error here is the connection's: nobody is left to tell
}

// maxFieldErrors bounds a problem: a body may hold more wrong values than anyone wants to read.
const maxFieldErrors = 100

// fromHuma makes a problem of what huma finds wrong with a request. Values are left out: they may be secrets.
func fromHuma(status int, _ string, errs ...error) huma.StatusError {
	found := fieldErrors(errs)
	switch status {
	case http.StatusBadRequest:
		// Nothing was read of the body, and so nothing in it can be wrong.
		found = slices.DeleteFunc(found, func(e fieldError) bool { return strings.HasPrefix(e.Location, "body.") })
		return newProblem(malformedBody, "", found...)
	case http.StatusUnprocessableEntity:
		return newProblem(invalid, "", found...)
	case http.StatusNotAcceptable:
		return newProblem(notAcceptable, "")
	}
	return newProblem(internalError, "")
}

// fieldErrors keeps the first error of each location.
func fieldErrors(errs []error) []fieldError {
	var found []fieldError
	seen := map[string]bool{}
	for _, err := range errs {
		e, ok := err.(huma.ErrorDetailer) //nolint:errorlint // huma hands them over unwrapped
		if !ok || len(found) == maxFieldErrors {
			continue
		}
		if at := located(e.ErrorDetail()); !seen[at.Location] {
			seen[at.Location] = true
			found = append(found, at)
		}
	}
	return found
}

// located names the property where huma names only the object that lacks it.
func located(e *huma.ErrorDetail) fieldError {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, ok := strings.CutPrefix(e.Message, before); ok {
		if name, ok = strings.CutSuffix(name, after); ok {
			return fieldError{Location: e.Location + "." + name, Message: "is required"}
		}
	}
	if strings.HasPrefix(e.Message, "invalid date/time") { // huma goes on with Go's layout
		return fieldError{Location: e.Location, Message: momentExpected}
	}
	return fieldError{Location: e.Location, Message: plainNumber(e.Message)}
}

const momentExpected = "expected a moment of RFC 3339, as 2026-03-01T14:03:00Z or, since + is a space in a query, 2026-03-01T15:03:00%2B01:00"

// plainNumber writes a bound out: huma's are floats, and a large one is 2.592e+06 in its words.
func plainNumber(message string) string {
	at := strings.LastIndex(message, " ") + 1
	bound, err := strconv.ParseFloat(message[at:], 64)
	if err != nil || !strings.Contains(message[at:], "e") {
		return message
	}
	return message[:at] + strconv.FormatFloat(bound, 'f', -1, 64)
}

func notFound(w http.ResponseWriter, _ *http.Request) { writeProblem(w, newProblem(unknownPath, "")) }
