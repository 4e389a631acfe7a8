package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is an error as Stripe's API answers it (docs.stripe.com/api/errors).
type apiError struct {
	status  int
	kind    string
	code    string
	message string
	param   string
}

func (e *apiError) Error() string { return e.message }

const (
	invalidRequest = "invalid_request_error"
	apiFailure     = "api_error"
)

type errorEnvelope struct {
	Error errorObject `json:"error"`
}

type errorObject struct {
	Code          string `json:"code,omitempty"`
	DocURL        string `json:"doc_url,omitempty"`
	Message       string `json:"message"`
	Param         string `json:"param,omitempty"`
	RequestLogURL string `json:"request_log_url,omitempty"`
	Type          string `json:"type"`
}

func (e *apiError) body(requestID string) json.RawMessage {
	o := errorObject{Code: e.code, Message: e.message, Param: e.param, Type: e.kind}
	if e.code != "" {
		o.DocURL = "https://stripe.com/docs/error-codes/" + dashed(e.code)
	}
	if requestID != "" {
		o.RequestLogURL = "https://dashboard.stripe.com/test/logs/" + requestID
	}
	body, _ := encode(errorEnvelope{Error: o}) // texts encode
	return body
}

func dashed(code string) string {
	b := []byte(code)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}

func badRequest(code, param, format string, args ...any) *apiError {
	return &apiError{
		status: http.StatusBadRequest, kind: invalidRequest, code: code, param: param, message: fmt.Sprintf(format, args...),
	}
}

func unknownParameter(name string) *apiError {
	return badRequest("parameter_unknown", name, "Received unknown parameter: %s", name)
}

func missingParameter(name string) *apiError {
	return badRequest("parameter_missing", name, "Missing required param: %s.", name)
}

// noSuch is 404 for what the path names and 400 for what a parameter names.
func noSuch(status int, param, what, id string) *apiError {
	e := resourceMissing(param, what, id)
	e.status = status
	return e
}

func resourceMissing(param, what, id string) *apiError {
	return &apiError{
		status: http.StatusNotFound, kind: invalidRequest, code: "resource_missing", param: param,
		message: fmt.Sprintf("No such %s: '%s'", what, id),
	}
}

// accountInvalid is what Stripe answers of any account that the key can't act on, whether there is one or not.
func accountInvalid(key, accountID string) *apiError {
	return &apiError{
		status: http.StatusForbidden, kind: invalidRequest, code: "account_invalid",
		message: fmt.Sprintf("The provided key '%s' does not have access to account '%s' (or that account does not "+
			"exist). Application access may have been revoked.", masked(key), accountID),
	}
}

// platformRequired is what Stripe answers an account that has no accounts (docs.stripe.com/error-codes).
func platformRequired() *apiError {
	return &apiError{
		status: http.StatusForbidden, kind: invalidRequest, code: "platform_account_required",
		message: "Only Stripe Connect platforms can work with other accounts. If you specified a client_id parameter, make " +
			"sure it's correct. If you need to setup a Stripe Connect platform, you can do so at " +
			"https://dashboard.stripe.com/account/applications/settings.",
	}
}

func unauthorized(message string) *apiError {
	return &apiError{status: http.StatusUnauthorized, kind: invalidRequest, message: message}
}

func unrecognizedURL(r *http.Request) *apiError {
	return &apiError{
		status: http.StatusNotFound, kind: invalidRequest,
		message: fmt.Sprintf("Unrecognized request URL (%s: %s). Is there a slash too many or a method that this URL "+
			"does not have?", r.Method, r.URL.Path),
	}
}

// masked is a key with all but its prefix and its last four characters hidden, as Stripe quotes one.
func masked(key string) string {
	const shownPrefix, shownSuffix = len("sk_test_"), 4
	if len(key) < shownPrefix+2*shownSuffix {
		return "****"
	}
	return key[:shownPrefix] + "****" + key[len(key)-shownSuffix:]
}

func emptyParameter(name string) *apiError {
	return badRequest("parameter_invalid_empty", name, "You passed an empty string for '%s'. We assume empty values are an "+
		"attempt to unset a field; however '%s' cannot be unset. You should remove '%s' from your request or supply a "+
		"non-empty value.", name, name, name)
}
