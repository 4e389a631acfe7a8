package mail_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/brand"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/mail"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/testlog"
	"github.com/connectd/connectd/internal/waittest"
	"github.com/connectd/connectd/internal/words"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// t0 is when each test begins.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// clock is a time that a test moves, and that goes on by a millisecond whenever it is looked at.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Add(1000)).UTC() }
func (c *clock) set(at time.Time)        { c.at.Store(at.UnixMicro()) }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

// stage is a registry with what tells of its changes by mail, and a mail server that takes them.
type stage struct {
	t        testing.TB
	pool     *pgxpool.Pool
	registry *registry.Registry
	jobs     *river.Client[pgx.Tx] // inserts
	outbox   *mail.Outbox
	desk     *mail.Desk
	server   *smtpServer
	clock    *clock
	log      *testlog.Buffer

	events int // of Stripe's so far
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{t: t, pool: postgrestest.Pool(t), log: &testlog.Buffer{}, clock: &clock{}, server: startSMTP(t)}
	s.clock.set(t0)
	if err := registry.SeedPolicy(t.Context(), db.New(s.pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.jobs, err = river.NewClient(riverpgxv5.New(s.pool), &river.Config{Logger: s.logger()}); err != nil {
		t.Fatal(err)
	}
	s.registry, err = registry.New(t.Context(), s.pool, registry.Config{
		Now: s.clock.now, Tell: notify.Tell(s.jobs), Erase: notify.Erase, Logger: s.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, s.registry)
	s.outbox = &mail.Outbox{Jobs: s.jobs, Admin: true}
	s.desk = &mail.Desk{
		Pool: s.pool, Sender: s.server.sender(), Looks: brand.Brand{Name: "Kiln & Co"}, AdminEmail: "admin@shop.example",
		Language: words.English(), BaseURL: "https://connect.shop.example", Link: s.link, Now: s.clock.now, Logger: s.logger(),
	}
	return s
}

func (s *stage) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s.log, nil)) }

func (s *stage) link(_ context.Context, sellerID string) (string, error) {
	return "https://connect.shop.example/connect/token-of-" + sellerID, nil
}

// seller makes a seller who can be reached.
func (s *stage) seller(id string) string {
	s.t.Helper()
	if err := s.registry.EnsureSeller(s.t.Context(), id, addressOf(id)); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func addressOf(sellerID string) string { return sellerID + "@sellers.example" }

// connected makes a seller with an account that works, of whom nothing is left to be mailed.
func (s *stage) connected(id string) string {
	s.t.Helper()
	s.connect(s.seller(id))
	s.report(id, working())
	s.deliver()
	s.server.forget()
	s.clock.advance(2 * day)
	return id
}

func accountOf(sellerID string) string { return "acct_" + sellerID }

func (s *stage) connect(sellerID string) {
	s.t.Helper()
	s.observe(registry.Granted(registry.Grant{SellerID: sellerID, AccountID: accountOf(sellerID), Interval: account.At(s.clock.now())}))
}

// report has Stripe report facts of the seller's account.
func (s *stage) report(sellerID string, f account.Facts) {
	s.t.Helper()
	s.observe(registry.Reported(s.event(sellerID), f))
}

func (s *stage) deauthorize(sellerID string) {
	s.t.Helper()
	s.observe(registry.Deauthorized(s.event(sellerID)))
}

func (s *stage) event(sellerID string) registry.Event {
	s.events++
	s.clock.advance(2 * time.Second)
	return registry.Event{ID: fmt.Sprintf("evt_%d", s.events), Type: "account.updated", Account: accountOf(sellerID), Created: s.clock.now()}
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

// follow has all changes told.
func (s *stage) follow() {
	s.t.Helper()
	follower := notify.NewFollower(notify.FollowerConfig{
		Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge, More: func() <-chan struct{} { return nil },
		Mails: s.outbox, Now: s.clock.now, Logger: s.logger(),
	})
	for {
		told, err := follower.Step(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if told == 0 {
			return
		}
	}
}

// tick does what is done by the clock.
func (s *stage) tick() {
	s.t.Helper()
	now := s.clock.now()
	reminders := notify.Reminders{Pool: s.pool, Jobs: s.jobs, JudgeAge: s.registry.JudgeAge, Mails: s.outbox}
	if err := reminders.Tick(s.t.Context(), now); err != nil {
		s.t.Fatal(err)
	}
	if err := s.outbox.Tick(s.t.Context(), s.pool, now); err != nil {
		s.t.Fatal(err)
	}
}

// deliver has all that is to be told told, and all mails sent that are to be.
func (s *stage) deliver() {
	s.t.Helper()
	s.follow()
	for _, id := range s.unsettled() {
		if err := s.desk.Deliver(s.t.Context(), id); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) unsettled() []string {
	return texts(s, "select id from mails where settled_at is null order by id")
}

func texts(s *stage, sql string, args ...any) []string {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), sql, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// kinds are the mails that were made, in order, without those that were forgotten.
func (s *stage) kinds(sellerID string) []string {
	s.t.Helper()
	return texts(s, "select kind || case when outcome = 'sent' then '' else ' ' || coalesce(outcome, 'open') end from mails where seller_id = $1 order by id", sellerID)
}

func (s *stage) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func working() account.Facts {
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Blue Kiln", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: new(true), PayoutsEnabled: new(true), DetailsSubmitted: new(true),
		Requirements: &account.Requirements{}, Capabilities: map[string]string{"card_payments": "active"},
	}
}

func payoutsOff() account.Facts {
	f := working()
	f.PayoutsEnabled = new(false)
	f.Requirements = &account.Requirements{DisabledReason: "under_review"}
	return f
}

func chargesOff() account.Facts {
	f := working()
	f.ChargesEnabled = new(false)
	f.Requirements = &account.Requirements{DisabledReason: "other"}
	return f
}

func bothOff() account.Facts {
	f := payoutsOff()
	f.ChargesEnabled = new(false)
	return f
}

// due is a working account that needs these by a deadline.
func due(deadline time.Time, names ...string) account.Facts {
	f := working()
	f.Requirements = &account.Requirements{CurrentlyDue: names, CurrentDeadline: &deadline}
	return f
}

func pastDue(names ...string) account.Facts {
	f := bothOff()
	f.Requirements = &account.Requirements{
		CurrentlyDue: names, PastDue: names, DisabledReason: "requirements.past_due",
		Errors: []account.RequirementError{{Requirement: names[0], Code: "verification_document_not_readable", Reason: "The document is blurred."}},
	}
	return f
}

func (s *stage) queries() *db.Queries { return db.New(s.pool) }

// put makes mails in a transaction of their own.
func (s *stage) put(wishes ...mail.Wish) {
	s.t.Helper()
	err := pgx.BeginFunc(s.t.Context(), s.pool, func(tx pgx.Tx) error {
		return s.outbox.Put(s.t.Context(), tx, wishes, s.clock.now())
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// finished has a pass told that has ended, as the scan does, by the job that it makes.
func (s *stage) finished(report client.Scan) {
	s.t.Helper()
	err := pgx.BeginFunc(s.t.Context(), s.pool, func(tx pgx.Tx) error { return notify.TellScan(s.jobs)(s.t.Context(), tx, report) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.work()
}

// work works the jobs of events until none is left.
func (s *stage) work() {
	s.t.Helper()
	workers := river.NewWorkers()
	river.AddWorker(workers, &notify.Worker{Pool: s.pool, Jobs: s.jobs, Mails: s.outbox, Now: s.clock.now})
	working, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}}, Workers: workers, Logger: s.logger(),
		FetchPollInterval: 100 * time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := working.Start(context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Fatal(err)
	}
	waittest.Until(s.t, "the events to be worked", func() bool {
		return len(texts(s, "select kind from river_job where kind = 'event' and state <> 'completed'")) == 0
	})
	if err := working.Stop(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}
