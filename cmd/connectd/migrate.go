package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is pending."`
	Down   migrateDown   `cmd:"" help:"Take the last migration back."`
	Status migrateStatus `cmd:"" help:"List the migrations."`
}

type migrateUp struct {
	app.DatabaseSettings
	app.LogSettings
}

func (c *migrateUp) Run(ctx context.Context, to console) error {
	if err := to.check(c.Check()); err != nil {
		return err
	}
	return postgres.MigrateUp(ctx, c.Direct(), c.Logger(to.err))
}

type migrateDown struct {
	app.DatabaseSettings
	app.LogSettings
}

func (c *migrateDown) Run(ctx context.Context, to console) error {
	if err := to.check(c.Check()); err != nil {
		return err
	}
	return postgres.MigrateDown(ctx, c.Direct(), c.Logger(to.err))
}

type migrateStatus struct {
	app.DatabaseSettings
}

func (c *migrateStatus) Run(ctx context.Context, to console) error {
	if err := to.check(c.Check()); err != nil {
		return err
	}
	migrations, err := postgres.MigrateStatus(ctx, c.Direct())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, m := range migrations {
		applied := "pending"
		if !m.AppliedAt.IsZero() {
			applied = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\n", m.Version, m.Name, applied)
	}
	return w.Flush()
}
