package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestACallerWhoIsGoneIsNoError: what was begun for it ends, and nothing is logged as failed.
func TestACallerWhoIsGoneIsNoError(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	locked := s.lock("accounts")
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		req := newRequest(t, http.MethodGet, s.url+"/v1/accounts", "").WithContext(ctx)
		req.Header.Set("Authorization", "Bearer "+s.key)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		gone <- err
	}()
	s.waitFor("exists (select from pg_locks where not granted and relation = 'accounts'::regclass)")
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("the answer came: %v", err)
	}
	s.waitFor("not exists (select from pg_locks where not granted and relation = 'accounts'::regclass)")
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.get("/v1/accounts"); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	if strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("log %s", s.log)
	}
}

// lock keeps everyone from reading a table, until it is rolled back.
func (s server) lock(table string) pgx.Tx {
	s.t.Helper()
	tx, err := s.pool.Begin(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(s.t.Context())) })
	if _, err := tx.Exec(s.t.Context(), "lock table "+table+" in access exclusive mode"); err != nil {
		s.t.Fatal(err)
	}
	return tx
}

// waitFor asks Postgres until the condition holds, or the test has no time left.
func (s server) waitFor(condition string) {
	s.t.Helper()
	for holds := false; !holds; {
		if err := s.pool.QueryRow(s.t.Context(), "select "+condition).Scan(&holds); err != nil {
			s.t.Fatal(err)
		}
	}
}
