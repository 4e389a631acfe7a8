package feed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/feed"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/testlog"
)

func TestMain(m *testing.M) {
	postgres.Main()
	goleak.VerifyTestMain(m)
}

// t0 is the moment of Stripe's clock at which the tests' connections begin.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// process is what one process has: a registry and a feed on the database that it shares with others.
type process struct {
	*feed.Feed
	registry *registry.Registry
	t        *testing.T
	pool     *pgxpool.Pool
	log      *testlog.Buffer
}

func newProcess(t *testing.T) process {
	t.Helper()
	return processOn(t, seeded(t))
}

// seeded is a database in the first epoch, so that tests can name their cursors.
func seeded(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := postgrestest.Pool(t)
	if _, err := pool.Exec(t.Context(), "update feed set epoch = 1"); err != nil {
		t.Fatal(err)
	}
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	return pool
}

func processOn(t *testing.T, pool *pgxpool.Pool) process {
	t.Helper()
	return processBy(t, pool, pool.Config().ConnString())
}

// processBy is one whose tail connects by a URL of its own.
func processBy(t *testing.T, pool *pgxpool.Pool, directURL string) process {
	t.Helper()
	p := process{t: t, pool: pool, log: &testlog.Buffer{}}
	logger := slog.New(slog.NewTextHandler(p.log, nil))
	var err error
	if p.registry, err = registry.New(t.Context(), pool, registry.Config{Logger: logger}); err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, p.registry)
	p.Feed, err = feed.Open(t.Context(), feed.Config{
		Pool: pool, DirectURL: directURL, Registry: p.registry, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	postgrestest.CloseAtEnd(t, p.Feed)
	return p
}

func (p process) observe(obs ...registry.Observation) {
	p.t.Helper()
	if _, err := p.registry.Observe(context.Background(), obs); err != nil {
		p.t.Error(err)
	}
}

func granted(i int) registry.Observation {
	return registry.Granted(registry.Grant{
		SellerID: fmt.Sprintf("s%d", i), AccountID: fmt.Sprintf("acct_%d", i), Interval: account.At(t0),
	})
}

// flipped reports that charges of an account are off, or on again, in the round-th second.
func flipped(i, round int) registry.Observation {
	on := round%2 == 0
	return registry.Reported(registry.Event{
		ID: fmt.Sprintf("evt_%d_%d", i, round), Type: "account.updated", Account: fmt.Sprintf("acct_%d", i),
		Created: t0.Add(time.Duration(round+1) * time.Second),
	}, account.Facts{Connected: true, ChargesEnabled: &on})
}

// change makes n changes of one seller.
func (p process) change(n int) {
	p.t.Helper()
	p.observe(granted(1))
	for round := range n - 1 {
		p.observe(flipped(1, round))
	}
}

func (p process) exec(sql string) {
	p.t.Helper()
	if _, err := p.pool.Exec(p.t.Context(), sql); err != nil {
		p.t.Fatal(err)
	}
}

// read reads what follows a cursor, as the database has it or newer.
func (p process) read(after feed.Cursor) feed.Found {
	p.t.Helper()
	found, err := p.After(p.t.Context(), feed.Query{After: after, Limit: 1000, Seen: p.now().Position})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func (p process) now() feed.Cursor {
	p.t.Helper()
	now, err := p.Now(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return now
}

// wantGone holds that nobody can go on from a cursor, wherever the process has come to, and that words say why.
func (p process) wantGone(after feed.Cursor, words string) {
	p.t.Helper()
	_, err := p.After(p.t.Context(), feed.Query{After: after, Limit: 10})
	if account.KindOf(err) != account.Expired || !strings.Contains(err.Error(), words) {
		p.t.Errorf("after %s: %v", after, err)
	}
}

// follow calls got with each entry from a cursor on, until it returns false.
func (p process) follow(ctx context.Context, after feed.Cursor, limit int, got func(feed.Entry) bool) error {
	for {
		found, err := p.After(ctx, feed.Query{After: after, Limit: limit})
		if err != nil {
			return err
		}
		for _, e := range found.Entries {
			if !got(e) {
				return nil
			}
		}
		if after = found.Next; len(found.Entries) > 0 {
			continue
		}
		select {
		case <-found.More:
		case <-ctx.Done():
			return errors.New("it waited for too long")
		}
	}
}

// patient is a context for what takes as long as it takes.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
