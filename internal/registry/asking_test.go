package registry_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/waittest"
)

// TestThoseWhoAskAtOnceShareAQuery, and each is answered with what was there after it had asked.
func TestThoseWhoAskAtOnceShareAQuery(t *testing.T) {
	t.Parallel()
	f := connectedFixture(t)
	tx, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `lock table sellers in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	ask := func(version int64) {
		asking.Go(func() {
			ready, at, err := f.ReadinessOf(t.Context(), "s1")
			if err != nil || ready.Version < version || at.Position < ready.Version {
				t.Errorf("version %d as of %v, want %d: %v", ready.Version, at, version, err)
			}
		})
	}
	ask(2)
	f.waiting(tx, 1)
	if _, err := tx.Exec(t.Context(), `update sellers set version = 7 where id = 's1'`); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `update feed set position = 7`); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		ask(2)
	}
	waittest.Until(t, "all ask", func() bool { return f.Waiting("s1") == 100 })
	f.waiting(tx, 1)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	asking.Wait()
	if got := f.Reached(); got != (registry.Place{Epoch: got.Epoch, Position: 7}) {
		t.Errorf("reached %v", got)
	}
}

// waiting holds that so many queries wait for the table.
func (f fixture) waiting(tx pgx.Tx, want int) {
	f.t.Helper()
	waittest.Until(f.t, "a query waits", func() bool {
		var n int
		err := tx.QueryRow(f.t.Context(), `select count(*) from pg_locks where relation = 'sellers'::regclass and not granted`).Scan(&n)
		return err == nil && n == want
	})
}
