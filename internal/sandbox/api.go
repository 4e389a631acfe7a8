package sandbox

import (
	"encoding/json"
	"net/http"
)

// operation is one method of one URL of the API.
type operation struct {
	method string
	path   string
	run    func(*transaction, *apiRequest) (json.RawMessage, error)
	// rules are its parameters', where the specification does not have the operation.
	rules *rule
}

func (op operation) name() string { return op.method + " " + op.path }

func operations() []operation {
	var all []operation
	all = append(all, accountOperations()...)
	all = append(all, webhookEndpointOperations()...)
	all = append(all, eventOperations()...)
	all = append(all, linkOperations()...)
	all = append(all, productOperations()...)
	all = append(all, priceOperations()...)
	all = append(all, checkoutOperations()...)
	all = append(all, paymentPageOperations()...)
	all = append(all, paymentMethodOperations()...)
	all = append(all, paymentIntentOperations()...)
	return append(all, operation{method: http.MethodGet, path: "/v1/balance", run: retrieveBalance})
}

func (s *Sandbox) routeAPI(mux *http.ServeMux) {
	for _, op := range operations() {
		if op.rules == nil {
			op.rules = operationRules()[op.name()]
		}
		mux.Handle(op.name(), s.stripe(s.limited(s.api(op))))
	}
	unknown := s.stripe(s.limited(s.unrecognized))
	mux.Handle("/v1", unknown)
	mux.Handle("/v1/", unknown)
}

// api answers one operation of the API, in one transaction.
func (s *Sandbox) api(op operation) endpoint {
	return func(r *http.Request, requestID string) *response {
		req, err := readAPIRequest(r, requestID)
		if err != nil {
			return s.errorResponse(err, requestID)
		}
		body, original, err := s.perform(op, req)
		if err != nil {
			return s.errorResponse(err, requestID)
		}
		result := jsonResponse(http.StatusOK, body)
		describe(result.header, r, req)
		if original != "" {
			result.header.Set("Idempotent-Replayed", "true")
			result.header.Set("Original-Request", original)
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

// perform runs the operation; original is the request whose answer is given again, where it is one. What a POST with an
// Idempotency-Key has brought about is kept with its answer, in one transaction, so that it comes about once.
func (s *Sandbox) perform(op operation, req *apiRequest) (body json.RawMessage, original string, err error) {
	run := func(tx *transaction) error {
		if err := admit(tx, op, req); err != nil {
			return err
		}
		if again := replayOf(tx, req); again != nil {
			body, original = again.Body, again.RequestID
			return again.refuseOther(req)
		}
		var err error
		if body, err = op.run(tx, req); err != nil {
			return err
		}
		if body, err = tx.expanded(req, body); err != nil {
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
	return body, original, err
}

func admit(tx *transaction, op operation, req *apiRequest) error {
	if err := tx.authenticate(req); err != nil {
		return err
	}
	if err := tx.permit(req); err != nil {
		return err
	}
	return op.rules.check("", req.form)
}
