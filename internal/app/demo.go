package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/sandbox"
	"github.com/connectd/connectd/internal/stripeapi"
)

// DemoConfig is what a demo is started with.
type DemoConfig struct {
	Addr        string
	SandboxAddr string
	DataDir     string // kept between runs
	Sellers     int    // how many there shall be; only those missing are made
	Service     ServiceSettings
	Limits      StripeLimits
	Log         LogSettings
	Origins     map[string]string // as a Config has them
	Version     string            // of the program
	Logger      *slog.Logger
}

// Demo is a running demo: an embedded Postgres, the sandbox in Stripe's place, the service, and sellers.
type Demo struct {
	Ready   Ready
	Service *Service

	sandbox *sandbox.Sandbox
	server  *postgres.Server
	closers closers
}

// StartDemo starts all of it, connects the sellers that are missing, and returns when the demo can be used. ctx bounds the
// start alone.
func StartDemo(ctx context.Context, cfg DemoConfig) (*Demo, error) {
	d := &Demo{}
	if err := d.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, d.Stop(context.WithoutCancel(ctx)))
	}
	return d, nil
}

// webhookTypes are the events that the demo's endpoint asks for: all, as one that lacks a type would show nothing of it.
var webhookTypes = []string{"*"}

func (d *Demo) start(ctx context.Context, cfg DemoConfig) error {
	// It makes the data folder too, or refuses it.
	if err := d.startPostgres(ctx, cfg); err != nil {
		return err
	}
	if err := d.startSandbox(ctx, cfg); err != nil {
		return err
	}
	if err := d.startMailbox(ctx, &cfg.Service.MailSettings); err != nil {
		return err
	}
	kept, err := openKeepsakes(filepath.Join(cfg.DataDir, "demo.json"))
	if err != nil {
		return err
	}
	if cfg.Service.AdminPassword == "" && cfg.Service.AdminPasswordHash == "" {
		cfg.Service.AdminPassword = stripeapi.Secret(kept.AdminPassword)
	}
	if err := d.startService(ctx, cfg); err != nil {
		return err
	}
	if err := kept.ensureKey(ctx, d.Service.Keys); err != nil {
		return err
	}
	sellers := demoSellers{service: d.Service, sandbox: d.sandbox}
	if err := sellers.connectMissing(ctx, cfg.Sellers); err != nil {
		return err
	}
	if err := sellers.readUnread(ctx); err != nil {
		return err
	}
	newcomer, err := sellers.newcomer(ctx)
	if err != nil {
		return err
	}
	d.Ready.AdminPassword, d.Ready.APIKey, d.Ready.OnboardingURL = string(cfg.Service.AdminPassword), kept.APIKey, newcomer
	return nil
}

func (d *Demo) startPostgres(ctx context.Context, cfg DemoConfig) error {
	server, err := postgres.StartServer(ctx, postgres.ServerConfig{
		DataDir: filepath.Join(cfg.DataDir, "postgres"), Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	d.closers.add(server.Stop)
	d.server, d.Ready.DatabaseURL = server, server.URL()
	return nil
}

func (d *Demo) startSandbox(ctx context.Context, cfg DemoConfig) error {
	stripe, err := sandbox.Start(ctx, sandbox.Config{
		Addr: cfg.SandboxAddr, StateFile: filepath.Join(cfg.DataDir, "sandbox.jsonl"), Logger: cfg.Logger,
	})
	if err != nil {
		return fmt.Errorf("start the sandbox: %w (--sandbox-addr names another address)", err)
	}
	d.closers.add(stripe.Stop)
	d.sandbox = stripe
	d.Ready.SandboxURL = stripe.URL()
	d.Ready.PlatformKey, d.Ready.ClientID = stripe.Platform().Key, stripe.Platform().ClientID
	return nil
}

// startService listens before the sandbox is told where to deliver: an address with port 0 is only known then.
func (d *Demo) startService(ctx context.Context, cfg DemoConfig) error {
	secret, err := d.ensureEndpoint(ctx, "http://"+cfg.Addr)
	if err != nil {
		return err
	}
	d.Ready.WebhookSecret = secret
	service, err := Start(ctx, Config{
		PlaceSettings: PlaceSettings{Addr: cfg.Addr, DataDir: cfg.DataDir},
		Database:      DatabaseSettings{DatabaseURL: stripeapi.Secret(d.server.URL())},
		Stripe: StripeSettings{
			StripeSecretKey: stripeapi.Secret(d.Ready.PlatformKey), StripeOAuthClientID: d.Ready.ClientID,
			StripeEndpointSecret: []stripeapi.Secret{stripeapi.Secret(secret)},
			StripeAPIBase:        d.Ready.SandboxURL, StripeConnectBase: d.Ready.SandboxURL, StripeLimits: cfg.Limits,
		},
		Service: cfg.Service, Log: cfg.Log, Origins: cfg.Origins, Version: cfg.Version, PreviewSellers: sandbox.Personas(), Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	d.closers.add(service.Stop)
	d.Service = service
	d.Ready.BaseURL, d.Ready.AdminURL = service.URL, service.URL+"/admin/accounts"
	_, err = d.ensureEndpoint(ctx, service.URL)
	return err
}

// ensureEndpoint registers connectd's webhook endpoint; found by its description, it keeps its secret at any address.
func (d *Demo) ensureEndpoint(ctx context.Context, baseURL string) (secret string, err error) {
	secret, err = d.sandbox.EnsureWebhookEndpoint(ctx, sandbox.WebhookEndpoint{
		URL: baseURL + webhookPath, Connect: true, EnabledEvents: webhookTypes, Description: "connectd's demo",
	})
	if err != nil {
		return "", fmt.Errorf("register the webhook endpoint: %w", err)
	}
	return secret, nil
}

// Failed gets the error that ends the demo by itself.
func (d *Demo) Failed() <-chan error {
	failed := make(chan error, 1)
	go func() {
		select {
		case err := <-d.Service.Failed():
			failed <- err
		case <-d.server.Done():
			failed <- errors.New("the embedded Postgres has stopped")
		}
	}()
	return failed
}

// Stop stops all of it, in reverse.
func (d *Demo) Stop(ctx context.Context) error { return d.closers.close(ctx) }
