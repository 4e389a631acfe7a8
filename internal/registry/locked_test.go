package registry_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
)

// impatientFixture is connectedFixture with a second account, and a registry that soon gives up on a locked row.
func impatientFixture(t *testing.T) fixture {
	t.Helper()
	pool := postgrestest.Pool(t)
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), t0); err != nil {
		t.Fatal(err)
	}
	f := fixture{Registry: openAs(t, pool, registry.Config{LockWait: time.Second}), t: t, pool: pool}
	f.want(registry.Applied, "", registry.Granted(grant("s1", "acct_1", span(-1, 0))))
	f.want(registry.Applied, "", registry.Granted(grant("s2", "acct_2", span(-1, 0))))
	return f
}

// lockRow holds a row as a forgotten transaction of somebody's does, until the returned function is called.
func (f fixture) lockRow(sql string) (release func()) {
	f.t.Helper()
	tx, err := f.pool.Begin(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.Exec(f.t.Context(), sql); err != nil {
		f.t.Fatal(err)
	}
	return func() { _ = tx.Rollback(context.Background()) }
}

// waitForLockWait returns once the committer waits for a lock.
func (f fixture) waitForLockWait() {
	f.t.Helper()
	const waiting = `select 'waits' from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
	for deadline := time.Now().Add(20 * time.Second); len(f.lines(waiting)) == 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			f.t.Fatal("nobody waits for a lock")
		}
	}
}

func TestLockedAccountCostsItsNeighboursNothing(t *testing.T) {
	t.Parallel()
	f := impatientFixture(t)
	defer f.lockRow(`select from accounts where id = 'acct_1' for update`)()
	other := event("evt_9", "account.updated", at(5))
	other.Account = "acct_2"
	outs, err := f.Observe(t.Context(), []registry.Observation{
		updated("evt_1", at(5), working()), updated("evt_2", at(6), working()), updated("evt_3", at(7), working()),
		updated("evt_4", at(8), working()), registry.Reported(other, working()),
	})
	if err == nil || outs[4].Result != registry.Applied || outs[0].Result != "" {
		t.Errorf("%+v, %v: want the locked account's to fail and the other's to stand", outs, err)
	}
}

// TestGrantIsStoredThoughItsCallerHasGone: nobody will tell it again.
func TestGrantIsStoredThoughItsCallerHasGone(t *testing.T) {
	t.Parallel()
	f := impatientFixture(t)
	release := f.lockRow(`select from accounts where id = 'acct_1' for update`)
	defer release()
	held := make(chan struct{})
	go func() {
		defer close(held)
		_, _ = f.Observe(context.WithoutCancel(t.Context()), []registry.Observation{updated("evt_1", at(5), working())})
	}()
	f.waitForLockWait()
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := f.Observe(gone, []registry.Observation{
		updated("evt_2", at(6), working()), registry.Granted(grant("s3", "acct_3", span(-1, 0))),
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	<-held
	f.observe(registry.Granted(grant("s4", "acct_4", span(-1, 0)))) // comes after both
	f.wantLines(`select id from accounts order by 1`, "acct_1", "acct_2", "acct_3", "acct_4")
}

// TestLockedFeedFailsTheGroup: it is everyone's, and is not waited for as often as there are observations.
func TestLockedFeedFailsTheGroup(t *testing.T) {
	t.Parallel()
	f := impatientFixture(t)
	release := f.lockRow(`select from feed for update`)
	var obs []registry.Observation
	for i := range 20 {
		obs = append(obs, registry.Granted(grant(fmt.Sprintf("s_%d", i), fmt.Sprintf("acct_%d_", i), span(-1, 0))))
	}
	_, err := f.Observe(t.Context(), obs)
	if err == nil || strings.Count(err.Error(), "lock timeout") < len(obs) {
		t.Errorf("error %v", err)
	}
	if n := strings.Count(err.Error(), "since others failed"); n != len(obs)-3 {
		t.Errorf("%d were not tried, want all but 3 of %d", n, len(obs))
	}
	release()
	f.observe(obs...)
	f.wantLines(`select count(*)::text from accounts`, "22")
}

func TestCloseIsBoundedByItsContext(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	defer f.lockRow(`select from feed for update`)()
	stored := make(chan error, 1)
	go func() {
		_, err := f.Observe(context.WithoutCancel(t.Context()), []registry.Observation{updated("evt_1", at(5), chargesOff())})
		stored <- err
	}()
	f.waitForLockWait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := f.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
	if err := <-stored; err == nil {
		t.Error("what could not be stored was answered as stored")
	}
}
