package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/sandboxtest"
)

const (
	killSenders = 32
	killSecret  = "whsec_killedundertheload"
)

// TestWhatWasAnsweredSurvivesKill9 kills connectd, and with it its Postgres, while signed events keep coming. What was
// answered 200 is there when it has started again; what was in flight is delivered again, and has had its effect once.
func TestWhatWasAnsweredSurvivesKill9(t *testing.T) {
	t.Parallel()
	dataDir := dataWithAccounts(t, killSenders)
	box := sandboxtest.Start(t)
	box.Fail(sandboxtest.Fault{Path: "/v1/accounts/*", Status: http.StatusInternalServerError}) // it knows none of them
	load := newLoad(t, killSenders)
	for round := range 2 {
		p, ready := serve(t, box, dataDir)
		load.url = ready.BaseURL + "/api/connectWebhook"
		load.deliverUntil(func() {
			before := load.answered.Load()
			waittest.Until(t, "events to be stored", func() bool { return load.answered.Load() >= before+300 })
			p.Signal(t, syscall.SIGKILL)
		})
		t.Logf("kill %d: %d deliveries were in flight, %d events had been stored", round+1, load.inFlight, load.answered.Load())
		if load.inFlight == 0 {
			t.Error("no delivery was in flight")
		}
	}
	_, ready := serve(t, box, dataDir)
	pool, err := pgxpool.New(t.Context(), ready.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	load.holdAnswered(pool)
	load.url = ready.BaseURL + "/api/connectWebhook"
	load.finish()
	load.holdAnswered(pool)
	load.holdNothingElse(pool)
}

// dataWithAccounts is a data folder of serve's in which so many sellers are connected, checked and due in weeks.
func dataWithAccounts(t testing.TB, n int) string {
	dir, err := os.MkdirTemp("/tmp", "connectd-") //nolint:usetesting // where the server's own user can enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	logger := slog.New(slog.DiscardHandler)
	server, err := postgres.StartServer(t.Context(), postgres.ServerConfig{DataDir: filepath.Join(dir, "postgres"), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	if err := postgres.MigrateUp(t.Context(), server.URL(), logger); err != nil {
		t.Fatal(err)
	}
	connectAccounts(t, server.URL(), n)
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func connectAccounts(t testing.TB, database string, n int) {
	pool, err := pgxpool.New(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	at := account.At(time.Now().Add(-time.Hour))
	for i := range n {
		id := fmt.Sprintf("acct_%d", i)
		granted := registry.Granted(registry.Grant{SellerID: fmt.Sprintf("s%d", i), AccountID: id, Interval: at})
		checked := registry.Retrieved(registry.Retrieval{AccountID: id, Source: registry.Recheck, Revision: 1, Interval: at}, account.Facts{})
		if outs, err := r.Observe(t.Context(), []registry.Observation{granted, checked}); err != nil || outs[1].Result != registry.Applied {
			t.Fatal(outs, err)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func serve(t testing.TB, box *sandboxtest.Sandbox, dataDir string) (*process, app.Ready) {
	return start(t, []string{
		"STRIPE_SECRET_KEY=" + box.Key, "STRIPE_OAUTH_CLIENT_ID=" + box.ClientID,
		"STRIPE_ENDPOINT_SECRET=" + killSecret, "STRIPE_API_BASE=" + box.URL, "STRIPE_CONNECT_BASE=" + box.URL,
	}, "serve", "--addr", "127.0.0.1:0", "--data-dir", dataDir)
}

// load delivers signed events of as many accounts as there are senders, each account's in their order.
type load struct {
	t        testing.TB
	url      string
	began    int64 // by Stripe's clock
	sent     []int // of each sender, events that were answered 200
	answered atomic.Int64
	inFlight int // deliveries without an answer, when the process was killed
	ended    atomic.Bool
}

func newLoad(t testing.TB, senders int) *load {
	return &load{t: t, began: time.Now().Unix(), sent: make([]int, senders)}
}

// deliverUntil delivers until kill has ended the process that answers.
func (l *load) deliverUntil(kill func()) {
	l.ended.Store(false)
	inFlight := make([]bool, len(l.sent))
	var sending sync.WaitGroup
	for i := range l.sent {
		sending.Go(func() {
			for !l.ended.Load() {
				if inFlight[i] = !l.deliver(i); inFlight[i] {
					return
				}
			}
		})
	}
	kill()
	l.ended.Store(true)
	sending.Wait()
	l.inFlight = 0
	for _, was := range inFlight {
		if was {
			l.inFlight++
		}
	}
}

// finish delivers once more what had no answer.
func (l *load) finish() {
	for i := range l.sent {
		if !l.deliver(i) {
			l.t.Errorf("sender %d got no answer", i)
		}
	}
}

// deliver delivers a sender's next event; an answer that is not 200 is an error, and none is not.
func (l *load) deliver(sender int) (answered bool) {
	next := l.sent[sender] + 1
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"account.updated","account":"acct_%d","created":%d,"livemode":false,"data":{"object":
		{"id":"acct_%d","object":"account","charges_enabled":%t,"payouts_enabled":true,"details_submitted":true}}}`,
		eventID(sender, next), sender, l.began+int64(next), sender, next%2 == 1)
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: killSecret})
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return false
	}
	req.Header.Set("Stripe-Signature", signed.Header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		l.t.Errorf("answered %s %s", res.Status, text)
		return false
	}
	l.sent[sender] = next
	l.answered.Add(1)
	return true
}

func eventID(sender, n int) string { return fmt.Sprintf("evt_%d_%d", sender, n) }

// holdAnswered: what was answered 200 is there with its effect, a change.
func (l *load) holdAnswered(pool *pgxpool.Pool) {
	var want []string
	for sender, n := range l.sent {
		for i := 1; i <= n; i++ {
			want = append(want, eventID(sender, i))
		}
	}
	var events, changes int
	err := pool.QueryRow(l.t.Context(), `select (select count(*) from stripe_events where id = any($1) and outcome = 'applied'),
		(select count(*) from account_changes where event_id = any($1))`, want).Scan(&events, &changes)
	if err != nil {
		l.t.Fatal(err)
	}
	if events != len(want) || changes != len(want) {
		l.t.Errorf("%d events were answered 200: %d are there, with %d changes", len(want), events, changes)
	}
}

// holdNothingElse: no event made a second change, and all there is was answered in the end.
func (l *load) holdNothingElse(pool *pgxpool.Pool) {
	var events, changes, distinct int
	err := pool.QueryRow(l.t.Context(), `select (select count(*) from stripe_events), count(*), count(distinct event_id)
		from account_changes where event_id is not null`).Scan(&events, &changes, &distinct)
	if err != nil {
		l.t.Fatal(err)
	}
	if int64(events) != l.answered.Load() || changes != events || distinct != events {
		l.t.Errorf("%d events were answered 200: %d are there, with %d changes by %d events", l.answered.Load(), events, changes, distinct)
	}
}
