package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// clock is a time that a test moves, and that goes on by a millisecond whenever it is looked at.
type clock struct {
	at   atomic.Int64
	real bool // in benchmarks
}

func newClock(at time.Time) *clock {
	c := &clock{}
	c.set(at)
	return c
}

func (c *clock) now() time.Time {
	if c.real {
		return time.Now()
	}
	return time.UnixMicro(c.at.Add(1000)).UTC()
}

func (c *clock) set(at time.Time)        { c.at.Store(at.UnixMicro()) }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

// stage is a database with a registry whose clock the test has, and what tells of its changes.
type stage struct {
	t         testing.TB
	pool      *pgxpool.Pool
	registry  *registry.Registry
	jobs      *river.Client[pgx.Tx] // inserts
	endpoints *notify.Endpoints
	clock     *clock
	log       *testlog.Buffer
	queues    *notify.Queues // with work

	events int // of Stripe's so far
}

func newStage(t testing.TB) *stage {
	t.Helper()
	return newStageOn(t, postgrestest.Pool(t))
}

func newStageOn(t testing.TB, pool *pgxpool.Pool) *stage {
	t.Helper()
	s := &stage{t: t, pool: pool, log: &testlog.Buffer{}, clock: newClock(time.Now())}
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), s.clock.now()); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.jobs, err = river.NewClient(riverpgxv5.New(pool), &river.Config{FetchCooldown: time.Millisecond, Logger: s.logger()}); err != nil {
		t.Fatal(err)
	}
	s.registry, err = registry.New(t.Context(), pool, registry.Config{
		Now: s.clock.now, Tell: notify.Tell(s.jobs), Erase: notify.Erase, Logger: s.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, s.registry)
	s.endpoints = notify.NewEndpoints(notify.EndpointsConfig{Pool: pool, Jobs: s.jobs, Now: s.clock.now, Logger: s.logger(), Changed: func() {
		if s.queues != nil {
			s.queues.Changed()
		}
	}})
	return s
}

func (s *stage) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s.log, nil)) }

// work starts what delivers, as app does.
func (s *stage) work(cfg notify.SenderConfig) {
	s.t.Helper()
	sender := notify.NewSender(cfg)
	s.t.Cleanup(sender.Close)
	workers := river.NewWorkers()
	river.AddWorker(workers, &notify.Worker{Pool: s.pool, Jobs: s.jobs, Now: s.clock.now})
	river.AddWorker(workers, notify.NewCourier(s.pool, sender, s.clock.now))
	jobs, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}, Workers: workers, JobTimeout: 10 * time.Second,
		SoftStopTimeout: time.Second, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := jobs.Start(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
	s.queues = notify.NewQueues(s.pool, jobs, s.logger())
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var running sync.WaitGroup
	running.Go(func() { s.queues.Run(ctx) })
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
		if err := jobs.Stop(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
}

func (s *stage) follower() *notify.Follower {
	return notify.NewFollower(notify.FollowerConfig{
		Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge, More: func() <-chan struct{} { return nil }, Now: s.clock.now, Logger: s.logger(),
	})
}

// follow has all changes told.
func (s *stage) follow() {
	s.t.Helper()
	for {
		told, err := s.follower().Step(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if told == 0 {
			return
		}
	}
}

func (s *stage) endpoint(url string, types ...string) client.EventEndpoint {
	s.t.Helper()
	made, err := s.endpoints.Create(s.t.Context(), notify.EndpointParams{URL: url, Types: types, By: account.Actor{Name: "test"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *stage) deliveries(e client.EventEndpoint) []client.Delivery {
	s.t.Helper()
	found, _, err := s.endpoints.Deliveries(s.t.Context(), e.ID, "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func (s *stage) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) count(sql string, args ...any) (n int) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), sql, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// connect has the seller hold an account, of which nothing is known yet.
func (s *stage) connect(sellerID, accountID string) {
	s.t.Helper()
	s.observe(registry.Granted(registry.Grant{SellerID: sellerID, AccountID: accountID, Interval: account.At(s.clock.now())}))
}

// report has Stripe report facts of the account, a second after what was reported before.
func (s *stage) report(accountID string, f account.Facts) {
	s.t.Helper()
	s.observe(registry.Reported(s.event(accountID), f))
}

func (s *stage) deauthorize(accountID string) {
	s.t.Helper()
	s.observe(registry.Deauthorized(s.event(accountID)))
}

func (s *stage) event(accountID string) registry.Event {
	s.events++
	s.clock.advance(2 * time.Second)
	return registry.Event{ID: fmt.Sprintf("evt_%d", s.events), Type: "account.updated", Account: accountID, Created: s.clock.now()}
}

func (s *stage) observe(o registry.Observation) {
	s.t.Helper()
	outs, err := s.registry.Observe(s.t.Context(), []registry.Observation{o})
	if err != nil {
		s.t.Fatal(err)
	}
	if outs[0].Result != registry.Applied {
		s.t.Fatalf("%s: %s", outs[0].Result, outs[0].Why)
	}
}

func working() account.Facts {
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Blue Kiln", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: new(true), PayoutsEnabled: new(true), DetailsSubmitted: new(true),
		Requirements: &account.Requirements{}, Capabilities: map[string]string{"card_payments": "active"},
	}
}

func chargesOff() account.Facts {
	f := working()
	f.ChargesEnabled = new(false)
	return f
}

// due is a working account that needs these by a deadline.
func due(deadline time.Time, names ...string) account.Facts {
	f := working()
	f.Requirements = &account.Requirements{CurrentlyDue: names, CurrentDeadline: &deadline}
	return f
}

// received is an event as a receiver got it.
type received struct {
	client.Event
	header http.Header
	body   []byte
}

// receiver takes events, and keeps those that are signed by its secret.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	secret string
	later  bool             // the test's clock is not the receiver's
	answer http.HandlerFunc // nil: 204
	got    []received
	wrong  []error
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// listen makes an endpoint of the receiver.
func (s *stage) listen(r *receiver, types ...string) client.EventEndpoint {
	s.t.Helper()
	made := s.endpoint(r.URL+"/events", types...)
	r.trust(made.Secret)
	return made
}

func (r *receiver) trust(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

func (r *receiver) answering(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	answer := r.take(request, body, err)
	if answer != nil {
		answer(w, request)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) take(request *http.Request, body []byte, err error) http.HandlerFunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, verifyErr := r.verify(request.Header, body)
	switch {
	case err != nil:
		r.wrong = append(r.wrong, err)
	case verifyErr != nil:
		r.wrong = append(r.wrong, verifyErr)
	default:
		r.got = append(r.got, received{e, request.Header, body})
	}
	return r.answer
}

// verify goes by Standard Webhooks' own library, and by connectd's client.
func (r *receiver) verify(header http.Header, body []byte) (client.Event, error) {
	key, err := standardwebhooks.NewWebhook(r.secret)
	if err != nil {
		return client.Event{}, err
	}
	if err := key.VerifyIgnoringTimestamp(body, header); err != nil {
		return client.Event{}, err
	}
	if !r.later {
		return client.VerifyEvent(r.secret, header, body)
	}
	e := client.Event{ID: header.Get("webhook-id")}
	return e, json.Unmarshal(body, &e)
}

// skipTime has it take events that were signed by another clock.
func (r *receiver) skipTime() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.later = true
}

// events are what was received so far. What was not signed fails the test.
func (r *receiver) events() []received {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.wrong {
		r.t.Error(err)
	}
	return append([]received{}, r.got...)
}

// await waits for so many.
func (r *receiver) await(n int) []received {
	r.t.Helper()
	waittest.Until(r.t, fmt.Sprintf("%d events", n), func() bool { return len(r.events()) >= n })
	return r.events()
}

func typesOf(events []received) []string {
	types := []string{}
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}
