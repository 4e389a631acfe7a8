package app

import (
	"context"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/scan"
)

// openCatchUp makes what notices gaps and what makes up for them.
func (p *parts) openCatchUp() {
	p.catchUp = catchup.NewWorker(catchup.Config{
		Pool: p.pool, Stripe: p.stripe, Events: p.events, Checker: p.Checker, Passes: p.Scans,
		Sweep: p.sweep, MakeDue: p.Registry.MakeDue, Clock: quartz.NewReal(), Logger: p.cfg.Logger,
	})
	p.pulse = catchup.NewPulse(catchup.PulseConfig{
		Pool: p.pool, Gap: p.cfg.Service.Gap, Endpoint: p.hearing, Opened: p.catchUp.Wake, Logger: p.cfg.Logger,
	})
}

// sweep starts a pass over all accounts.
func (p *parts) sweep(ctx context.Context, by account.Actor, now time.Time) error {
	if _, err := p.Scans.Start(ctx, by, scan.All, scan.List, now); err != nil {
		return err
	}
	p.scanner.Wake()
	return nil
}

// hearing asks Stripe for the endpoint that leads here. Where there is none, as where events are forwarded, nothing is known.
func (s *Service) hearing(ctx context.Context) (catchup.Hearing, error) {
	found, err := FindEndpoint(ctx, s.stripe, s.cfg.BaseURL)
	switch {
	case err != nil, found == nil:
		return catchup.Unknown, err
	case found.Enabled:
		return catchup.Enabled, nil
	}
	return catchup.SwitchedOff, nil
}
