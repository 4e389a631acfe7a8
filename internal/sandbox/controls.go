package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// control answers a request to the sandbox's own side; what it answers is JSON.
type control func(r *http.Request) (json.RawMessage, error)

// controlError is a mistake of the caller, said in a sentence.
type controlError struct {
	status   int
	sentence string
}

func (e *controlError) Error() string { return e.sentence }

func refuse(status int, format string, args ...any) error {
	return &controlError{status, fmt.Sprintf(format, args...)}
}

type controlErrorObject struct {
	Error string `json:"error"`
}

func (s *Sandbox) routeControls(mux *http.ServeMux) {
	for pattern, answer := range map[string]control{
		"POST /sandbox/accounts":                  s.makeAccounts,
		"GET /sandbox/accounts/{id}":              s.showAccount,
		"POST /sandbox/accounts/{id}":             s.patchAccount,
		"POST /sandbox/accounts/{id}/deauthorize": s.deauthorizeAccount,
		"POST /sandbox/events":                    s.makeEvent,
		"POST /sandbox/events/{id}/redeliver":     s.redeliverEvent,
		"POST /sandbox/delivery":                  s.setDelivery,
		"POST /sandbox/faults":                    s.setFaults,
		"POST /sandbox/limit":                     s.setLimit,
		"GET /sandbox/requests":                   s.listRequests,
		"GET /sandbox/stats":                      s.countRequests,
		"POST /sandbox/platforms":                 s.makePlatform,
		"POST /sandbox/platforms/{account}":       s.setPlatform,
		"POST /sandbox/keys":                      s.makeKey,
		"POST /sandbox/clock":                     s.advanceClock,
		"POST /sandbox/checkout":                  s.makeCheckout,
		"GET /sandbox/mail":                       s.listMail,
	} {
		mux.Handle(pattern, s.controlled(answer))
	}
	mux.Handle("/sandbox/", s.controlled(func(r *http.Request) (json.RawMessage, error) {
		return nil, refuse(http.StatusNotFound, "The sandbox has no %s %s.", r.Method, r.URL.Path)
	}))
}

// controlled refuses what another site has a browser do here: no key guards the controls.
func (s *Sandbox) controlled(answer control) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := s.work(r, "", nil, func(r *http.Request, _ string) *response {
			if err := s.foreigners.refuse(r); err != nil {
				return s.controlFailure(r, err)
			}
			body, err := answer(r)
			if err != nil {
				return s.controlFailure(r, err)
			}
			return jsonResponse(http.StatusOK, body)
		})
		result.write(w, s.now())
	})
}

// failure is the status and the sentence of an error.
func (s *Sandbox) failure(r *http.Request, err error) (status int, sentence string) {
	var refused *controlError
	var stripes *apiError
	switch {
	case errors.As(err, &refused):
		return refused.status, refused.sentence
	case errors.As(err, &stripes):
		return stripes.status, stripes.message
	}
	s.logger.Error("request failed by a mistake of the sandbox", "path", r.URL.Path, "error", err)
	return http.StatusInternalServerError, "The sandbox made a mistake."
}

func (s *Sandbox) controlFailure(r *http.Request, err error) *response {
	status, sentence := s.failure(r, err)
	body, _ := encode(controlErrorObject{sentence}) // texts encode
	return jsonResponse(status, body)
}

// readJSON reads the body into what it is meant to be. Of nothing it makes the zero value.
func readJSON[T any](r *http.Request) (T, error) {
	var into T
	body, err := readJSONBody(r)
	if err != nil || len(body) == 0 {
		return into, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&into); err != nil {
		return into, refuse(http.StatusBadRequest, "The body can't be read: %v.", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return into, refuse(http.StatusBadRequest, "The body has something behind its JSON value.")
	}
	return into, nil
}

func readJSONBody(r *http.Request) ([]byte, error) {
	body, err := readBody(r)
	var refused *apiError
	if errors.As(err, &refused) {
		return nil, refuse(refused.status, "%s", refused.message)
	}
	return bytes.TrimSpace(body), err
}
