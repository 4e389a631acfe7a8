package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
)

func TestReadinessSaysWhetherAndWhyNot(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	able, unable := s.connect("able", "complete"), s.connect("un.able:7@x_-", "restricted")

	yes := decode[client.Readiness](s.get("/v1/sellers/able/readiness"), http.StatusOK)
	if !yes.CanTransact || yes.Status != "enabled" || *yes.AccountID != able || len(yes.Reasons) != 0 {
		t.Errorf("%+v", yes)
	}
	no := decode[client.Readiness](s.get("/v1/sellers/un.able%3A7%40x_-/readiness"), http.StatusOK)
	if no.CanTransact || no.Status != "restricted" || *no.AccountID != unable || no.Reasons[0].Who == "" {
		t.Errorf("%+v", no)
	}
	if no.Version <= yes.Version {
		t.Errorf("versions %d, %d", yes.Version, no.Version)
	}
}

func TestReadinessOfAnUnknownSellerIsNotConnected(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	got := s.get("/v1/sellers/nobody/readiness")
	ready := decode[client.Readiness](got, http.StatusOK)
	if ready.CanTransact || ready.Status != "not_connected" || ready.Version != 0 || ready.AccountID != nil {
		t.Errorf("%+v", ready)
	}
	if codes := reasonCodes(ready); !cmp.Equal(codes, []string{"not_connected"}) {
		t.Errorf("reasons %v", codes)
	}
	for _, empty := range []string{`"currently_due":[]`, `"errors":[]`, `"account_id":null`, `"as_of":null`} {
		if !strings.Contains(string(got.body), empty) {
			t.Errorf("no %s in %s", empty, got.body)
		}
	}
	if strings.Contains(string(got.body), "$schema") {
		t.Error("the body has a $schema")
	}
}

func reasonCodes(r client.Readiness) []string {
	codes := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		codes[i] = reason.Code
	}
	return codes
}

func TestSellerIDsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, id := range map[string]string{
		"a slash":           "a%2Fb",
		"a dot":             ".",
		"two dots":          "..",
		"two encoded dots":  "%2e%2e",
		"NUL":               "a%00b",
		"a line feed":       "a%0Ab",
		"a space":           "a%20b",
		"not UTF-8":         "%ff",
		"another alphabet":  "%C3%A9",
		"nothing":           "",
		"256 characters":    strings.Repeat("a", 256),
		"a question mark":   "a%3Fb",
		"an encoded escape": "a%252Fb",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.get("/v1/sellers/" + id + "/readiness")
			got.t = t
			wantProblem(got, http.StatusUnprocessableEntity, "invalid", "path.seller_id")
		})
	}
	longest := strings.Repeat("a", 255)
	if got := s.get("/v1/sellers/" + longest + "/readiness"); got.status != http.StatusOK {
		t.Errorf("255 characters: %d", got.status)
	}
}

// TestAPositionBeyondTheFeedIsAnsweredWithWhatThereIs, and with how far the feed has come.
func TestAPositionBeyondTheFeedIsAnsweredWithWhatThereIs(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("s1", "complete")
	for _, query := range []string{"", "?min_position=0", "?min_position=1", "?min_position=9223372036854775807"} {
		got := s.get("/v1/sellers/s1/readiness" + query)
		ready := decode[client.Readiness](got, http.StatusOK)
		if !ready.CanTransact || positionOf(t, got) != ready.Version {
			t.Errorf("%s: position %d, version %d, %s", query, positionOf(t, got), ready.Version, ready.Status)
		}
	}
}

func TestAPositionIsAskedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, query := range []string{"min_position=0&min_position=1", "min_position=-1", "min_position=x", "min_position=9223372036854775808"} {
		got := s.get("/v1/sellers/nobody/readiness?" + query)
		wantProblem(got, http.StatusUnprocessableEntity, "invalid", "query.min_position")
	}
}

func TestManyAreAnsweredInTheOrderAsked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.connect("b", "complete")
	s.connect("a", "restricted")

	type many struct{ Data []client.Readiness }
	got := decode[many](s.post("/v1/readiness", `{"seller_ids":["b","nobody","a","b"]}`), http.StatusOK)
	var answered []string
	for _, r := range got.Data {
		answered = append(answered, r.SellerID+" "+r.Status)
	}
	want := []string{"b enabled", "nobody not_connected", "a restricted", "b enabled"}
	if diff := cmp.Diff(want, answered); diff != "" {
		t.Error(diff)
	}
	one := decode[client.Readiness](s.get("/v1/sellers/b/readiness"), http.StatusOK)
	if diff := cmp.Diff(one, got.Data[0]); diff != "" {
		t.Errorf("one and many differ:\n%s", diff)
	}
	if none := s.post("/v1/readiness", `{"seller_ids":[]}`); string(none.body) != `{"data":[]}`+"\n" {
		t.Errorf("none: %d %s", none.status, none.body)
	}
}

func TestManyAreAThousand(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	type many struct{ Data []client.Readiness }
	if got := decode[many](s.post("/v1/readiness", manyBody(1000)), http.StatusOK); len(got.Data) != 1000 {
		t.Errorf("%d answers", len(got.Data))
	}
	wantProblem(s.post("/v1/readiness", manyBody(1001)), http.StatusUnprocessableEntity, "invalid", "body.seller_ids")
}

func manyBody(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%q", fmt.Sprintf("s%d", i))
	}
	return `{"seller_ids":[` + strings.Join(ids, ",") + `]}`
}
