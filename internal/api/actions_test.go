package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
)

func TestARecheckFindsWhatNobodyTold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	s.control("accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	for _, body := range []string{"", "{}"} {
		got := s.post("/v1/accounts/"+id+"/recheck", body)
		ready := decode[client.Readiness](got, http.StatusOK)
		if ready.CanTransact || ready.Status != "restricted" || ready.SellerID != "s1" {
			t.Errorf("%+v", ready)
		}
		if position := positionOf(t, got); position < ready.Version {
			t.Errorf("position %d has not seen version %d", position, ready.Version)
		}
	}
}

func TestARecheckOfADisconnectedAccountIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "unsupported")
	s.control("accounts/"+id+"/deauthorize?silent=1", `{}`)
	found := decode[client.Readiness](s.post("/v1/accounts/"+id+"/recheck", ""), http.StatusOK)
	if found.Status != "disconnected" || found.CanTransact || *found.AccountID != id {
		t.Errorf("%+v", found)
	}
	wantProblem(s.post("/v1/accounts/"+id+"/recheck", ""), http.StatusConflict, "conflict")
}

func TestARecheckTellsStripesErrorFromNoAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	recheck := func() answer { return s.post("/v1/accounts/"+id+"/recheck", "") }
	for _, c := range []struct {
		name, fault string
		status      int
		code        string
		stripe      string
	}{
		{"a fault", `"status":500`, 502, "stripe_error", "api_error"},
		{"too many requests", `"status":429`, 502, "stripe_error", "rate_limit"},
		{"a wrong key", `"status":401`, 502, "stripe_error", ""},
		{"no answer", `"drop":true`, 503, "stripe_unreachable", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.control("faults", `[{"method":"GET","path":"/v1/accounts/*",`+c.fault+`}]`)
			got := recheck()
			got.t = t
			p := wantProblem(got, c.status, c.code)
			if (p.Stripe != nil) != (c.status == http.StatusBadGateway) {
				t.Fatalf("stripe %+v", p.Stripe)
			}
			if c.stripe != "" && p.Stripe.Code != c.stripe {
				t.Errorf("Stripe's code %q, want %q", p.Stripe.Code, c.stripe)
			}
			if p.Stripe != nil && p.Stripe.RequestID == "" {
				t.Error("no request id")
			}
		})
	}
	s.control("faults", `[]`)
	decode[client.Readiness](recheck(), http.StatusOK)
}

func TestAWorkingAccountIsUnlinkedOnlyByForce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "complete")
	path := "/v1/accounts/" + id + "/unlink"
	for _, body := range []string{"", "{}", `{"force":false}`} {
		wantProblem(s.post(path, body), http.StatusConflict, "conflict")
	}
	weak := s.newKey(access.AccountsWrite)
	refused := s.callAs(weak, http.MethodPost, path, `{"force":true}`)
	wantProblem(refused, http.StatusForbidden, "scope_too_small")
	if got := refused.header.Get("WWW-Authenticate"); !strings.Contains(got, `scope="accounts:force"`) {
		t.Errorf("WWW-Authenticate is %q", got)
	}
	if got := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK); !got.CanTransact {
		t.Fatalf("a refused unlink changed readiness: %+v", got)
	}

	got := s.post(path, `{"force":true}`)
	ready := decode[client.Readiness](got, http.StatusOK)
	if ready.Status != "disconnected" || ready.CanTransact || positionOf(t, got) < ready.Version {
		t.Errorf("position %d: %+v", positionOf(t, got), ready)
	}
}

func TestAnAccountThatCannotWorkIsUnlinked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "rejected")
	weak := s.newKey(access.AccountsWrite)
	for _, body := range []string{"", `{"force":false}`, "{}"} { // the second and third find it done already
		got := decode[client.Readiness](s.callAs(weak, http.MethodPost, "/v1/accounts/"+id+"/unlink", body), http.StatusOK)
		if got.Status != "disconnected" || *got.AccountID != id {
			t.Errorf("%q: %+v", body, got)
		}
	}
	wantProblem(s.callAs(weak, http.MethodPost, "/v1/accounts/acct_none/unlink", `{"force":true}`), http.StatusForbidden, "scope_too_small")
}

func TestAnUnlinkWithoutStripesAnswerIsNotDone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.connect("s1", "rejected")
	s.control("faults", `[{"path":"/oauth/deauthorize","status":500}]`)
	got := s.post("/v1/accounts/"+id+"/unlink", "")
	wantProblem(got, http.StatusBadGateway, "stripe_unanswered")
	if got := decode[client.Account](s.get("/v1/accounts/"+id), http.StatusOK); got.DisconnectedAt != nil {
		t.Errorf("disconnected at %v", got.DisconnectedAt)
	}
}
