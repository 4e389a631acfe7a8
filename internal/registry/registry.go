// Package registry is the system of record: accounts, their sellers, their history, and the only code that writes them. Whatever learns something about an account makes an Observation of it and hands it to Observe; whatever reads asks the
// queries here. It knows nothing of Stripe, of HTTP, or of those who follow the changes.
//
// It may import account (the rules), client (the wire types), db (the statements), postgres (what errors say of it)
// and tracing. Its one rule: the newest fact
// wins, by Stripe's clock, whatever the order in which facts arrive.
package registry

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// Config is what a Registry needs beside its database.
type Config struct {
	// RecheckEvery is how long an account goes without a check. 0 means 28 days.
	RecheckEvery time.Duration
	// StaleAfter is how old the last check may be before readiness says stale. 0 means 35 days.
	StaleAfter time.Duration
	// Brake bounds what passes may take from accounts within 24 hours. nil means 20 accounts, or 1 % of those connected.
	Brake *Brake
	// QueueSize bounds the observations that wait for the committer. 0 means 4,096.
	QueueSize int
	// Tell makes jobs of what must be told and is no change, in the transaction of its cause. nil tells nobody.
	Tell func(ctx context.Context, tx pgx.Tx, notices []Notice) error
	// Erase takes the names of a seller, and of the accounts that the seller held last, out of what was told or is to be, in the
	// transaction that erases the seller. nil: nothing was told.
	Erase func(ctx context.Context, tx pgx.Tx, sellerID string, accounts []string) error
	// Committed hears of each transaction of the committer's, and Observed what became of each observation. nil: nobody counts.
	Committed func(observations int, took time.Duration, err error)
	Observed  func(Source, Result)
	// LockWait is how long a transaction waits for a row that somebody else has locked. 0 means 2 s.
	LockWait time.Duration
	// Now is connectd's own clock. nil means time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// Registry is safe for concurrent use.
type Registry struct {
	pool   *pgxpool.Pool
	q      *db.Queries
	cfg    Config
	policy atomic.Pointer[versionedPolicy]
	queue  *committer
	polls  positionPolls
	asking asking
	due    chan struct{}

	reached atomic.Pointer[Place]
}

type versionedPolicy struct {
	account.Policy
	version int32
}

// New starts a registry and its committer on a migrated database that holds a policy. The caller closes it before the pool.
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Registry, error) {
	r := &Registry{pool: pool, q: db.New(pool), cfg: cfg.withDefaults(), due: make(chan struct{}, 1)}
	if err := r.loadPolicy(ctx); err != nil {
		return nil, err
	}
	writer, err := openWriter(ctx, pool.Config())
	if err != nil {
		return nil, err
	}
	r.queue = newCommitter(r, writer)
	return r, nil
}

func (c Config) withDefaults() Config {
	if c.RecheckEvery == 0 {
		c.RecheckEvery = 28 * 24 * time.Hour
	}
	if c.StaleAfter == 0 {
		c.StaleAfter = 35 * 24 * time.Hour
	}
	if c.Brake == nil {
		c.Brake = &Brake{Accounts: 20, Share: 0.01}
	}
	if c.QueueSize == 0 {
		c.QueueSize = 4096
	}
	if c.LockWait == 0 {
		c.LockWait = 2 * time.Second
	}
	if c.Tell == nil {
		c.Tell = func(context.Context, pgx.Tx, []Notice) error { return nil }
	}
	if c.Erase == nil {
		c.Erase = func(context.Context, pgx.Tx, string, []string) error { return nil }
	}
	if c.Committed == nil {
		c.Committed = func(int, time.Duration, error) {}
	}
	if c.Observed == nil {
		c.Observed = func(Source, Result) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Close refuses new observations and lets those that were taken end. Where ctx ends before, the transaction under way is
// broken off, and what was not stored fails.
func (r *Registry) Close(ctx context.Context) error { return r.queue.close(ctx) }

// DueNow gets a token when an account has become due at once; whoever checks accounts waits on it.
func (r *Registry) DueNow() <-chan struct{} { return r.due }

func (r *Registry) wake() {
	select {
	case r.due <- struct{}{}:
	default: // a token waits already
	}
}

// nextCheck spreads the checks: RecheckEvery from now, less a random time of up to a fourteenth of it.
func (r *Registry) nextCheck(now time.Time) time.Time {
	return now.Add(r.cfg.RecheckEvery - rand.N(r.cfg.RecheckEvery/14+1))
}

// openWriter opens the committer's own connection: it never waits for readers.
func openWriter(ctx context.Context, cfg *pgxpool.Config) (*pgxpool.Pool, error) {
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = 1, 0, 0
	writer, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the committer's connection: %w", err)
	}
	return writer, nil
}
