package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

const examplesFile = "examples.json"

type example struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// TestExamplesAreWhatIsAnswered: the document's examples are this test's requests, and what they were answered.
func TestExamplesAreWhatIsAnswered(t *testing.T) {
	t.Parallel()
	recorder := recorder{newServer(t), map[string]example{}}
	recorder.walk()
	got := recorder.text()
	if *update {
		if err := os.WriteFile(examplesFile, got, 0o644); err != nil { //nolint:gosec // it is there to be read
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(examplesFile)
	if err != nil {
		t.Fatal(err)
	}
	var recorded, answered any // fields have no order: what was stored and what is in memory differ in it
	unmarshal(t, want, &recorded)
	unmarshal(t, got, &answered)
	if diff := cmp.Diff(recorded, answered); diff != "" {
		t.Errorf("after a change that is meant: make golden (-recorded +answered)\n%s", diff)
	}
}

const (
	soundAccount = "acct_1Q9YzKLmN4pRsTuV"
	oddAccount   = "acct_1QaBcDeFgHiJkLmN"
)

// walk makes one request of each operation.
func (r recorder) walk() {
	r.hold("shop-42", soundAccount, "complete")
	r.hold("shop-7", oddAccount, "document_failed")
	r.do("get-health", "GET", "/healthz", "")
	r.do("get-ready", "GET", "/readyz", "")
	r.do("get-readiness", "GET", "/v1/sellers/shop-7/readiness", "")
	r.do("get-readiness-batch", "POST", "/v1/readiness", `{"seller_ids":["shop-42","shop-99"]}`)
	r.do("list-readiness", "GET", "/v1/readiness?limit=1", "")
	r.do("list-changes", "GET", "/v1/changes?limit=1", "")
	r.stream()
	r.do("list-accounts", "GET", "/v1/accounts?limit=1", "")
	r.do("get-account", "GET", "/v1/accounts/"+oddAccount, "")
	r.do("list-account-changes", "GET", "/v1/accounts/"+oddAccount+"/changes?limit=1", "")
	r.do("recheck-account", "POST", "/v1/accounts/"+oddAccount+"/recheck", `{}`)
	r.fail("evt_1Q9YzKLmN4pRsTuV", soundAccount, off("evt_1Q9YzKLmN4pRsTuV", soundAccount))
	r.do("list-events", "GET", "/v1/events?outcome=failed", "")
	r.do("get-event", "GET", "/v1/events/evt_1Q9YzKLmN4pRsTuV", "")
	r.do("replay-event", "POST", "/v1/events/evt_1Q9YzKLmN4pRsTuV/replay", `{}`)
	r.scans()
	r.endpoints()
	r.do("create-onboarding-link", "POST", "/v1/onboarding-links", `{"seller_id":"shop-43","email":"ada@example.com","return_url":"https://shop.test/connected","expires_in":604800}`)
	r.do("create-oauth-state", "POST", "/v1/oauth-states", `{"seller_id":"shop-43","redirect_uri":"https://shop.test/stripe"}`)
	r.verify()
	r.do("create-product", "POST", "/v1/sellers/shop-43/products", `{"name":"A bowl","description":"Thrown by hand","metadata":{"sku":"bowl-1"}}`)
	r.do("create-checkout-session", "POST", "/v1/sellers/shop-43/checkout-sessions", `{"line_items":[{"quantity":2,"price_data":{"currency":"eur","unit_amount":2400,`+
		`"product_data":{"name":"A bowl"}}}],"success_url":"https://shop.test/thanks","application_fee_percent":10}`)
	r.do("reassign-account", "POST", "/v1/accounts/"+soundAccount+"/reassign", `{"seller_id":"shop-44"}`)
	r.do("unlink-account", "POST", "/v1/accounts/"+oddAccount+"/unlink", `{"force":true}`)
	r.do("erase-seller", "DELETE", "/v1/sellers/shop-7", "")
}

type recorder struct {
	server
	examples map[string]example
}

// hold makes the seller hold an account of that id.
func (r recorder) hold(sellerID, accountID, persona string) {
	r.t.Helper()
	r.control("accounts", `{"persona":"`+persona+`","id":"`+accountID+`"}`)
	r.observe(registry.Granted(registry.Grant{SellerID: sellerID, AccountID: accountID, Interval: account.At(time.Now())}))
	if err := r.checker.Check(r.t.Context(), accountID, registry.OAuth); err != nil {
		r.t.Fatal(err)
	}
}

func (r recorder) do(operationID, method, path, body string) {
	r.t.Helper()
	got := r.call(method, path, body)
	if got.status/100 != 2 {
		r.t.Fatalf("%s: %d %s", operationID, got.status, got.body)
	}
	r.record(operationID, body, got.body)
}

func (r recorder) record(operationID, request string, answer []byte) {
	r.examples[operationID] = example{Request: steady([]byte(request)), Answer: steady(answer)}
}

func (r recorder) stream() {
	r.t.Helper()
	var sent strings.Builder
	snapshot := decode[client.SnapshotPage](r.get("/v1/readiness"), http.StatusOK)
	epoch, _, _ := strings.Cut(snapshot.FeedCursor, ".")
	events := r.server.stream(r.key, "?after="+epoch+".0")
	for lines := 0; lines < 4 && events.scanner.Scan(); { // one event, with its blank line
		line := events.scanner.Text()
		if lines > 0 || strings.HasPrefix(line, "id") {
			lines++
			sent.WriteString(line + "\n")
		}
	}
	text, err := json.Marshal(string(steady([]byte(sent.String()))))
	if err != nil {
		r.t.Fatal(err)
	}
	r.examples["stream-changes"] = example{Answer: text}
}

func (r recorder) scans() {
	r.t.Helper()
	r.do("start-scan", "POST", "/v1/scans", `{"all":true,"method":"retrieve"}`)
	r.scan()
	r.do("list-scans", "GET", "/v1/scans?limit=1", "")
	var id string
	err := r.pool.QueryRow(r.t.Context(), "update scans set state = 'braked', held_back = 1, finished_at = null returning id").Scan(&id)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do("get-scan", "GET", "/v1/scans/"+id, "")
	r.do("resume-scan", "POST", "/v1/scans/"+id+"/resume", `{}`)
	r.scan()
}

func (r recorder) endpoints() {
	r.t.Helper()
	r.do("create-event-endpoint", "POST", "/v1/event-endpoints", `{"url":"https://shop.test/connectd","types":["seller.readiness.changed","seller.disconnected"]}`)
	var id, deliveryID string
	if err := r.pool.QueryRow(r.t.Context(), "select id from event_endpoints").Scan(&id); err != nil {
		r.t.Fatal(err)
	}
	r.do("list-event-endpoints", "GET", "/v1/event-endpoints?limit=1", "")
	r.do("get-event-endpoint", "GET", "/v1/event-endpoints/"+id, "")
	r.do("rotate-event-endpoint", "POST", "/v1/event-endpoints/"+id+"/rotate", `{}`)
	r.do("test-event-endpoint", "POST", "/v1/event-endpoints/"+id+"/test", `{}`)
	err := r.pool.QueryRow(r.t.Context(), `update deliveries set tries = 1, attempts = jsonb_build_array(
		jsonb_build_object('at', created_at, 'status', 503, 'error', 'answered 503')) returning id`).Scan(&deliveryID)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do("list-deliveries", "GET", "/v1/event-endpoints/"+id+"/deliveries?limit=1", "")
	r.do("redeliver", "POST", "/v1/deliveries/"+deliveryID+"/redeliver", `{}`)
	r.do("enable-event-endpoint", "POST", "/v1/event-endpoints/"+id+"/enable", `{}`)
	r.do("delete-event-endpoint", "DELETE", "/v1/event-endpoints/"+id, "")
}

func (r recorder) verify() {
	r.t.Helper()
	r.control("accounts", `{"persona":"complete","id":"acct_1QxYzAbCdEfGhIjK","connected":false}`)
	state, code := r.grant("shop-43", "account=acct_1QxYzAbCdEfGhIjK")
	r.do("verify-stripe", "POST", "/api/verifyStripe", `{"code":"`+code+`","state":"`+state+`"}`)
}

func (r recorder) text() []byte {
	r.t.Helper()
	text, err := json.MarshalIndent(r.examples, "", "  ")
	if err != nil {
		r.t.Fatal(err)
	}
	return append(text, '\n')
}

// moments are what stands for a time of a field's in the examples.
var moments = map[string]string{
	"expires_at": "2026-12-04T09:30:00Z", "next_check_at": "2026-12-24T16:05:11Z", "current_deadline": "2026-11-20T09:30:00Z",
	"deadline": "2026-11-20T09:30:00Z", "connected_at": "2026-11-27T09:29:58Z", "as_of_from": "2026-11-27T09:29:59Z",
}

var (
	timeField = regexp.MustCompile(`"(\w+)":"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)
	steadied  = []struct {
		found *regexp.Regexp
		put   string
	}{
		{regexp.MustCompile(`/connect/[\w-]{43}`), "/connect/wF3k9TzQm1vXc7RbYs2LdHj5NpGa8UeOi4KxVt6ZqMo"},
		{regexp.MustCompile(`"state":"[\w-]{43}`), `"state":"Xc7RbYs2LdHj5NpGa8UeOi4KxVt6ZqMowF3k9TzQm1v`},
		{regexp.MustCompile(`state=[\w-]{43}`), `state=Xc7RbYs2LdHj5NpGa8UeOi4KxVt6ZqMowF3k9TzQm1v`},
		{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "https://connect.stripe.com"},
		{regexp.MustCompile(`http://connectd\.test`), "https://connectd.example.com"},
		{regexp.MustCompile(`shop\.test`), "shop.example.com"},
		{regexp.MustCompile(`\bac_\w+`), "ac_PqRsTuVwXyZaBcDeFgHiJkLm"},
		{regexp.MustCompile(`\bca_\w+`), "ca_PqRsTuVwXyZaBcDeFgHiJkLm"},
		{regexp.MustCompile(`\b(prod|cs_test|pi)_\w+`), "${1}_Rs7TuVwXyZaBcD"},
		{regexp.MustCompile(`\breq_\w+`), "req_Ab12Cd34Ef56Gh"},
		{regexp.MustCompile(`\bkey_[0-9a-f]+`), "key_0f1e2d3c4b5a6978"},
		{regexp.MustCompile(`\bep_\w+`), "ep_0645a3f0c1d2e8k3m5n7p9r2t"},
		{regexp.MustCompile(`\bdlv_\w+`), "dlv_0645a3f0c1d2e8k3m5n7p9r2t"},
		{regexp.MustCompile(`\bmsg_\w+`), "msg_K3M5N7P9R2T4V6X8Z2B4D6F8H2"},
		{regexp.MustCompile(`whsec_[\w+/=]+`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="},
		{regexp.MustCompile(`"rate":[\d.]+`), `"rate":20`},
		{regexp.MustCompile(`(_cursor":"|id: )\d+\.`), "${1}1."},
		{regexp.MustCompile(`"(created|updated|expires_at)":\d+`), `"$1":1795771800`},
		{regexp.MustCompile(`"next_cursor":"[\w-]{20,}"`), `"next_cursor":"MS4yIHNob3AtNDI"`},
		{regexp.MustCompile(`"id":"(scan_|[0-9a-f-]{16,})\w*"`), `"id":"scan_4b5a69780f1e2d3c"`},
	}
)

// steady replaces what differs from run to run.
func steady(text []byte) json.RawMessage {
	var compact bytes.Buffer
	if json.Compact(&compact, text) == nil { // what was stored is told with Postgres's spaces
		text = compact.Bytes()
	}
	text = timeField.ReplaceAllFunc(text, func(found []byte) []byte {
		name := string(timeField.FindSubmatch(found)[1])
		at := moments[name]
		if at == "" {
			at = "2026-11-27T09:30:00Z"
		}
		return []byte(`"` + name + `":"` + at + `"`)
	})
	for _, s := range steadied {
		text = s.found.ReplaceAll(text, []byte(s.put))
	}
	return text
}
