package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/tracing"
)

type demoCommand struct {
	Addr        string `default:"127.0.0.1:3001" env:"CONNECTD_ADDR" help:"Address to listen on; port 0 takes a free one."`
	SandboxAddr string `default:"127.0.0.1:12111" help:"Address of the sandbox."`
	DataDir     string `type:"path" placeholder:"DIR" help:"Where everything is kept between runs (default: in the user's data folder)."`
	Sellers     int    `default:"24" help:"How many sellers there shall be; those missing are made."`
	ReadyFile   string `type:"path" placeholder:"PATH" help:"File to write, once requests are accepted, with all there is to know."`
	app.StripeLimits
	app.ServiceSettings
	app.LogSettings
}

func (c *demoCommand) Run(ctx context.Context, to console, parsed *kong.Context) error {
	if err := c.prepare(to); err != nil {
		return err
	}
	if err := app.ForgetReadyFile(c.ReadyFile); err != nil {
		return err
	}
	demo, err := app.StartDemo(ctx, app.DemoConfig{
		Addr: c.Addr, SandboxAddr: c.SandboxAddr, DataDir: c.DataDir, Sellers: c.Sellers, Service: c.ServiceSettings,
		Limits: c.StripeLimits, Log: c.LogSettings, Origins: to.origins.with(parsed), Version: built().version, Logger: c.Logger(to.err),
	})
	if err != nil {
		return err
	}
	if err := app.WriteReadyFile(c.ReadyFile, demo.Ready); err != nil {
		return drain(demo, err)
	}
	c.welcome(to, demo.Ready)
	return serveUntil(ctx, demo, demo.Failed())
}

func (c *demoCommand) prepare(to console) error {
	if len(c.PolicyCountries) == 0 {
		c.PolicyCountries = sandbox.Countries()
	}
	wrong := slices.Concat(
		checkLoopback("CONNECTD_ADDR", c.Addr), checkLoopback("--sandbox-addr", c.SandboxAddr),
		c.StripeLimits.Check(), c.ServiceSettings.Check(), tracing.Check(),
	)
	if c.MetricsAddr != "" {
		wrong = append(wrong, checkLoopback("CONNECTD_METRICS_ADDR", c.MetricsAddr)...)
	}
	if c.Sellers < 0 {
		wrong = append(wrong, fmt.Errorf("--sellers is below 0 (example: 24)"))
	}
	if c.DataDir == "" {
		dir, err := postgres.DefaultDataDir()
		if err != nil {
			return err
		}
		c.DataDir = filepath.Join(dir, "demo")
	}
	return to.check(wrong)
}

// welcome prints what to open and what to try.
func (c *demoCommand) welcome(to console, ready app.Ready) {
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, line := range [][2]string{
		{"Seller's page", ready.OnboardingURL},
		{"  in each state", ready.BaseURL + "/preview"},
		{"Admin's page", ready.AdminURL},
		{"  password", ready.AdminPassword},
		{"Sandbox", ready.SandboxURL},
		{"Mailbox", ready.SandboxURL + "/mail"},
		{"API key", ready.APIKey},
		{"Try", fmt.Sprintf("curl -H 'Authorization: Bearer %s' %s/v1/sellers/%s/readiness", ready.APIKey, ready.BaseURL, "restricted")},
		{"Stop", "Ctrl-C; everything is kept in " + c.DataDir},
	} {
		fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
	}
}
