package webhook_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	ours "github.com/connectd/connectd/internal/webhook"
)

const million = 1_000_000

// What is odd of an account costs nothing but itself.
func TestOddAccountIsAppliedWithWhatItHas(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string]string{
		"a million characters in metadata":  `,"metadata":{"note":"` + strings.Repeat("m", million) + `"}`,
		"half a million in a name":          `,"settings":{"dashboard":{"display_name":"` + strings.Repeat("n", million/2) + `"}}`,
		"long words":                        `,"country":"` + strings.Repeat("I", 10_000) + `","default_currency":"` + strings.Repeat("e", 10_000) + `"`,
		"long words that are all different": `,"type":"` + noise(10_000) + `","country":"` + noise(10_000) + `","default_currency":"` + noise(10_000) + `"`,
		"a long name that is all different": `,"settings":{"dashboard":{"display_name":"` + noise(100_000) + `"}}`,
		"long requirements":                 `,"requirements":{"currently_due":["` + strings.Repeat("r", 10_000) + `"]}`,
		"100,000 levels of metadata":        `,"metadata":` + strings.Repeat(`{"a":[`, 50_000) + `"]}\"` + `"` + strings.Repeat(`]}`, 50_000),
		"100,000 levels of requirements":    `,"requirements":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000),
		"new parts and values":              `,"type":"new","a_part":{"deep":[1]},"capabilities":{"new":"newer"},"requirements":{"disabled_reason":"new.one"}`,
		"broken UTF-8":                      ",\"settings\":{\"dashboard\":{\"display_name\":\"Bl\xffue \xc3\"}},\"x\":\"\xff\"",
		"NUL and lone surrogates":           `,"settings":{"dashboard":{"display_name":"a\u0000\udfff"}},"capabilities":{"c\u0000\ud800":"a\u0000"}`,
		"numbers as text":                   `,"requirements":{"current_deadline":"1900000000"}`,
		"names that come twice":             `,"charges_enabled":false,"charges_enabled":true`,
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

// noise is a text that can't be made shorter: Postgres compresses what it keeps.
func noise(n int) string {
	var text strings.Builder
	for text.Len() < n {
		text.WriteString(rand.Text())
	}
	return text.String()[:n]
}

// envelope is evt_1, an account.updated of acct_1, with one part of the event, which is there already, as raw.
func envelope(t *testing.T, part, raw string) []byte {
	t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(whole("evt_1", "2023-10-16").json(t), &parts); err != nil {
		t.Fatal(err)
	}
	delete(parts, part)
	body, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	if raw == "" {
		return body
	}
	return []byte(`{"` + part + `":` + raw + `,` + string(body[1:]))
}

func TestPartsOfAnEventMayHaveOtherForms(t *testing.T) {
	t.Parallel()
	now := fmt.Sprint(time.Now().Unix())
	for part, forms := range map[string][]string{
		"livemode": {`"false"`, `0`, `"0"`}, "created": {`"` + now + `"`, now + `.0`, `"` + now + `.0"`},
		"account": {`{"id":"acct_1","object":"account","email":"PRIVATE"}`}, "object": {``, `null`, `{}`},
		"api_version": {``, `null`, `20231016`, `2.5`, `{}`, `["2023-10-16"]`},
	} {
		for _, form := range forms {
			r := newReceiver(t)
			if got := r.deliver(envelope(t, part, form)); got.status != http.StatusOK {
				t.Errorf("%s as %s: %d %s", part, form, got.status, got.body)
				continue
			}
			if k := r.kept("evt_1"); k.Outcome != "applied" || k.Account != "acct_1" || containsPrivate(k.Payload) {
				t.Errorf("%s as %s is kept as %+v", part, form, k)
			}
			r.wantStatus("s1", account.Enabled)
			r.wantReplay("evt_1", registry.Applied, "")
		}
	}
}

func TestEventWhoseModeOrAccountCanNotBeReadIsFailed(t *testing.T) {
	t.Parallel()
	for part, forms := range map[string][]string{
		"livemode": {``, `null`, `"no"`, `2`, `{}`, `[false]`},
		"account":  {`7`, `true`, `{}`, `{"id":["acct_1"]}`, `["acct_1"]`, `"acct_\u0000"`, `"two words"`},
	} {
		for _, form := range forms {
			r := newReceiver(t)
			r.settle("acct_1")
			if got := r.deliver(envelope(t, part, form)); got.status != http.StatusOK {
				t.Errorf("%s as %s: %d %s", part, form, got.status, got.body)
				continue
			}
			k := r.kept("evt_1")
			if k.Outcome != "failed" || !strings.Contains(k.Why, part+" could not be read") || k.Payload == "" {
				t.Errorf("%s as %s is kept as %+v", part, form, k)
			}
			if due := r.isDue("acct_1"); due != (part == "livemode") {
				t.Errorf("%s as %s: due %t", part, form, due)
			}
			r.wantReplay("evt_1", registry.Failed, k.Why)
			r.wantStatus("s1", account.Incomplete)
		}
	}
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
