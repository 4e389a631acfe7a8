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
	Up       migrateUp       `cmd:"" help:"Apply what is pending."`
	Down     migrateDown     `cmd:"" help:"Take the last migration back."`
	Status   migrateStatus   `cmd:"" help:"List the migrations."`
	Restored migrateRestored `cmd:"" help:"After a restore from a backup: have the feed's followers start over, and what has happened since the backup be caught up with."`
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

type migrateRestored struct {
	app.DatabaseSettings
	app.LogSettings
}

func (c *migrateRestored) Run(ctx context.Context, to console) error {
	return withDatabase(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		at, since, err := core.Restored(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(to.out, "The feed goes on from %s. Cursors from before the restore are answered with 410, and their followers start over.\n", at)
		_, err = fmt.Fprintf(to.out, "What has happened since %s is caught up with once connectd serve runs.\n", since.UTC().Format(time.RFC3339))
		return err
	})
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
