package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/sandbox"
)

type sandboxCommand struct {
	Addr      string `default:"127.0.0.1:12111" help:"Address to listen on; port 0 takes a free one."`
	State     string `type:"path" placeholder:"FILE" help:"File that keeps the state between runs (default: memory alone)."`
	ReadyFile string `type:"path" placeholder:"PATH" help:"File to write, once requests are accepted, with all there is to know."`
	app.LogSettings
}

func (c *sandboxCommand) Run(ctx context.Context, to console) error {
	stripe, err := sandbox.Start(ctx, sandbox.Config{Addr: c.Addr, StateFile: c.State, Logger: c.Logger(to.err)})
	if err != nil {
		return err
	}
	platform := stripe.Platform()
	ready := app.Ready{SandboxURL: stripe.URL(), PlatformKey: platform.Key, ClientID: platform.ClientID}
	if err := app.WriteReadyFile(c.ReadyFile, ready); err != nil {
		return drain(stripe, err)
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Sandbox\t%s\nSecret key\t%s\nClient id\t%s\n", ready.SandboxURL, ready.PlatformKey, ready.ClientID)
	if err := w.Flush(); err != nil {
		return drain(stripe, err)
	}
	return serveUntil(ctx, stripe, nil)
}
