package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

type webhooksCommand struct {
	Setup webhooksSetup `cmd:"" help:"Register the endpoint for connected accounts' events at Stripe, or bring it up to date."`
	Check webhooksCheck `cmd:"" help:"Say what the endpoint at Stripe lacks."`
}

type webhooksCheck struct {
	BaseURL string `name:"base-url" env:"BASE_URL" placeholder:"URL" help:"Where Stripe reaches connectd (default: http://localhost:3001)."`
	app.StripeSettings
	app.LogSettings
}

func (c *webhooksCheck) Run(ctx context.Context, to console) error {
	return c.withEndpoint(ctx, to, func(_ *stripeapi.Client, found *app.Endpoint) error {
		url := app.EndpointURL(c.base())
		switch {
		case found == nil:
			return fmt.Errorf("no endpoint for connected accounts' events leads to %s: connectd webhooks setup", url)
		case found.Fault() != "":
			return fmt.Errorf("%s: connectd webhooks setup", found.Fault())
		}
		_, err := fmt.Fprintf(to.out, "endpoint %s leads to %s and has every type that is handled\n", found.ID, url)
		return err
	})
}

type webhooksSetup struct{ webhooksCheck }

func (c *webhooksSetup) Run(ctx context.Context, to console) error {
	return c.withEndpoint(ctx, to, func(client *stripeapi.Client, found *app.Endpoint) error {
		if found == nil {
			return c.create(ctx, to, client)
		}
		if _, err := client.EnableWebhookEndpoint(ctx, found.ID, webhook.Types()); err != nil {
			return fmt.Errorf("%w: %s", err, app.MendEndpoints(err, c.StripeSettings))
		}
		if missing := found.Missing(); len(missing) > 0 {
			fmt.Fprintf(to.err, "endpoint %s lacked %s\n", found.ID, strings.Join(missing, ", "))
		}
		fmt.Fprintln(to.err, "its signing secret stays as it was; the Dashboard shows it: Developers, Webhooks (STRIPE_ENDPOINT_SECRET)")
		_, err := fmt.Fprintf(to.out, "endpoint %s is up to date: %s\n", found.ID, strings.Join(webhook.Types(), ", "))
		return err
	})
}

func (c *webhooksSetup) create(ctx context.Context, to console, client *stripeapi.Client) error {
	made, err := client.CreateWebhookEndpoint(ctx, app.EndpointURL(c.base()), webhook.Types())
	if err != nil {
		return fmt.Errorf("%w: %s", err, app.MendEndpoints(err, c.StripeSettings))
	}
	fmt.Fprintf(to.err, "endpoint %s is made for %s; put this into connectd's settings:\n", made.ID, strings.Join(webhook.Types(), ", "))
	_, err = fmt.Fprintf(to.out, "STRIPE_ENDPOINT_SECRET=%s\n", string(made.Secret))
	return err
}

func (c *webhooksCheck) base() string {
	return strings.TrimSuffix(cmp.Or(c.BaseURL, defaultBaseURL), "/")
}

func (c *webhooksCheck) withEndpoint(ctx context.Context, to console, use func(*stripeapi.Client, *app.Endpoint) error) error {
	if err := to.check(c.Check(), checkBaseURL(c.BaseURL, c.Mode())); err != nil {
		return err
	}
	client, err := c.Client(nil, c.Logger(to.err))
	if err != nil {
		return err
	}
	defer client.Close()
	found, err := app.FindEndpoint(ctx, client, c.base())
	if err != nil {
		return fmt.Errorf("%w: %s", err, app.MendEndpoints(err, c.StripeSettings))
	}
	return use(client, found)
}
