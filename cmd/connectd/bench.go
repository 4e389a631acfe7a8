package main

import (
	"context"
	"errors"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/bench"
)

type benchCommand struct {
	Accounts []int         `default:"10000,100000,1000000" placeholder:"N" help:"How many accounts there are, one number after the other."`
	Only     []string      `placeholder:"GROUP" help:"Measure these alone: sizes, memory, batch, admin, readiness, ingest, scan."`
	For      time.Duration `default:"5s" help:"How long each measurement goes on, and its floor's likewise."`
	JSON     bool          `help:"Print one JSON object."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *benchCommand) Run(ctx context.Context, to console) error {
	program := built()
	cfg := bench.Config{
		Accounts: c.Accounts, Only: c.Only, DatabaseURL: string(c.DatabaseURL), For: c.For, Version: program.version, Commit: program.commit,
		Logger: c.Logger(to.err),
	}
	if err := to.check(c.CheckForm(), cfg.Check()); err != nil {
		return err
	}
	calmCollector()
	report, err := bench.Run(ctx, cfg)
	if len(report.Lines) == 0 {
		return err
	}
	return errors.Join(err, c.print(to, report)) // what was measured before it failed too
}

func (c *benchCommand) print(to console, report bench.Report) error {
	if c.JSON {
		return report.WriteJSON(to.out)
	}
	return report.WriteTable(to.out)
}
