package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

// at asks for a past moment.
func (s server) at(sellerID string, at time.Time) answer {
	s.t.Helper()
	return s.get("/v1/sellers/" + sellerID + "/readiness?at=" + url.QueryEscape(at.Format(time.RFC3339Nano)))
}

func TestThePastIsToldWithItsEvidence(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	before := time.Now()
	acct := s.connect("s1", "complete")
	able := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)
	open := time.Now()
	s.control("accounts/"+acct+"?silent=1", `{"charges_enabled":false}`)
	if err := s.checker.Check(t.Context(), acct, registry.Recheck); err != nil {
		t.Fatal(err)
	}
	unable := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK)

	none := s.at("s1", before)
	if past := decode[client.PastReadiness](none, http.StatusOK); past.Evidence != nil || past.Readiness.Status != "not_connected" {
		t.Errorf("before: %s", none.body)
	}
	for at, want := range map[time.Time]client.Readiness{open: able, time.Now(): unable} {
		got := s.at("s1", at)
		past := decode[client.PastReadiness](got, http.StatusOK)
		if diff := cmp.Diff(want, past.Readiness); diff != "" {
			t.Error(diff)
		}
		e := past.Evidence
		if e == nil || e.Position != want.Version || e.RequestID == nil || e.EventID != nil || e.PolicyVersion != 1 || e.At.After(at) {
			t.Errorf("evidence %+v", e)
		}
		if positionOf(t, got) != unable.Version {
			t.Errorf("position %d, want %d", positionOf(t, got), unable.Version)
		}
	}
	local := open.In(time.FixedZone("", -5*3600))
	if past := decode[client.PastReadiness](s.at("s1", local), http.StatusOK); !past.Readiness.CanTransact {
		t.Errorf("in another zone: %+v", past)
	}
}

func TestMomentsThatCanNotBeAnswered(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const now = "2026-03-01T14:03:00Z"
	for _, query := range []string{
		"at=", "at=yesterday", "at=2026-03-01", "at=1772373780", "at=" + now + "&at=" + now, "at=9999-12-31T23:59:59Z",
		"at=" + now + "&max_age=1m", "at=" + now + "&min_position=1", "at=2026-03-01T14:03:00+01:00", // "+" is a space in a query
		fmt.Sprint("at=", url.QueryEscape(time.Now().Add(time.Hour).Format(time.RFC3339))),
	} {
		wantProblem(s.get("/v1/sellers/nobody/readiness?"+query), http.StatusUnprocessableEntity, "invalid", "query.at")
	}
	wrong := s.get("/v1/sellers/nobody/readiness?at=2026-03-01T14:03:00+01:00")
	if said := string(wrong.body); !strings.Contains(said, "RFC 3339") || !strings.Contains(said, "%2B") {
		t.Errorf("it does not say what to write: %s", said)
	}
	got := s.at("nobody", time.Now().Add(-time.Hour))
	if string(got.body) != `{"readiness":`+trimmed(s.get("/v1/sellers/nobody/readiness"))+`,"evidence":null}`+"\n" {
		t.Errorf("an unknown seller: %s", got.body)
	}
}

func trimmed(a answer) string { return string(a.body[:len(a.body)-1]) }
