package sandbox

import (
	"encoding/json"
	"net/http"
)

// operation is one method of one URL of the API.
type operation struct {
	method     string
	path       string
	parameters []string
	run        func(*transaction, *apiRequest) (json.RawMessage, error)
}

var pageParameters = []string{"limit", "starting_after", "ending_before"}

func operations() []operation {
	var all []operation
	all = append(all, accountOperations()...)
	all = append(all, webhookEndpointOperations()...)
	all = append(all, eventOperations()...)
	return append(all, operation{http.MethodGet, "/v1/balance", nil, retrieveBalance})
}

func (s *Sandbox) routeAPI(mux *http.ServeMux) {
	for _, op := range operations() {
		mux.Handle(op.method+" "+op.path, s.stripe(s.limited(s.api(op))))
	}
	mux.Handle("/v1/", s.stripe(s.limited(func(r *http.Request, requestID string) *response {
		return s.errorResponse(unrecognizedURL(r), requestID)
	})))
}

// api answers one operation of the API, in one transaction.
func (s *Sandbox) api(op operation) endpoint {
	return func(r *http.Request, requestID string) *response {
		req, err := readAPIRequest(r, requestID)
		if err != nil {
			return s.errorResponse(err, requestID)
		}
		body, replayed, err := s.perform(op, req)
		if err != nil {
			return s.errorResponse(err, requestID)
		}
		result := jsonResponse(http.StatusOK, body)
		describe(result.header, r, req)
		if replayed {
			result.header.Set("Idempotent-Replayed", "true")
		}
		return result
	}
}

// describe adds the headers by which Stripe says how it has understood a request.
func describe(header http.Header, r *http.Request, req *apiRequest) {
	version := r.Header.Get("Stripe-Version")
	if version == "" {
		version = apiVersion
	}
	header.Set("Stripe-Version", version)
	if req.accountHeader != "" {
		header.Set("Stripe-Account", req.accountHeader)
	}
	if req.idempotencyKey != "" {
		header.Set("Idempotency-Key", req.idempotencyKey)
	}
}

// perform runs the operation. What a POST with an Idempotency-Key has brought about is kept with its answer, in one
// transaction, so that it comes about once.
func (s *Sandbox) perform(op operation, req *apiRequest) (body json.RawMessage, replayed bool, err error) {
	run := func(tx *transaction) error {
		if err := admit(tx, op, req); err != nil {
			return err
		}
		if again := replayOf(tx, req); again != nil {
			body, replayed = again.Body, true
			return again.refuseOther(req)
		}
		var err error
		if body, err = op.run(tx, req); err != nil {
			return err
		}
		remember(tx, req, body)
		return nil
	}
	if op.method == http.MethodGet {
		err = s.state.view(run)
	} else {
		err = s.state.update(run)
	}
	return body, replayed, err
}

func admit(tx *transaction, op operation, req *apiRequest) error {
	if err := tx.authenticate(req); err != nil {
		return err
	}
	if err := tx.permit(req); err != nil {
		return err
	}
	return req.refuseUnknown(op.parameters)
}
