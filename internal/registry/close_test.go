package registry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/postgres/proxytest"
	"github.com/connectd/connectd/internal/registry"

	"github.com/jackc/pgx/v5/pgxpool"
)

// TestCloseWaitsForNoConnectionThatHasGoneDead: by itself one takes 15 seconds to close.
func TestCloseWaitsForNoConnectionThatHasGoneDead(t *testing.T) {
	t.Parallel()
	proxy := proxytest.New(t, postgrestest.URL(t))
	pool, err := pgxpool.New(t.Context(), proxy.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := registry.SeedPolicy(t.Context(), db.New(pool), account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(t.Context(), pool, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Observe(t.Context(), []registry.Observation{registry.Granted(grant("s_1", "acct_1", span(-1, 0)))}); err != nil {
		t.Fatal(err)
	}
	proxy.Stall()
	defer proxy.Flow()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	closed := make(chan error, 1)
	go func() { closed <- r.Close(ctx) }()
	select {
	case err := <-closed:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("closed: %v", err)
		}
	case <-time.After(14 * time.Second):
		t.Error("it waits for the dead connection")
	}
}
