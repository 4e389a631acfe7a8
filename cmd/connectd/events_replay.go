package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/connectd/connectd/internal/app"
	"github.com/connectd/connectd/internal/registry"
	"github.com/connectd/connectd/internal/stripeapi"
	"github.com/connectd/connectd/internal/webhook"
)

type eventsReplay struct {
	ID              []string         `arg:"" optional:"" help:"The events' ids (evt_…); without any, all that the flags choose."`
	StripeSecretKey stripeapi.Secret `name:"stripe-secret-key" env:"STRIPE_SECRET_KEY" placeholder:"KEY" help:"Says the mode of a database that belongs to no platform yet."`
	eventFilter
	app.DatabaseSettings
	app.ServiceSettings
	app.LogSettings
}

func (c *eventsReplay) Run(ctx context.Context, to console) error {
	chosen := c.eventFilter != eventFilter{}
	if chosen == (len(c.ID) > 0) {
		return &settingsError{[]error{errors.New("name the events to replay, or choose them (example: --outcome failed --since 24h), and not both")}}
	}
	filter, err := c.at(time.Now())
	if err != nil {
		return err
	}
	if err := to.check(c.DatabaseSettings.Check(), c.ServiceSettings.Check()); err != nil {
		return err
	}
	return withCore(c.Logger(to.err), func(core *app.Core) error {
		events, err := c.open(ctx, core)
		switch {
		case err != nil:
			return err
		case chosen:
			return replayAll(ctx, to, events, filter)
		}
		return c.replayEach(ctx, to, events)
	})
}

func (c *eventsReplay) open(ctx context.Context, core *app.Core) (*webhook.Handler, error) {
	if err := core.OpenDatabase(ctx, c.DatabaseSettings); err != nil {
		return nil, err
	}
	if err := core.OpenRegistry(ctx, c.ServiceSettings); err != nil {
		return nil, err
	}
	return core.Events(ctx, c.StripeSecretKey)
}

// replayEach goes on after one that can't be replayed.
func (c *eventsReplay) replayEach(ctx context.Context, to console, events *webhook.Handler) error {
	var errs []error
	for _, id := range c.ID {
		e, err := events.Replay(ctx, id, shell)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(to.out, "%s  %s  %s\n", e.ID, e.Outcome, orDash(e.Why))
		if e.Outcome == string(registry.Failed) {
			errs = append(errs, fmt.Errorf("event %s can still not be read", id))
		}
	}
	return errors.Join(errs...)
}

func replayAll(ctx context.Context, to console, events *webhook.Handler, filter registry.EventFilter) error {
	total, err := events.ReplayAll(ctx, filter, shell, func(so webhook.Replays) { fmt.Fprintln(to.err, "So far: "+inWords(so)) })
	fmt.Fprintln(to.out, inWords(total))
	if err != nil {
		return fmt.Errorf("%w (run it again to go on; nothing happens twice)", err)
	}
	if n := total.StillFailed(); n > 0 {
		return fmt.Errorf("%d events have still failed (connectd events list --outcome failed says why)", n)
	}
	return nil
}

// inWords says how many events have which outcome.
func inWords(r webhook.Replays) string {
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", r.Outcomes[outcome], outcome))
	}
	for _, outcome := range slices.Sorted(maps.Keys(r.Skipped)) {
		parts = append(parts, fmt.Sprintf("%d left as %s, of which too little was kept", r.Skipped[outcome], outcome))
	}
	if len(parts) == 0 {
		return "no events"
	}
	return strings.Join(parts, ", ")
}
