package sandbox

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody is the largest request body taken, in bytes.
const maxBody = 1 << 20

// apiRequest is a request to Stripe's API after it was read: who asks, on whose account, and for what.
type apiRequest struct {
	id             string
	key            string
	accountHeader  string
	idempotencyKey string
	method         string
	path           string
	pathID         string
	form           *parameter
	// origin is where the caller reaches the sandbox: links lead there.
	origin string

	// platform and acting are found in the transaction: whose key it is, and the account that the request is about.
	platform *platform
	acting   *account
}

// isOfAccount tells whether the request is made on a connected account, which is no platform.
func (req *apiRequest) isOfAccount() bool {
	return req.acting != nil && req.acting.ID != req.platform.Account
}

func readAPIRequest(r *http.Request, id string) (*apiRequest, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	req := &apiRequest{
		id: id, key: presentedKey(r), accountHeader: r.Header.Get("Stripe-Account"),
		idempotencyKey: r.Header.Get("Idempotency-Key"),
		method:         r.Method, path: r.URL.Path, pathID: r.PathValue("id"), form: form, origin: "http://" + r.Host,
	}
	if len(req.idempotencyKey) > 255 {
		return nil, badRequest("", "", "Idempotency keys may have at most 255 characters")
	}
	return req, nil
}

// readForm reads the query and the body as one form.
func readForm(r *http.Request) (*parameter, error) {
	raw := r.URL.RawQuery
	if r.Method != http.MethodGet {
		body, err := readBody(r)
		if err != nil {
			return nil, err
		}
		if len(body) > 0 && !isForm(r.Header.Get("Content-Type")) {
			return nil, badRequest("", "", "Invalid request (check that your POST content type is "+
				"application/x-www-form-urlencoded). If you have questions, see https://stripe.com/docs/api.")
		}
		raw += "&" + string(body)
	}
	return decodeForm(raw)
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &apiError{
			status: http.StatusRequestEntityTooLarge, kind: invalidRequest, message: "The request's body is larger than 1 MiB.",
		}
	}
	if err != nil {
		return nil, badRequest("", "", "The request's body can't be read.")
	}
	return body, nil
}

// isForm takes a missing type too: some clients send none.
func isForm(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/x-www-form-urlencoded"
}

// presentedKey is the key of a Bearer token or, in basic auth, of the user name (docs.stripe.com/api/authentication).
func presentedKey(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return user
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
