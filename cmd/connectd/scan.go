package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/connectd/connectd/client"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/scan"
)

type scanCommand struct {
	Start  scanStart  `cmd:"" default:"withargs" help:"Check the accounts that are due."`
	Resume scanResume `cmd:"" help:"Release the brake of a scan: what it held back is applied."`
}

type scanStart struct {
	All    bool   `help:"All connected accounts, due or not."`
	Method string `enum:",retrieve,list" default:"" placeholder:"METHOD" help:"How to ask Stripe: retrieve asks for each account by itself; list goes through Stripe's list of all accounts, 100 a call. Default: retrieve, or list where retrievals would use up the reads that Stripe allots."`
	Wait   bool   `help:"Work on the scan here, and wait for its end."`
	app.DatabaseSettings
	app.StripeSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *scanStart) Run(ctx context.Context, to console) error {
	if !c.Wait {
		return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error { return c.start(ctx, core, to) })
	}
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // the progress says the rest
	}
	return withStripe(ctx, c.DatabaseSettings, c.StripeSettings, c.ServiceSettings, c.LogSettings, to, nil, func(core *app.Core) error {
		return c.startAndWork(ctx, core, to)
	})
}

func (c *scanStart) open(ctx context.Context, core *app.Core) (client.Scan, error) {
	scope := scan.Due
	if c.All {
		scope = scan.All
	}
	return core.Scans.Allotted(c.StripeReadAllocation, c.RecheckEvery).Start(ctx, shell, scope, scan.Method(c.Method), time.Now())
}

func (c *scanStart) start(ctx context.Context, core *app.Core, to console) error {
	report, err := c.open(ctx, core)
	if err != nil {
		return err
	}
	fmt.Fprintln(to.err, "The scan is open; connectd serve works on it. Look at GET /v1/scans/"+report.ID+".")
	return printJSON(to, report)
}

// startAndWork is as one more replica of the service, until the scan has ended.
func (c *scanStart) startAndWork(ctx context.Context, core *app.Core, to console) error {
	report, err := c.open(ctx, core)
	if err != nil {
		return err
	}
	report, err = workOn(ctx, core, c.StripeSettings, report, to)
	return errors.Join(err, printJSON(to, report), short(report))
}

func workOn(ctx context.Context, core *app.Core, stripe app.StripeSettings, report client.Scan, to console) (client.Scan, error) {
	ctx, stop := context.WithCancel(ctx)
	worked := make(chan struct{})
	scanner := core.Scanner(stripe)
	go func() { scanner.Run(ctx); close(worked) }()
	defer func() { stop(); <-worked }()
	return follow(ctx, core, report, newProgress(to.err, "checking"))
}

const followEvery = 200 * time.Millisecond

func follow(ctx context.Context, core *app.Core, report client.Scan, p progress) (client.Scan, error) {
	defer p.end()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for report.State == "running" {
		p.show(stepOf(report))
		select {
		case <-ctx.Done():
			return report, errors.New("interrupted; the scan stays open, and connectd serve goes on with it")
		case <-ticker.C:
		}
		next, err := core.Scans.Report(ctx, report.ID, time.Now())
		if err != nil {
			return report, err
		}
		report = next
	}
	p.last(stepOf(report))
	return report, nil
}

// short is why a scan that has ended fell short, or nil.
func short(report client.Scan) error {
	switch {
	case report.State == "stopped":
		return fmt.Errorf("the scan was stopped: %s", deref(report.Why))
	case report.State == "braked":
		return fmt.Errorf("the scan is braked: it holds %d accounts back; look at them, then: connectd scan resume %s", report.HeldBack, report.ID)
	case report.Failed > 0:
		return fmt.Errorf("%d checks failed; an account that could not be checked stays due", report.Failed)
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

type scanResume struct {
	ID string `arg:"" optional:"" help:"The scan (default: the one that is braked)."`
	app.DatabaseSettings
	app.LogSettings
}

func (c *scanResume) Run(ctx context.Context, to console) error {
	return withRegistry(ctx, c.DatabaseSettings, c.LogSettings, to, func(core *app.Core) error {
		report, err := core.Scans.Resume(ctx, c.ID, shell, time.Now())
		if err != nil {
			return err
		}
		return printJSON(to, report)
	})
}
