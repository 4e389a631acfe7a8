package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	ours "github.com/connectd/connectd/internal/webhook"
)

const million = 1_000_000

// What is odd of an account costs nothing but itself.
func TestOddAccountIsAppliedWithWhatItHas(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string]string{
		"a million characters in metadata": `,"metadata":{"note":"` + strings.Repeat("m", million) + `"}`,
		"half a million in a name":         `,"settings":{"dashboard":{"display_name":"` + strings.Repeat("n", million/2) + `"}}`,
		"long words":                       `,"country":"` + strings.Repeat("I", 10_000) + `","default_currency":"` + strings.Repeat("e", 10_000) + `"`,
		"long requirements":                `,"requirements":{"currently_due":["` + strings.Repeat("r", 10_000) + `"]}`,
		"100,000 levels of metadata":       `,"metadata":` + strings.Repeat(`{"a":[`, 50_000) + `"]}\"` + `"` + strings.Repeat(`]}`, 50_000),
		"100,000 levels of requirements":   `,"requirements":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000),
		"new parts and values":             `,"type":"new","a_part":{"deep":[1]},"capabilities":{"new":"newer"},"requirements":{"disabled_reason":"new.one"}`,
		"broken UTF-8":                     ",\"settings\":{\"dashboard\":{\"display_name\":\"Bl\xffue \xc3\"}},\"x\":\"\xff\"",
		"NUL and lone surrogates":          `,"settings":{"dashboard":{"display_name":"a\u0000\udfff"}},"capabilities":{"c\u0000\ud800":"a\u0000"}`,
		"numbers as text":                  `,"requirements":{"current_deadline":"1900000000"}`,
		"names that come twice":            `,"charges_enabled":false,"charges_enabled":true`,
	} {
		r := newReceiver(t)
		e := string(updated("evt_1", works).json(t))
		body := strings.Replace(e, works, works+parts, 1)
		if got := r.deliver([]byte(body)); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.status, got.body)
			continue
		}
		if k := r.kept("evt_1"); k.Outcome != "applied" {
			t.Errorf("%s is kept as %.300v", name, k)
		}
		ready, err := r.registry.Readiness(t.Context(), "s1")
		if err != nil || !ready.CanTransact {
			t.Errorf("%s: %s, %v", name, ready.Status, err)
		}
	}
}

func TestTimeOfAnEventMayBeText(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := strings.Replace(string(updated("evt_1", works).json(t)), `"created":1`, `"created":"1`, 1)
	body = strings.Replace(body, `,"livemode"`, `","livemode"`, 1)
	if got := r.deliver([]byte(body)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	r.wantStatus("s1", account.Enabled)
}

func TestEventWithoutDataIsFailed(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for id, data := range map[string]string{"evt_1": `null`, "evt_2": `[]`, "evt_3": `"x"`, "evt_4": `{"object":null}`} {
		body := strings.Replace(string(updated(id, "").json(t)), `"data":{"object":{"id":"acct_1","object":"account"}}`, `"data":`+data, 1)
		if got := r.deliver([]byte(body)); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", data, got.status, got.body)
		}
		if k := r.kept(id); k.Outcome != "failed" || k.Why != "the event has no account object" {
			t.Errorf("%s is kept as %+v", data, k)
		}
	}
}

// FuzzDelivery: whatever Stripe signs, the answer is a 200, or a 400 for what is no event; what was stored can be read again.
func FuzzDelivery(f *testing.F) {
	r := bareReceiver(f, postgrestest.Pool(f))
	r.grant("s1", "acct_1")
	handler := r.handler(secret)
	for _, e := range []stripeEvent{
		whole("evt_1", "2023-10-16"), updated("evt_2", personal), updated("evt_3", `,"requirements":[{}],"capabilities":{"a":{}}`),
		happened("evt_4", "payout.failed", `{"id":"po_1"}`), happened("evt_5", "person.updated", `null`),
		happened("evt_6", "checkout.session.completed", session(`,"payment_status":"paid"`)),
		happened("evt_7", "account.application.deauthorized", `{}`), happened("evt_8", "charge.succeeded", `{}`),
	} {
		f.Add(e.json(f))
	}
	f.Add([]byte(`{"id":"evt_9","object":"event","type":"account.updated","account":"acct_1","created":"1","data":[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(string(body)))
		req.Header.Set("Stripe-Signature", signed(body, secret, time.Now()))
		res := httptest.NewRecorder()
		handler.ServeHTTP(res, req)
		if res.Code != http.StatusOK && res.Code != http.StatusBadRequest {
			t.Fatalf("%d %s", res.Code, res.Body)
		}
		for _, payload := range takePayloads(t, r.pool) {
			if _, err := ours.Reread(payload); err != nil {
				t.Errorf("%v: %s", err, payload)
			}
		}
	})
}

// takePayloads takes away what is stored, so that the next may come with the same id.
func takePayloads(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "with gone as (delete from stripe_events returning payload) select payload from gone where payload is not null")
	if err != nil {
		t.Fatal(err)
	}
	payloads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return payloads
}
