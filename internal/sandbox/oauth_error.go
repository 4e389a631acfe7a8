package sandbox

import (
	"errors"
	"net/http"
)

// oauthError is an error of the OAuth endpoints (docs.stripe.com/connect/oauth-reference).
type oauthError struct {
	status      int
	code        string
	description string
}

func (e *oauthError) Error() string { return e.description }

type oauthErrorObject struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) response() *response {
	body, _ := encode(oauthErrorObject{e.code, e.description}) // texts encode
	return jsonResponse(e.status, body)
}

func invalidOAuthRequest(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_request", description}
}

func invalidGrant(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_grant", description}
}

func invalidClient(description string) *oauthError {
	return &oauthError{http.StatusUnauthorized, "invalid_client", description}
}

// oauthErrorResponse answers in OAuth's form what it has one for.
func (s *Sandbox) oauthErrorResponse(err error, requestID string) *response {
	var refused *oauthError
	if errors.As(err, &refused) {
		return refused.response()
	}
	return s.errorResponse(err, requestID)
}
