package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// replayOf is what was answered to this Idempotency-Key before, or nil (docs.stripe.com/api/idempotent_requests). Only
// what came about is remembered: a request that was refused has brought about nothing.
func replayOf(tx *transaction, req *apiRequest) *rememberedResponse {
	if !req.idempotent() {
		return nil
	}
	r := tx.responses[req.responseKey()]
	if r == nil || tx.now.Sub(r.At) >= responsesKept {
		return nil
	}
	return r
}

// refuseOther refuses a request that has the key and says something else.
func (r *rememberedResponse) refuseOther(req *apiRequest) error {
	if r.Fingerprint == req.fingerprint() {
		return nil
	}
	return &apiError{
		status: http.StatusBadRequest, kind: "idempotency_error",
		message: fmt.Sprintf("Keys for idempotent requests can only be used with the same parameters they were first "+
			"used with. Try using a key other than '%s' if you meant to execute a different request.", req.idempotencyKey),
	}
}

func remember(tx *transaction, req *apiRequest, body json.RawMessage) {
	if !req.idempotent() {
		return
	}
	tx.change.Answers = append(tx.change.Answers, rememberedResponse{
		Key: req.responseKey(), Fingerprint: req.fingerprint(), Body: body, RequestID: req.id, At: tx.now,
	})
}

func (req *apiRequest) idempotent() bool {
	return req.method == http.MethodPost && req.idempotencyKey != ""
}

// responseKey keeps the keys of platforms and of their accounts apart.
func (req *apiRequest) responseKey() string {
	return strings.Join([]string{req.platform.Account, req.acting.ID, req.idempotencyKey}, " ")
}

func (req *apiRequest) fingerprint() string {
	return req.method + " " + req.path + " " + req.form.fingerprint()
}

// cause is the request as the events that it brings about name it.
func (req *apiRequest) cause() *eventRequest {
	return &eventRequest{ID: &req.id, IdempotencyKey: pointerTo(req.idempotencyKey)}
}
