package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/access"
)

type list[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

func TestAnEventEndpointIsMadeLookedAtAndDeleted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	made := decode[client.EventEndpoint](s.post("/v1/event-endpoints", `{"url":"https://shop.test/events"}`), http.StatusCreated)
	if !strings.HasPrefix(made.Secret, "whsec_") || made.URL != "https://shop.test/events" || made.Types == nil || len(made.Types) > 0 {
		t.Errorf("%+v", made)
	}
	at := "/v1/event-endpoints/" + made.ID
	got := s.get(at)
	if found := decode[client.EventEndpoint](got, http.StatusOK); found.ID != made.ID || strings.Contains(string(got.body), "secret") {
		t.Errorf("%s", got.body)
	}
	all := decode[list[client.EventEndpoint]](s.get("/v1/event-endpoints"), http.StatusOK)
	if len(all.Data) != 1 || all.NextCursor != nil {
		t.Errorf("%+v", all)
	}
	rotated := decode[client.EventEndpoint](s.post(at+"/rotate", ""), http.StatusOK)
	if rotated.Secret == made.Secret || !strings.HasPrefix(rotated.Secret, "whsec_") {
		t.Errorf("%+v", rotated)
	}
	decode[client.EventEndpoint](s.post(at+"/enable", `{}`), http.StatusOK)
	if gone := s.call(http.MethodDelete, at, ""); gone.status != http.StatusNoContent || len(gone.body) > 0 {
		t.Errorf("%d %s", gone.status, gone.body)
	}
	for _, answer := range []answer{
		s.get(at), s.get(at + "/deliveries"), s.post(at+"/rotate", ""), s.post(at+"/enable", ""), s.post(at+"/test", ""),
		s.call(http.MethodDelete, at, ""), s.post("/v1/deliveries/dlv_none/redeliver", ""),
	} {
		wantProblem(answer, http.StatusNotFound, "not_found")
	}
}

func TestATestEventHasADeliveryThatCanBeAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	made := decode[client.EventEndpoint](s.post("/v1/event-endpoints", `{"url":"http://127.0.0.1:9/"}`), http.StatusCreated)
	at := "/v1/event-endpoints/" + made.ID
	sent := decode[client.Delivery](s.post(at+"/test", ""), http.StatusAccepted)
	if sent.Type != "test" || sent.State != "pending" || sent.NextAttemptAt == nil || !strings.HasPrefix(sent.EventID, "msg_") {
		t.Errorf("%+v", sent)
	}
	again := decode[client.Delivery](s.post("/v1/deliveries/"+sent.ID+"/redeliver", `{}`), http.StatusAccepted)
	if again.EventID != sent.EventID {
		t.Errorf("%+v", again)
	}
	second := decode[client.Delivery](s.post(at+"/test", ""), http.StatusAccepted)
	page := decode[list[client.Delivery]](s.get(at+"/deliveries?limit=1"), http.StatusOK)
	if len(page.Data) != 1 || page.Data[0].ID != second.ID || page.NextCursor == nil || page.Data[0].Attempts == nil {
		t.Fatalf("%+v", page)
	}
	page = decode[list[client.Delivery]](s.get(at+"/deliveries?limit=1&cursor="+*page.NextCursor), http.StatusOK)
	if len(page.Data) != 1 || page.Data[0].ID != sent.ID || page.NextCursor != nil {
		t.Errorf("%+v", page)
	}
	if _, err := s.pool.Exec(t.Context(), "update event_endpoints set disabled_at = created_at"); err != nil {
		t.Fatal(err)
	}
	if off := decode[client.EventEndpoint](s.get(at), http.StatusOK); off.DisabledAt == nil {
		t.Errorf("%+v", off)
	}
	wantProblem(s.post(at+"/test", ""), http.StatusConflict, "conflict")
	wantProblem(s.post("/v1/deliveries/"+sent.ID+"/redeliver", ""), http.StatusConflict, "conflict")
}

func TestWhatEventsAreNotSentToIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for body, at := range map[string]string{
		`{}`: "body.url", `{"url":""}`: "body.url", `{"url":7}`: "body.url", `{"url":"shop.test"}`: "body.url",
		`{"url":"https://10.0.0.1/"}`: "body.url", `{"url":"http://169.254.169.254/"}`: "body.url", `{"url":"https://[fd00::1]/"}`: "body.url",
		`{"url":"https://shop.test/","types":["seller.gone"]}`: "body.types[0]", `{"url":"https://shop.test/","types":["test"]}`: "body.types[0]",
		`{"url":"https://shop.test/","types":"all"}`: "body.types", `{"url":"https://shop.test/","secret":"whsec_x"}`: "body.secret",
		`{"url":"https://shop.test/\u0000"}`: "body.url",
	} {
		wantProblem(s.post("/v1/event-endpoints", body), http.StatusUnprocessableEntity, "invalid", at)
	}
	made := decode[client.EventEndpoint](s.post("/v1/event-endpoints", `{"url":"https://shop.test/","types":null}`), http.StatusCreated)
	wantProblem(s.get("/v1/event-endpoints?limit=1001"), http.StatusUnprocessableEntity, "invalid", "query.limit")
	wantProblem(s.get("/v1/event-endpoints?cursor=none"), http.StatusUnprocessableEntity, "invalid", "query.cursor")
	wantProblem(s.get("/v1/event-endpoints/"+made.ID+"/deliveries?cursor=none"), http.StatusUnprocessableEntity, "invalid", "query.cursor")
}

func TestEventEndpointsNeedAScopeOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var others []access.Scope
	for _, scope := range access.Scopes() {
		if scope != access.EventsWrite {
			others = append(others, scope)
		}
	}
	s.key = s.newKey(others...)
	for _, answer := range []answer{
		s.get("/v1/event-endpoints"), s.post("/v1/event-endpoints", `{"url":"https://shop.test/"}`), s.get("/v1/event-endpoints/ep_1"),
		s.call(http.MethodDelete, "/v1/event-endpoints/ep_1", ""), s.get("/v1/event-endpoints/ep_1/deliveries"),
		s.post("/v1/event-endpoints/ep_1/test", ""), s.post("/v1/event-endpoints/ep_1/rotate", ""),
		s.post("/v1/event-endpoints/ep_1/enable", ""), s.post("/v1/deliveries/dlv_1/redeliver", ""),
	} {
		wantProblem(answer, http.StatusForbidden, "scope_too_small")
	}
}
