package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/registry"
)

type eventPage struct {
	Data       []client.StripeEvent `json:"data"`
	NextCursor *string              `json:"next_cursor"`
}

// fail stores an account.updated of the account, of a minute from now, that could not be read.
func (s server) fail(id, accountID, payload string) {
	s.t.Helper()
	_, err := s.registry.Observe(s.t.Context(), []registry.Observation{registry.Unreadable(registry.Event{
		ID: id, Type: "account.updated", Account: accountID, Created: time.Now().Add(time.Minute).Truncate(time.Second), Payload: payload,
	}, "no reader")})
	if err != nil {
		s.t.Fatal(err)
	}
}

// off is the payload of an account.updated that says that the account can't take payments.
func off(id, accountID string) string {
	return `{"id":"` + id + `","object":"event","type":"account.updated","account":"` + accountID + `","created":4102444800,"livemode":false,
		"data":{"object":{"id":"` + accountID + `","object":"account","charges_enabled":false,"payouts_enabled":true,"details_submitted":true}}}`
}

func TestAnEventIsItsRow(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.fail("evt_1", "acct_1", `{"id":"evt_1"}`)
	got := s.get("/v1/events/evt_1")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(got.body, &fields); err != nil || got.status != http.StatusOK {
		t.Fatalf("%v: %d %s", err, got.status, got.body)
	}
	for _, moment := range []string{"created", "received_at"} {
		if _, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(fields[moment])); err != nil {
			t.Error(err)
		}
		delete(fields, moment)
	}
	want := map[string]json.RawMessage{
		"id": json.RawMessage(`"evt_1"`), "type": json.RawMessage(`"account.updated"`), "account": json.RawMessage(`"acct_1"`),
		"outcome": json.RawMessage(`"failed"`), "why": json.RawMessage(`"no reader"`), "payload": json.RawMessage(`{"id":"evt_1"}`),
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreListedFilteredInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if got := s.get("/v1/events"); string(got.body) != `{"data":[],"next_cursor":null}`+"\n" {
		t.Errorf("%d %s", got.status, got.body)
	}
	began := time.Now().Add(-time.Second)
	s.fail("evt_1", "acct_1", "")
	s.fail("evt_2", "acct_2", "")
	s.observe(registry.Granted(registry.Grant{SellerID: "s1", AccountID: "acct_1"}))
	s.observe(registry.Noted(registry.Event{ID: "evt_3", Type: "payout.failed", Account: "acct_1", Created: time.Now()}))
	first := decode[eventPage](s.get("/v1/events?limit=2"), http.StatusOK)
	if first.NextCursor == nil {
		t.Fatal("no next page")
	}
	second := decode[eventPage](s.get("/v1/events?limit=2&cursor="+*first.NextCursor), http.StatusOK)
	if got := idsOf(append(first.Data, second.Data...)); got != "evt_3 evt_2 evt_1" || second.NextCursor != nil {
		t.Errorf("%s, next cursor %v", got, second.NextCursor)
	}
	past := url.QueryEscape(began.Format(time.RFC3339Nano))
	for query, want := range map[string]string{
		"outcome=failed": "evt_2 evt_1", "outcome=applied": "evt_3", "outcome=": "evt_3 evt_2 evt_1", "type=payout.failed": "evt_3",
		"type=payout": "", "account=acct_1": "evt_3 evt_1", "account=acct_1&outcome=failed": "evt_1",
		"received_after=" + past: "evt_3 evt_2 evt_1", "received_before=" + past: "",
	} {
		if got := idsOf(decode[eventPage](s.get("/v1/events?"+query), http.StatusOK).Data); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

func idsOf(events []client.StripeEvent) string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return strings.Join(ids, " ")
}

func TestWrongQueriesOfEventsAreToldWhere(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for query, location := range map[string]string{
		"outcome=raced": "query.outcome", "type=a%00": "query.type", "account=%ff": "query.account", "limit=0": "query.limit",
		"limit=1001": "query.limit", "cursor=x": "query.cursor", "received_after=now": "query.received_after",
		"received_before=yesterday": "query.received_before", "status=failed": "query.status",
		"type=" + strings.Repeat("a", 256): "query.type",
	} {
		wantProblem(s.get("/v1/events?"+query), http.StatusUnprocessableEntity, "invalid", location)
	}
}

func TestAnyQueryOfEventsIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.fail("evt_1", "acct_1", "")
	names := []string{"outcome", "type", "account", "received_after", "received_before", "limit", "cursor", "x"}
	rapid.Check(t, func(rt *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(1, 3).Draw(rt, "n") {
			query.Set(rapid.SampledFrom(names).Draw(rt, "name"), rapid.OneOf(
				rapid.String(), rapid.SampledFrom([]string{"failed", "' or true --", "10", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}),
			).Draw(rt, "value"))
		}
		got := s.get("/v1/events?" + query.Encode())
		if got.status != http.StatusOK && got.status != http.StatusUnprocessableEntity {
			rt.Fatalf("%s: %d %s", query.Encode(), got.status, got.body)
		}
	})
}

func TestReplayAnswersTheEventAsItIsThen(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	acct := s.connect("s1", "complete")
	s.fail("evt_1", acct, off("evt_1", acct))
	for _, body := range []string{"", "{}"} {
		got := decode[client.StripeEvent](s.post("/v1/events/evt_1/replay", body), http.StatusAccepted)
		if got.ID != "evt_1" || got.Outcome != "applied" || got.Why != nil {
			t.Errorf("%+v", got)
		}
	}
	if got := decode[client.Readiness](s.get("/v1/sellers/s1/readiness"), http.StatusOK); got.CanTransact {
		t.Errorf("%+v", got)
	}
}

func TestReplaysThatCantBeAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.fail("evt_1", "acct_1", "")
	wantProblem(s.post("/v1/events/evt_1/replay", ""), http.StatusConflict, "conflict")
	for _, id := range []string{"evt_none", "a%00b", "%ff", "a%2Fb"} {
		wantProblem(s.post("/v1/events/"+id+"/replay", ""), http.StatusNotFound, "not_found")
		wantProblem(s.get("/v1/events/"+id), http.StatusNotFound, "not_found")
	}
	wantProblem(s.post("/v1/events/evt_none/replay", `{"force":true}`), http.StatusUnprocessableEntity, "invalid", "body.force")
}
