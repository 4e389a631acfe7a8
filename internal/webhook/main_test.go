package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stripe/stripe-go/v76/webhook"
	"go.uber.org/goleak"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	ours "github.com/connectd/connectd/internal/webhook"
)

func TestMain(m *testing.M) {
	postgres.Main()
	goleak.VerifyTestMain(m)
}

const (
	secret  = "whsec_oneoneoneoneone"
	another = "whsec_twotwotwotwotwo"
)

// receiver is the handler behind a server, on a database of its own in which seller s1 has connected acct_1, an hour ago
// by Stripe's clock.
type receiver struct {
	t        testing.TB
	url      string
	pool     *pgxpool.Pool
	registry *registry.Registry
	refused  atomic.Int64 // deliveries that got no 200
}

func newReceiver(t testing.TB, with ...func(*registry.Config)) *receiver {
	t.Helper()
	r := bareReceiver(t, postgrestest.Pool(t), with...)
	r.grant("s1", "acct_1")
	r.serve(secret, another)
	return r
}

// bareReceiver does not serve yet.
func bareReceiver(t testing.TB, pool *pgxpool.Pool, with ...func(*registry.Config)) *receiver {
	t.Helper()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := registry.Config{Tell: notify.Tell(jobs)}
	for _, change := range with {
		change(&cfg)
	}
	reg, err := registry.New(t.Context(), pool, cfg)
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	return &receiver{t: t, pool: pool, registry: reg}
}

func (r *receiver) grant(sellerID, accountID string) {
	r.t.Helper()
	r.grantAt(sellerID, accountID, time.Now().Add(-time.Hour).Truncate(time.Second))
}

func (r *receiver) grantAt(sellerID, accountID string, at time.Time) {
	r.t.Helper()
	_, err := r.registry.Observe(r.t.Context(), []registry.Observation{
		registry.Granted(registry.Grant{SellerID: sellerID, AccountID: accountID, Interval: account.At(at)}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *receiver) handler(secrets ...string) *ours.Handler {
	return ours.New(ours.Config{Registry: r.registry, Secrets: secrets, Logger: slog.New(slog.DiscardHandler)})
}

// serve serves the handler with these signing secrets.
func (r *receiver) serve(secrets ...string) {
	handler := r.handler(secrets...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		handler.ServeHTTP(&watched{w, r}, req)
	}))
	r.t.Cleanup(server.Close)
	r.url = server.URL
}

// watched counts refusals.
type watched struct {
	http.ResponseWriter
	r *receiver
}

func (w *watched) WriteHeader(status int) {
	w.r.refused.Add(1) // a 200 is never written out
	w.ResponseWriter.WriteHeader(status)
}

// stripeEvent is an event as Stripe sends it. Its zero values are left out of the JSON, so that a test can leave out parts.
type stripeEvent struct {
	ID       string          `json:"id,omitempty"`
	Object   string          `json:"object,omitempty"`
	Type     string          `json:"type,omitempty"`
	Account  string          `json:"account,omitempty"`
	Created  int64           `json:"created,omitempty"`
	Livemode bool            `json:"livemode"`
	Version  string          `json:"api_version,omitempty"`
	Data     stripeEventData `json:"data"`
}

type stripeEventData struct {
	Object json.RawMessage `json:"object,omitempty"`
}

// updated is an account.updated of acct_1, a minute ago, with the account's fields beside its id.
func updated(id, fields string) stripeEvent {
	return stripeEvent{
		ID: id, Object: "event", Type: "account.updated", Account: "acct_1", Created: time.Now().Add(-time.Minute).Unix(),
		Version: "2020-08-27", Data: stripeEventData{json.RawMessage(`{"id":"acct_1","object":"account"` + fields + `}`)},
	}
}

const works = `,"charges_enabled":true,"payouts_enabled":true,"details_submitted":true`

func (e stripeEvent) json(t testing.TB) []byte {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// signed is the header that Stripe sends with the body.
func signed(body []byte, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
}

// answer is what a delivery got.
type answer struct {
	status int
	body   string
	header http.Header
}

// post delivers a body with a signature header, none where it is "".
func (r *receiver) post(body io.Reader, signature, contentType string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if signature != "" {
		req.Header.Set("Stripe-Signature", signature)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Error(err)
		return answer{}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Error(err)
	}
	return answer{res.StatusCode, string(got), res.Header}
}

// deliver posts the body as Stripe does.
func (r *receiver) deliver(body []byte) answer {
	r.t.Helper()
	return r.post(strings.NewReader(string(body)), signed(body, secret, time.Now()), "application/json; charset=utf-8")
}

// take delivers the event and holds that it was stored.
func (r *receiver) take(e stripeEvent) {
	r.t.Helper()
	got := r.deliver(e.json(r.t))
	want := fmt.Sprintf(`{"received":true,"event":{"id":%q,"type":%q}}`, e.ID, e.Type)
	if got.status != http.StatusOK || strings.TrimSpace(got.body) != want {
		r.t.Fatalf("answer %d %s, want 200 %s", got.status, got.body, want)
	}
}

// kept is an event's row.
type kept struct {
	Type    string
	Account string
	Outcome string
	Why     string
	Payload string
}

func (r *receiver) kept(id string) kept {
	r.t.Helper()
	var k kept
	err := r.pool.QueryRow(r.t.Context(), `select type, coalesce(account, ''), outcome, coalesce(why, ''), coalesce(payload, '')
		from stripe_events where id = $1`, id).Scan(&k.Type, &k.Account, &k.Outcome, &k.Why, &k.Payload)
	if err != nil {
		r.t.Fatalf("event %s: %v", id, err)
	}
	return k
}

func (r *receiver) count(sql string) (n int) {
	r.t.Helper()
	if err := r.pool.QueryRow(r.t.Context(), sql).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *receiver) observe(obs ...registry.Observation) ([]registry.Outcome, error) {
	return r.registry.Observe(r.t.Context(), obs)
}

// settle has the account be due in a day, and in no doubt.
func (r *receiver) settle(accountID string) {
	r.t.Helper()
	const sql = "update accounts set next_check_at = $2, claimed_until = null where id = $1"
	if _, err := r.pool.Exec(r.t.Context(), sql, accountID, time.Now().Add(24*time.Hour)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *receiver) isDue(accountID string) bool {
	r.t.Helper()
	var at time.Time
	if err := r.pool.QueryRow(r.t.Context(), "select next_check_at from accounts where id = $1", accountID).Scan(&at); err != nil {
		r.t.Fatal(err)
	}
	return !at.After(time.Now())
}

// told are the events that are to be told, in the order of their jobs.
func (r *receiver) told() []notify.Event {
	r.t.Helper()
	rows, err := r.pool.Query(r.t.Context(), "select args from river_job where kind = 'event' order by id")
	if err != nil {
		r.t.Fatal(err)
	}
	told, err := pgx.CollectRows(rows, pgx.RowTo[notify.Event])
	if err != nil {
		r.t.Fatal(err)
	}
	return told
}

func (r *receiver) status(sellerID string) string {
	r.t.Helper()
	ready, err := r.registry.Readiness(r.t.Context(), sellerID)
	if err != nil {
		r.t.Fatal(err)
	}
	return ready.Status
}

func (r *receiver) wantStatus(sellerID string, want account.Status) {
	r.t.Helper()
	if got := r.status(sellerID); got != string(want) {
		r.t.Errorf("seller %s is %s, want %s", sellerID, got, want)
	}
}
