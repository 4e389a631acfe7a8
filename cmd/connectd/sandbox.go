package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/sandbox"
)

type sandboxCommand struct {
	Addr             string `default:"127.0.0.1:12111" help:"Address to listen on; port 0 takes a free one."`
	State            string `type:"path" placeholder:"FILE" help:"File that keeps the state between runs (default: memory alone)."`
	ForwardConnectTo string `placeholder:"URL" help:"Deliver connected accounts' events there, a line each, as stripe listen does."`
	ReadyFile        string `type:"path" placeholder:"PATH" help:"File to write, once requests are accepted, with all there is to know."`
	app.LogSettings
}

// forwarding names the endpoint of --forward-connect-to, so that it is found again at another URL.
const forwarding = "connectd sandbox --forward-connect-to"

func (c *sandboxCommand) Run(ctx context.Context, to console) error {
	forwardTo, err := forwardURL(c.ForwardConnectTo)
	if err != nil {
		return &settingsError{[]error{err}}
	}
	printer := deliveryPrinter{to: to.out, url: forwardTo, coloured: isTerminal(to.out)}
	stripe, err := sandbox.Start(ctx, sandbox.Config{
		Addr: c.Addr, StateFile: c.State, Logger: c.Logger(to.err), OnDelivery: printer.print,
	})
	if err != nil {
		return err
	}
	ready := readySandbox(stripe)
	if err := introduce(to.out, ready, forwardTo); err != nil {
		return drain(stripe, err)
	}
	if err := forward(ctx, stripe, forwardTo); err != nil {
		return drain(stripe, err)
	}
	if err := app.WriteReadyFile(c.ReadyFile, ready); err != nil {
		return drain(stripe, err)
	}
	return serveUntil(ctx, stripe, nil)
}

// forwardURL takes what stripe listen takes: a URL, or one without its scheme.
func forwardURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("--forward-connect-to is a URL such as http://localhost:3000/webhook, not %q", text)
	}
	return text, nil
}

func readySandbox(stripe *sandbox.Sandbox) app.Ready {
	platform := stripe.Platform()
	return app.Ready{
		SandboxURL: stripe.URL(), PlatformKey: platform.Key, ClientID: platform.ClientID, WebhookSecret: platform.WebhookSecret,
	}
}

func introduce(out io.Writer, ready app.Ready, forwardTo string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Sandbox\t%s\nSecret key\t%s\nClient id\t%s\nWebhook secret\t%s\n",
		ready.SandboxURL, ready.PlatformKey, ready.ClientID, ready.WebhookSecret)
	if forwardTo != "" {
		fmt.Fprintf(w, "Forwarding to\t%s\n", forwardTo)
	}
	return w.Flush()
}

// forward has accounts' events delivered to the URL, or no longer to the one of an earlier run.
func forward(ctx context.Context, stripe *sandbox.Sandbox, to string) error {
	if to == "" {
		return stripe.RemoveWebhookEndpoint(ctx, forwarding)
	}
	_, err := stripe.EnsureWebhookEndpoint(ctx, sandbox.WebhookEndpoint{
		URL: to, Connect: true, EnabledEvents: []string{"*"}, Description: forwarding, Secret: stripe.Platform().WebhookSecret,
	})
	return err
}

// deliveryPrinter prints a line for each event that was forwarded. Safe for concurrent use.
type deliveryPrinter struct {
	to       io.Writer
	url      string
	coloured bool
	mu       sync.Mutex
}

const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

func (p *deliveryPrinter) print(d sandbox.Delivery) {
	if p.url == "" || d.URL != p.url {
		return
	}
	answer, colour := fmt.Sprintf("[%d]", d.Status), red
	switch {
	case d.Error != "":
		answer = "[" + d.Error + "]"
	case d.Status >= 200 && d.Status < 300:
		colour = green
	}
	if p.coloured {
		answer = colour + answer + plain
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.to, "%s  %s  %s %s [%s]\n", d.At.Local().Format("2006-01-02 15:04:05"), answer, d.Account, d.Type, d.Event)
}

// isTerminal heeds NO_COLOR (no-color.org) and CLICOLOR_FORCE (bixense.com/clicolors).
func isTerminal(out io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
