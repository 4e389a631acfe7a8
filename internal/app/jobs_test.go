package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/postgres/postgrestest"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/retention"
	"github.com/connectd/connectd/internal/stripeapi"
)

// TestCommandsInsertJobsAndWorkNone: they are gone before a job would be done.
func TestCommandsInsertJobsAndWorkNone(t *testing.T) {
	t.Parallel()
	core := NewCore(slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := core.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := core.OpenDatabase(t.Context(), DatabaseSettings{DatabaseURL: stripeapi.Secret(postgrestest.URL(t))}); err != nil {
		t.Fatal(err)
	}
	if core.jobs != nil {
		t.Error("the job queue is open for those who need the database alone")
	}
	if err := registry.SeedPolicy(t.Context(), core.queries, account.DefaultPolicy(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := core.OpenRegistry(t.Context(), ServiceSettings{}); err != nil {
		t.Fatal(err)
	}
	if err := (retention.Ticker{Jobs: core.jobs, Keep: retention.Least}).Tick(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
	if err := core.jobs.Start(t.Context()); err == nil {
		t.Error("a command works jobs")
	}
}
