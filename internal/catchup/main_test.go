package catchup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
	"github.com/connectd/connectd/sandboxtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const longestGap = time.Hour

// place is a database, the sandbox in Stripe's place, and one process of connectd that has been down for a day.
type place struct {
	t     *testing.T
	pool  *pgxpool.Pool
	box   *sandboxtest.Sandbox
	heard catchup.Hearing // what Stripe says of the endpoint
	asked atomic.Int64    // how often it was asked for it
	now   time.Time       // of all ticks
	*replica
}

// replica is what one process has.
type replica struct {
	registry *registry.Registry
	passes   *scan.Passes
	scanner  *scan.Scanner
	pulse    *catchup.Pulse
	worker   *catchup.Worker
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, pool: postgrestest.Pool(t), box: sandboxtest.Start(t), now: time.Now(), heard: catchup.Enabled}
	if err := registry.SeedPolicy(t.Context(), db.New(p.pool), account.DefaultPolicy(), p.now); err != nil {
		t.Fatal(err)
	}
	p.replica = p.open(registry.Brake{Accounts: 1000, Share: 1}, p.box.Key)
	if err := p.registry.ClaimPlatform(t.Context(), registry.Platform{AccountID: p.box.Account}); err != nil {
		t.Fatal(err)
	}
	p.wasDown(24 * time.Hour)
	return p
}

// wasDown has the last beat be so long ago.
func (p *place) wasDown(d time.Duration) {
	p.t.Helper()
	p.exec(`update heartbeat set at = $1`, p.now.Add(-d))
}

// open makes one more process.
func (p *place) open(brake registry.Brake, key string) *replica {
	p.t.Helper()
	logger := slog.New(slog.NewTextHandler(p.t.Output(), nil))
	jobs, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.t.Fatal(err)
	}
	reg, err := registry.New(p.t.Context(), p.pool, registry.Config{Tell: notify.Tell(jobs), Brake: &brake})
	if err != nil {
		p.t.Fatal(err)
	}
	postgrestest.CloseAtEnd(p.t, reg)
	stripe, err := stripeapi.New(stripeapi.Config{
		SecretKey: stripeapi.Secret(key), APIBase: p.box.URL, ConnectBase: p.box.URL, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(stripe.Close)
	checker := scan.NewChecker(reg, stripe, time.Now, logger)
	passes := scan.NewPasses(p.pool, notify.TellScan(jobs))
	r := &replica{registry: reg, passes: passes}
	r.scanner = scan.New(scan.Config{
		Registry: reg, Passes: passes, Checker: checker, Stripe: stripe, Rate: 100, Clock: quartz.NewReal(), Logger: logger,
	})
	r.worker = catchup.NewWorker(catchup.Config{
		Pool: p.pool, Stripe: stripe, Events: webhook.New(webhook.Config{Registry: reg, Logger: logger}), Checker: checker, Passes: passes,
		Sweep: func(ctx context.Context, by account.Actor, now time.Time) error {
			_, err := passes.Start(ctx, by, scan.All, scan.List, now)
			return err
		},
		MakeDue: reg.MakeDue, Clock: quartz.NewReal(), Logger: logger,
	})
	r.pulse = catchup.NewPulse(catchup.PulseConfig{
		Pool: p.pool, Gap: longestGap, Endpoint: func(context.Context) (catchup.Hearing, error) { p.asked.Add(1); return p.heard, nil },
		Opened: r.worker.Wake, Logger: logger,
	})
	return r
}

// connect connects n complete accounts that have been checked and are due in weeks.
func (p *place) connect(n int) []string {
	p.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = p.box.Connect(sandboxtest.Complete)
		at := account.At(time.Now().Add(-time.Hour))
		granted := registry.Granted(registry.Grant{SellerID: fmt.Sprintf("s%03d", i), AccountID: ids[i], Interval: at})
		if _, err := p.registry.Observe(p.t.Context(), []registry.Observation{granted}); err != nil {
			p.t.Fatal(err)
		}
	}
	slices.Sort(ids)
	p.exec(`update accounts set claimed_until = null, next_check_at = $1`, p.now.Add(20*24*time.Hour))
	return ids
}

// pay has n Checkouts be paid on the account of which no event comes, and returns their sessions.
func (p *place) pay(accountID string, n int) []string {
	p.t.Helper()
	sessions := make([]string, n)
	for i := range sessions {
		amount := int64(100 + i)
		sessions[i] = p.box.Pay(sandboxtest.Checkout{Account: accountID, Amount: &amount, Currency: "eur"})
	}
	return sessions
}

func (p *place) beat() {
	p.t.Helper()
	if err := p.pulse.Tick(p.t.Context(), p.now); err != nil {
		p.t.Fatal(err)
	}
}

// catchUp works until there is nothing left to do, as two processes' loops would: the scan and the worker in turn.
func (p *place) catchUp() {
	p.t.Helper()
	for range 10 {
		if err := p.worker.Tick(p.t.Context(), p.now); err != nil {
			p.t.Fatal(err)
		}
		if p.isCaughtUp() {
			return
		}
		p.scan()
	}
	p.t.Fatal("it does not end")
}

func (p *place) scan() {
	p.t.Helper()
	if _, err := p.scanner.Tick(p.t.Context(), p.now); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) isCaughtUp() bool {
	p.t.Helper()
	return p.report().Open == nil
}

func (p *place) report() catchup.Report {
	p.t.Helper()
	report, err := catchup.State(p.t.Context(), db.New(p.pool))
	if err != nil {
		p.t.Fatal(err)
	}
	return report
}

// last is the last catch-up that has ended.
func (p *place) last() db.CatchUp {
	p.t.Helper()
	last := p.report().Last
	if last == nil {
		p.t.Fatal("no catch-up has ended")
	}
	return *last
}

func (p *place) exec(sql string, args ...any) {
	p.t.Helper()
	if _, err := p.pool.Exec(p.t.Context(), sql, args...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) count(sql string, args ...any) (n int) {
	p.t.Helper()
	if err := p.pool.QueryRow(p.t.Context(), sql, args...).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// told are the sessions and payouts' events that are to be told, sorted, each as often as it is.
func (p *place) told() (sessions []string, payouts int) {
	p.t.Helper()
	rows, err := p.pool.Query(p.t.Context(), `select args from river_job where kind = 'event'`)
	if err != nil {
		p.t.Fatal(err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowTo[notify.Event])
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range events {
		var data struct {
			SessionID string `json:"session_id"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			p.t.Fatal(err)
		}
		switch e.Type {
		case notify.CheckoutPaid:
			sessions = append(sessions, data.SessionID)
		case notify.PayoutFailed:
			payouts++
		}
	}
	slices.Sort(sessions)
	return sessions, payouts
}

func (p *place) wantTold(sessions ...string) {
	p.t.Helper()
	slices.Sort(sessions)
	if got, _ := p.told(); !slices.Equal(got, sessions) {
		p.t.Errorf("told %d paid sessions, want %d: %v, want %v", len(got), len(sessions), got, sessions)
	}
}

// listed counts how often each account's events were listed.
func (p *place) listed() map[string]int {
	p.t.Helper()
	times := map[string]int{}
	for _, r := range p.box.Requests() {
		if r.Path == "/v1/events" {
			times[r.Account]++
		}
	}
	return times
}
