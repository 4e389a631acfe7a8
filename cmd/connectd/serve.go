package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/systemd"
	"github.com/connectd/connectd/internal/tracing"
)

// drainTime is how long requests and jobs in flight have to end after SIGTERM, CONNECTD_DRAIN_DELAY among it: of the 15 s within
// which the process has ended, whatever hangs, it leaves one for what is cut off then.
const drainTime = 14 * time.Second

type serveCommand struct {
	app.PlaceSettings
	app.DatabaseSettings
	app.StripeSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *serveCommand) Run(ctx context.Context, to console, parsed *kong.Context) error {
	if err := to.check(checkAddr("CONNECTD_ADDR", c.Addr), c.CheckForm(), c.StripeSettings.Check(), c.CheckOAuth(),
		c.ServiceSettings.Check(), checkBaseURL(c.BaseURL, c.Mode()), tracing.Check(), checkDelay(c.DrainDelay)); err != nil {
		return err
	}
	calmCollector()
	logger := c.Logger(to.err)
	manager := systemd.FromEnvironment()
	if len(c.StripeEndpointSecret) == 0 {
		logger.Warn("STRIPE_ENDPOINT_SECRET is not set: every webhook will be refused (example: whsec_…)")
	}
	if err := app.ForgetReadyFile(c.ReadyFile); err != nil {
		return err
	}
	server, err := c.ensureDatabase(ctx, logger)
	if err != nil {
		return err
	}
	service, err := app.Start(ctx, app.Config{
		PlaceSettings: c.PlaceSettings, Database: c.DatabaseSettings, Stripe: c.StripeSettings,
		Service: c.ServiceSettings, Log: c.LogSettings, Origins: to.origins.with(parsed), Version: built().version, Logger: logger,
	})
	if err != nil {
		return errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
	}
	running := stoppers{service, server}
	if err := app.WriteReadyFile(c.ReadyFile, c.ready(service)); err != nil {
		return drain(running, err)
	}
	logger.Info("ready", "url", service.URL)
	return serveUntil(ctx, append(stoppers{manage(manager, service.Addr, logger), leaver{service, c.DrainDelay}}, running...), service.Failed())
}

// longestDelay leaves requests and jobs in flight four seconds of drainTime.
const longestDelay = 10 * time.Second

func checkDelay(delay time.Duration) []error {
	if delay < 0 || delay > longestDelay {
		return []error{errors.New("CONNECTD_DRAIN_DELAY is not between 0s and 10s (example: 3s)")}
	}
	return nil
}

// leaver says that the service is about to stop, and gives those who look whether it is ready the time to see it.
type leaver struct {
	service *app.Service
	delay   time.Duration
}

func (l leaver) Stop(ctx context.Context) error {
	l.service.Leave()
	select {
	case <-ctx.Done():
	case <-time.After(l.delay):
	}
	return nil
}

// checkAddr refuses what can't be listened on.
func checkAddr(name, addr string) []error {
	if _, err := net.ResolveTCPAddr("tcp", addr); err != nil {
		return []error{fmt.Errorf("%s is not an address (example: 127.0.0.1:3001)", name)}
	}
	return nil
}

// checkLoopback refuses an address that others could reach.
func checkLoopback(name, addr string) []error {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil || !at.IP.IsLoopback() {
		return []error{fmt.Errorf("%s is not an address of this machine alone, on which a demo listens (example: 127.0.0.1:3001)", name)}
	}
	return nil
}

// checkBaseURL refuses what browsers can't be sent to; in live mode sellers and Stripe come by https alone.
func checkBaseURL(baseURL string, live app.Mode) []error {
	const example = "(example: https://connect.example.com)"
	u, err := url.Parse(baseURL)
	switch {
	case baseURL == "" && live == app.Test:
		return nil // derived from the address
	case baseURL == "":
		return []error{errors.New("BASE_URL is not set, and has to be in live mode " + example)}
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return []error{errors.New("BASE_URL is not an http or https URL " + example)}
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return []error{errors.New("BASE_URL has more than scheme, host and path, to which paths can't be added " + example)}
	case u.Scheme == "http" && live == app.Live:
		return []error{errors.New("BASE_URL is http, and has to be https in live mode " + example)}
	}
	return nil
}

// ensureDatabase starts an embedded Postgres where no other is named.
func (c *serveCommand) ensureDatabase(ctx context.Context, logger *slog.Logger) (stopper, error) {
	if c.DatabaseURL != "" {
		return nothing{}, nil
	}
	if c.DataDir == "" {
		dir, err := postgres.DefaultDataDir()
		if err != nil {
			return nil, err
		}
		c.DataDir = filepath.Join(dir, "serve")
	}
	server, err := postgres.StartServer(ctx, postgres.ServerConfig{DataDir: filepath.Join(c.DataDir, "postgres"), Logger: logger})
	if err != nil {
		return nil, err
	}
	c.DatabaseURL = stripeapi.Secret(server.URL())
	return server, nil
}

func (c *serveCommand) ready(service *app.Service) app.Ready {
	ready := app.Ready{
		BaseURL: service.URL, AdminURL: service.URL + "/admin/accounts", AdminPassword: string(c.AdminPassword),
		PlatformKey: string(c.StripeSecretKey), ClientID: c.StripeOAuthClientID, DatabaseURL: string(c.DatabaseURL),
	}
	if len(c.StripeEndpointSecret) > 0 {
		ready.WebhookSecret = string(c.StripeEndpointSecret[0])
	}
	return ready
}

// stopper is a running part of a program.
type stopper interface {
	Stop(ctx context.Context) error
}

// stoppers stop one after the other.
type stoppers []stopper

func (s stoppers) Stop(ctx context.Context) error {
	var errs []error
	for _, part := range s {
		errs = append(errs, part.Stop(ctx))
	}
	return errors.Join(errs...)
}

type nothing struct{}

func (nothing) Stop(context.Context) error { return nil }

// serveUntil waits for a signal or for an end of its own, and drains.
func serveUntil(ctx context.Context, running stopper, failed <-chan error) error {
	select {
	case <-ctx.Done():
		return drain(running, nil)
	case err := <-failed:
		return drain(running, err)
	}
}

func drain(running stopper, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return errors.Join(cause, running.Stop(ctx))
}
