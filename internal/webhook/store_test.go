package webhook_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/registry"
)

// shut lets nobody into the database, and ends who is in it; open lets them in again.
func (r *receiver) shut() (open func()) {
	r.t.Helper()
	at := r.pool.Config().ConnConfig.Copy()
	name := pgx.Identifier{at.Database}.Sanitize()
	at.Database = "postgres"
	outside, err := pgx.ConnectConfig(r.t.Context(), at)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = outside.Close(r.t.Context()) })
	say := func(sql string, args ...any) {
		r.t.Helper()
		if _, err := outside.Exec(r.t.Context(), sql, args...); err != nil {
			r.t.Fatal(err)
		}
	}
	say("alter database " + name + " allow_connections false")
	say("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", r.pool.Config().ConnConfig.Database)
	return func() {
		say("alter database " + name + " allow_connections true")
		r.pool.Reset() // of connections that were ended
	}
}

func TestWhatCanNotBeStoredIsAskedForAgain(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	e := updated("evt_1", works)
	open := r.shut()
	for range 2 {
		if got := r.deliver(e.json(t)); got.status != http.StatusInternalServerError {
			t.Errorf("without a database: %d %s", got.status, got.body)
		}
	}
	open()
	r.take(e)
	r.wantStatus("s1", account.Enabled)
}

func TestFullQueueIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(cfg *registry.Config) { cfg.QueueSize = 1 })
	release := r.lockAccount()
	statuses := make(chan int, 4)
	var group sync.WaitGroup
	deliver := func(id string) {
		body := updated(id, works).json(t)
		group.Go(func() { statuses <- r.deliver(body).status })
	}
	deliver("evt_committing")
	r.waitFor("the committer to wait for the lock", func() bool {
		return r.count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1
	})
	for _, id := range []string{"evt_1", "evt_2", "evt_3"} { // of which one may wait
		deliver(id)
	}
	for range 2 {
		if status := <-statuses; status != http.StatusServiceUnavailable {
			t.Errorf("one of those for whom there is no room got %d", status)
		}
	}
	release()
	group.Wait()
	for range 2 {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("one of those that waited got %d", status)
		}
	}
	if n := r.count("select count(*) from stripe_events"); n != 2 {
		t.Errorf("%d events are stored", n)
	}
}

// lockAccount holds acct_1's row until released.
func (r *receiver) lockAccount() (release func()) {
	r.t.Helper()
	tx, err := r.pool.Begin(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := tx.Exec(r.t.Context(), "select from accounts where id = 'acct_1' for update"); err != nil {
		r.t.Fatal(err)
	}
	release = sync.OnceFunc(func() { _ = tx.Rollback(r.t.Context()) })
	r.t.Cleanup(release)
	return release
}

// waitFor polls until the condition holds, and answers how long that took.
func (r *receiver) waitFor(what string, holds func() bool) time.Duration {
	r.t.Helper()
	began := time.Now()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
	return time.Since(began)
}

func TestClosedRegistryIsUnavailable(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	_ = r.registry.Close(t.Context())
	if got := r.deliver(updated("evt_1", works).json(t)); got.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", got.status, got.body)
	}
}
