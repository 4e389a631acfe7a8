package overview_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stage is a registry whose clock is moved, and what counts its changes.
type stage struct {
	*registry.Registry
	t      *testing.T
	pool   *pgxpool.Pool
	now    time.Time
	counts *overview.Service
	events int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, pool: postgrestest.Pool(t), now: t0}
	if err := registry.SeedPolicy(t.Context(), db.New(s.pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	reg, err := registry.New(t.Context(), s.pool, registry.Config{Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, reg)
	s.Registry, s.counts = reg, overview.New(s.pool)
	return s
}

func (s *stage) observe(obs ...registry.Observation) {
	s.t.Helper()
	if _, err := s.Observe(s.t.Context(), obs); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) tick() {
	s.t.Helper()
	if err := s.counts.Tick(s.t.Context(), s.now); err != nil {
		s.t.Fatal(err)
	}
}

// waitsForALock comes back once somebody waits for a lock.
func (s *stage) waitsForALock() {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
		var waits bool
		row := s.pool.QueryRow(s.t.Context(), `select exists (
			select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`)
		if err := row.Scan(&waits); err != nil {
			s.t.Fatal(err)
		}
		if waits {
			return
		}
	}
	s.t.Fatal("nobody waits for a lock")
}

// link makes a link of the seller's.
func (s *stage) link(seller string) {
	s.t.Helper()
	if err := s.EnsureSeller(s.t.Context(), seller, ""); err != nil {
		s.t.Fatal(err)
	}
	s.exec(`insert into onboarding_links (id, token_hash, seller_id, may_unlink, created_at, expires_at)
		select 'link_' || n, decode(lpad(n::text, 8, '0'), 'hex'), $1, true, $2, $2::timestamptz + interval '1 day'
		from (select count(*) as n from onboarding_links) x`, seller, s.now)
}

func (s *stage) open(seller string) {
	s.t.Helper()
	s.exec(`update onboarding_links set first_used_at = coalesce(first_used_at, $2) where seller_id = $1`, seller, s.now)
}

// connect grants the account, unless another seller holds it or the seller has another.
func (s *stage) connect(seller, accountID string) {
	s.t.Helper()
	s.observe(registry.Granted(registry.Grant{
		SellerID: seller, AccountID: accountID, Interval: account.Interval{From: s.now.Add(-time.Second), To: s.now},
	}))
}

// says is what Stripe says of the account by a webhook.
func (s *stage) says(accountID string, f account.Facts) {
	s.t.Helper()
	s.observe(registry.Reported(s.event("account.updated", accountID), f))
}

func (s *stage) gone(accountID string) {
	s.t.Helper()
	s.observe(registry.Deauthorized(s.event("account.application.deauthorized", accountID)))
}

func (s *stage) event(typ, accountID string) registry.Event {
	s.events++
	return registry.Event{ID: fmt.Sprintf("evt_%d", s.events), Type: typ, Account: accountID, Created: s.now.Truncate(time.Second)}
}

// later moves the clock.
func (s *stage) later(d time.Duration) { s.now = s.now.Add(d) }

func works() account.Facts {
	on := true
	return account.Facts{
		Connected: true, Type: "standard", DisplayName: "Blue Kiln", Country: "IE", DefaultCurrency: "eur",
		ChargesEnabled: &on, PayoutsEnabled: &on, DetailsSubmitted: &on,
		Requirements: &account.Requirements{}, Capabilities: map[string]string{"card_payments": "active"},
	}
}

// owing works still, and Stripe needs something by a moment.
func owing(by time.Time, codes ...string) account.Facts {
	f := works()
	f.Requirements = &account.Requirements{CurrentlyDue: codes, CurrentDeadline: &by}
	return f
}

// late has lost its charges over what is past due.
func late(codes ...string) account.Facts {
	f := works()
	f.ChargesEnabled = new(bool)
	f.Requirements = &account.Requirements{DisabledReason: "requirements.past_due", PastDue: codes}
	return f
}

func rejected() account.Facts {
	f := works()
	f.ChargesEnabled, f.PayoutsEnabled = new(bool), new(bool)
	f.Requirements = &account.Requirements{DisabledReason: "rejected.fraud"}
	return f
}

func unfinished() account.Facts {
	f := works()
	f.ChargesEnabled, f.PayoutsEnabled, f.DetailsSubmitted = new(bool), new(bool), new(bool)
	f.DisplayName = ""
	f.Requirements = &account.Requirements{CurrentlyDue: []string{"external_account", "tos_acceptance.date"}, DisabledReason: "requirements.past_due"}
	return f
}
