package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/internal/sandbox"
)

type recorded struct {
	N              int64
	At             time.Time
	Method         string
	Path           string
	Account        string
	IdempotencyKey string `json:"idempotency_key"`
	Status         int
}

func (r *running) requests(since string) []recorded {
	r.t.Helper()
	var got []recorded
	r.do(r.request(http.MethodGet, "/sandbox/requests?since="+since, "")).into(r.t, &got)
	return got
}

// await waits until the condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("%s did not come about", what)
		}
	}
}

func TestHeldRequestAnswersWhatItHadRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	s.control("/sandbox/faults", `[{"method":"GET","path":"/v1/accounts/*","hold_ms":2000,"times":1}]`)
	answered := make(chan answer, 1)
	go func() { answered <- s.api(http.MethodGet, "/v1/accounts/"+id, "") }()
	await(t, "the read", func() bool {
		got := s.requests("0")
		return len(got) == 1 && got[0].Status == http.StatusOK
	})
	s.control("/sandbox/accounts/"+id+"?silent=1", `{"charges_enabled":false}`)
	if len(answered) != 0 {
		t.Error("the request was not held back")
	}
	if held := <-answered; !strings.Contains(held.body, `"charges_enabled":true`) {
		t.Errorf("held request answered what came after its read: %s", held.body)
	}
	if s.object(id)["charges_enabled"] != false {
		t.Error("the change did not come about")
	}
}

func TestDroppedRequestHasDoneItsWork(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/faults", `[{"method":"POST","path":"/v1/accounts","drop":true,"times":1}]`)
	req := s.request(http.MethodPost, "/v1/accounts", "type=express")
	req.Header.Set("Authorization", "Bearer "+s.Platform().Key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.client.Do(req)
	if err == nil {
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		t.Fatalf("dropped request was answered: %d %s", res.StatusCode, body)
	}
	var page struct{ Data []struct{ ID string } }
	s.api(http.MethodGet, "/v1/accounts", "").into(t, &page)
	if len(page.Data) != 1 {
		t.Errorf("accounts after the dropped request: %v", page.Data)
	}
	if got := s.requests("0"); got[0].Status != http.StatusOK || got[0].Path != "/v1/accounts" {
		t.Errorf("record of the dropped request: %+v", got[0])
	}
}

func TestFaultsAnswerInStripesEnvelope(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  string
		status int
		says   string
	}{
		"403":         {`{"path":"/v1/accounts/*","status":403}`, 403, `"code":"account_invalid"`},
		"403 by code": {`{"status":403,"code":"other"}`, 403, `"code":"other"`},
		"429":         {`{"status":429}`, 429, `"code":"rate_limit"`},
		"500":         {`{"method":"get","status":500}`, 500, `"type":"api_error"`},
		"not here":    {`{"path":"/v1/account","status":500}`, 200, `"object":"account"`},
		"not this":    {`{"method":"POST","status":500}`, 200, `"object":"account"`},
		"never":       {`{"status":500,"rate":0}`, 200, `"object":"account"`},
		"late":        {`{"latency_ms":1}`, 200, `"object":"account"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			id := s.account("complete")
			s.control("/sandbox/faults", "["+test.fault+"]")
			if a := s.api(http.MethodGet, "/v1/accounts/"+id, ""); a.status != test.status || !strings.Contains(a.body, test.says) {
				t.Errorf("%d %s", a.status, a.body)
			}
			s.control("/sandbox/faults", "[]")
			if a := s.api(http.MethodGet, "/v1/accounts/"+id, ""); a.status != http.StatusOK {
				t.Errorf("after the faults were cleared: %d", a.status)
			}
		})
	}
}

func TestFaultHappensAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/faults", `[{"status":503,"times":2}]`)
	var got []int
	for range 3 {
		got = append(got, s.api(http.MethodGet, "/v1/account", "").status)
	}
	if diff := cmp.Diff([]int{503, 503, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestStopDoesNotWaitForHeldRequests(t *testing.T) {
	t.Parallel()
	s := open(t, sandbox.Config{})
	s.control("/sandbox/faults", `[{"latency_ms":3600000}]`)
	answered := make(chan answer, 1)
	go func() { answered <- s.api(http.MethodGet, "/v1/account", "") }()
	await(t, "the request", func() bool { return len(s.requests("0")) == 1 })
	s.stop()
	if a := <-answered; a.status != http.StatusOK {
		t.Errorf("request in flight: %d %s", a.status, a.body)
	}
}

func TestRequestsAreRecordedAndCounted(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	s.api(http.MethodGet, "/v1/accounts/"+id, "")
	s.api(http.MethodGet, "/v1/accounts/acct_nobody", "")
	s.api(http.MethodGet, "/v1/accounts/acct_none", "")
	got := s.requests("1")
	if len(got) != 2 || got[0].N != 2 || got[1].N != 3 || got[1].Path != "/v1/accounts/acct_none" ||
		got[1].Method != http.MethodGet || got[1].Status != http.StatusForbidden || got[1].At.IsZero() {
		t.Errorf("requests: %+v", got)
	}
	var stats struct {
		Total int
		By    []struct {
			Method, Path  string
			Status, Count int
		}
	}
	s.do(s.request(http.MethodGet, "/sandbox/stats", "")).into(t, &stats)
	if stats.Total != 3 || len(stats.By) != 2 || stats.By[1].Path != "/v1/accounts/{id}" || stats.By[1].Count != 2 ||
		stats.By[1].Status != http.StatusForbidden {
		t.Errorf("stats: %+v", stats)
	}
}

// TestRequestsAreCountedByTheirRoute: words in a path are no ids, whatever they look like, and ids are, whatever they
// look like.
func TestRequestsAreCountedByTheirRoute(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{
		"/v1/payment_methods/pm_1", "/v1/payment_methods/odd", "/v1/checkout/sessions/cs_test_1/line_items", "/v1/payment_intents",
		"/v1/webhook_endpoints", "/v1/nothing/at_all", "/v1/nothing", "/v1//accounts", "/oauth/authorize?client_id=none",
	} {
		s.api(http.MethodGet, path, "")
	}
	var stats struct {
		By []struct {
			Path  string
			Count int
		}
	}
	s.do(s.request(http.MethodGet, "/sandbox/stats", "")).into(t, &stats)
	got := map[string]int{}
	for _, by := range stats.By {
		got[by.Path] += by.Count
	}
	want := map[string]int{
		"/v1/payment_methods/{id}": 2, "/v1/checkout/sessions/{id}/line_items": 1, "/v1/payment_intents": 1, "/v1/webhook_endpoints": 1,
		"/v1/": 2, "/": 1, "/oauth/authorize": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestLimitAnswers429PastIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.control("/sandbox/limit", `{"per_second":1}`)
	var refused answer
	await(t, "a refusal", func() bool {
		refused = s.api(http.MethodGet, "/v1/account", "")
		return refused.status == http.StatusTooManyRequests
	})
	if refused.header.Get("Stripe-Rate-Limited-Reason") == "" || !strings.Contains(refused.body, `"code":"rate_limit"`) {
		t.Errorf("refusal: %v %s", refused.header, refused.body)
	}
	s.control("/sandbox/limit", `{"per_second":0}`)
	for range 5 {
		if a := s.api(http.MethodGet, "/v1/account", ""); a.status != http.StatusOK {
			t.Errorf("after the limit was lifted: %d", a.status)
		}
	}
}

func TestManyAccountsAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	var batch struct {
		Count       int
		First, Last string
	}
	s.control("/sandbox/accounts", `{"persona":"enabled","count":250}`).into(t, &batch)
	if batch.Count != 250 || s.object(batch.First)["id"] != batch.First || s.object(batch.Last)["id"] != batch.Last {
		t.Errorf("batch: %+v", batch)
	}
}

func TestControlsRefuseWithASentence(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := s.account("complete")
	for name, test := range map[string]struct {
		path, body string
		status     int
	}{
		"malformed":        {"/sandbox/accounts", `{`, 400},
		"unknown field":    {"/sandbox/accounts", `{"colour":"red"}`, 400},
		"two values":       {"/sandbox/accounts", `{} {}`, 400},
		"unknown persona":  {"/sandbox/accounts", `{"persona":"hero"}`, 400},
		"bad id":           {"/sandbox/accounts", `{"id":"seller"}`, 400},
		"taken id":         {"/sandbox/accounts", `{"id":"` + id + `"}`, 409},
		"no count":         {"/sandbox/accounts", `{"count":0}`, 400},
		"patch of nobody":  {"/sandbox/accounts/acct_nobody", `{}`, 404},
		"patch by a list":  {"/sandbox/accounts/" + id, `[]`, 400},
		"patch of the id":  {"/sandbox/accounts/" + id, `{"id":"acct_2"}`, 400},
		"silent perhaps":   {"/sandbox/accounts/" + id + "?silent=perhaps", `{}`, 400},
		"event of no type": {"/sandbox/events", `{}`, 400},
		"unknown event":    {"/sandbox/events/evt_none/redeliver", ``, 404},
		"unknown mode":     {"/sandbox/delivery", `{"mode":"sometimes"}`, 400},
		"fault of 99":      {"/sandbox/faults", `[{"status":99}]`, 400},
		"null fault":       {"/sandbox/faults", `[null]`, 400},
		"negative limit":   {"/sandbox/limit", `{"per_second":-1}`, 400},
		"clock by a word":  {"/sandbox/clock", `{"advance":"soon"}`, 400},
		"unknown lack":     {"/sandbox/keys", `{"without":["accounts","nopeperm"]}`, 400},
		"unknown platform": {"/sandbox/platforms/acct_none", `{"oauth":false}`, 404},
		"unknown path":     {"/sandbox/nothing", ``, 404},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(s.request(http.MethodPost, test.path, test.body))
			if a.status != test.status || !strings.HasPrefix(a.body, `{"error":"`) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestOverviewShowsAccountsAndDeliveries(t *testing.T) {
	t.Parallel()
	s := start(t)
	rec := s.receiver(always(http.StatusOK))
	id := s.account("complete")
	s.control("/sandbox/accounts/"+id, `{"charges_enabled":false}`)
	e := rec.next()
	await(t, "the delivery on the page", func() bool {
		a := s.do(s.request(http.MethodGet, "/", ""))
		return strings.Contains(a.body, id) && strings.Contains(a.body, e.ID) && strings.Contains(a.body, ">200</span>")
	})
}
