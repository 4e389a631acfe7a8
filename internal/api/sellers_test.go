package api_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/connectd/connectd/client"
)

func TestAnAccountIsReassigned(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct, other := s.connect("s1", "complete"), s.connect("s3", "complete")
	got := decode[client.Readiness](s.post("/v1/accounts/"+acct+"/reassign", `{"seller_id":"s2"}`), http.StatusOK)
	if got.SellerID != "s2" || *got.AccountID != acct || !got.CanTransact {
		t.Errorf("the new holder: %+v", got)
	}
	if former := s.get("/v1/sellers/s1/readiness"); !bytes.Contains(former.body, []byte(`"status":"disconnected"`)) {
		t.Errorf("the former holder: %s", former.body)
	}
	wantProblem(s.post("/v1/accounts/"+acct+"/reassign", `{"seller_id":"s3"}`), http.StatusConflict, "conflict")
	wantProblem(s.post("/v1/accounts/acct_none/reassign", `{"seller_id":"s4"}`), http.StatusNotFound, "not_found")
	wantProblem(s.post("/v1/accounts/"+other+"/reassign", `{"seller_id":"a b"}`), http.StatusUnprocessableEntity, "invalid", "body.seller_id")
	wantProblem(s.post("/v1/accounts/"+other+"/reassign", `{}`), http.StatusUnprocessableEntity, "invalid", "body.seller_id")
}

func TestASellerIsErased(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "unsupported")
	wantProblem(s.call(http.MethodDelete, "/v1/sellers/s1", ""), http.StatusConflict, "conflict")
	decode[client.Readiness](s.post("/v1/accounts/"+acct+"/unlink", `{"force":true}`), http.StatusOK)
	if got := s.call(http.MethodDelete, "/v1/sellers/s1", ""); got.status != http.StatusNoContent || len(got.body) > 0 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	got := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)
	if got.DisplayName != nil || got.Status != "disconnected" {
		t.Errorf("the erased seller: %+v", got)
	}
	wantProblem(s.call(http.MethodDelete, "/v1/sellers/nobody", ""), http.StatusNotFound, "not_found")
}
