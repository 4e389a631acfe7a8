package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/access"
	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/stripeapi"
)

// never is a schedule whose time does not come while something is measured: nothing is due either.
const never = "@every 1000h"

// how says what differs between the services that are measured.
type how struct {
	copy string // of readiness, in memory: on or off
	rate float64
	cron string
}

var (
	withCopy    = how{copy: "on", rate: scanRate, cron: never}
	withoutCopy = how{copy: "off", rate: scanRate, cron: never}
	scanning    = how{copy: "off", rate: fastest, cron: "@every 1s"}
)

// serving is a service that runs in this process.
type serving struct {
	*app.Service
	how      how
	password string
	key      string // header line of the API key
	cookie   string // header line of an admin's session; "" before it is asked for
}

// serve has a service run that is of this kind, and stops another.
func (r *run) serve(ctx context.Context, of how) (*serving, error) {
	if r.serving != nil && r.serving.how == of {
		return r.serving, nil
	}
	if err := r.stopServing(ctx); err != nil {
		return nil, err
	}
	s := &serving{how: of, password: rand.Text()}
	service, err := app.Start(ctx, r.settings(s))
	if err != nil {
		return nil, err
	}
	s.Service, r.serving = service, s
	made, err := service.Keys.Create(ctx, access.KeyParams{Name: "bench", Scopes: []access.Scope{access.ReadinessRead}})
	if err != nil {
		return nil, err
	}
	s.key = "Authorization: Bearer " + made.Secret + "\r\n"
	if of.copy == "on" {
		err = r.awaitCopy(ctx, s)
	}
	return s, err
}

func (r *run) stopServing(ctx context.Context) error {
	if r.serving == nil {
		return nil
	}
	service := r.serving.Service
	r.serving = nil
	return service.Stop(ctx)
}

// settings are serve's defaults, but for the above. What the service logs is nobody's.
func (r *run) settings(s *serving) app.Config {
	const day = 24 * time.Hour
	platform := r.stripe.sandbox.Platform()
	return app.Config{
		PlaceSettings: app.PlaceSettings{Addr: "127.0.0.1:0"},
		Database:      app.DatabaseSettings{DatabaseURL: stripeapi.Secret(r.url)},
		Stripe: app.StripeSettings{
			StripeSecretKey: stripeapi.Secret(platform.Key), StripeOAuthClientID: platform.ClientID,
			StripeEndpointSecret: []stripeapi.Secret{stripeapi.Secret(platform.WebhookSecret)},
			StripeAPIBase:        r.stripe.sandbox.URL(), StripeConnectBase: r.stripe.sandbox.URL(),
			StripeLimits: app.StripeLimits{StripeRate: s.how.rate, StripeReadAllocation: 1 << 40}, // so that accounts are retrieved, not listed
		},
		Service: app.ServiceSettings{
			ScanCron: s.how.cron, ScanBrake: "20,1%", RecheckEvery: 28 * day, StaleAfter: 35 * day, Gap: time.Hour, EventRetention: 90 * day,
			ReadinessCopy: s.how.copy, AdminPassword: stripeapi.Secret(s.password),
		},
		Version: r.cfg.Version, Logger: slog.New(slog.DiscardHandler),
	}
}

// copyWithin is how long a copy may take to be filled.
const copyWithin = 10 * time.Minute

// awaitCopy returns once readiness is answered from memory.
func (r *run) awaitCopy(ctx context.Context, s *serving) error {
	ctx, cancel := context.WithTimeout(ctx, copyWithin)
	defer cancel()
	c, err := r.dial(ctx, s.Addr)
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := c.askUntilAnswered(ctx, get(s.Addr, readinessPath(0), s.key), io.Discard); err != nil {
			return err
		}
		if strings.Contains(c.header.String(), "Cache-Status: connectd; hit") {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for readiness to be held in memory: %w", context.Cause(ctx))
		}
	}
}

func readinessPath(i int) string { return fmt.Sprintf("/v1/sellers/shop-%d/readiness", i) }

// signIn gives the header line of an admin's session.
func (s *serving) signIn(ctx context.Context) error {
	form := url.Values{"password": {s.password}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/admin/accounts", strings.NewReader(form))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var cookies []string
	for _, c := range res.Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	if res.StatusCode != http.StatusSeeOther || len(cookies) == 0 {
		return errors.New("sign in: " + res.Status)
	}
	s.cookie = "Cookie: " + strings.Join(cookies, "; ") + "\r\n"
	return nil
}
