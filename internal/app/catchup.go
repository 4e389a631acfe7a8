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
func (s *Service) openCatchUp() {
	s.catchUp = catchup.NewWorker(catchup.Config{
		Pool: s.pool, Stripe: s.stripe, Events: s.events, Checker: s.Checker, Passes: s.Scans,
		Sweep: s.sweep, MakeDue: s.Registry.MakeDue, Clock: quartz.NewReal(), Logger: s.cfg.Logger,
	})
	s.pulse = catchup.NewPulse(catchup.PulseConfig{
		Pool: s.pool, Gap: s.cfg.Service.Gap, Endpoint: s.hearing, Opened: s.catchUp.Wake, Logger: s.cfg.Logger,
	})
}

// sweep starts a pass over all accounts.
func (s *Service) sweep(ctx context.Context, by account.Actor, now time.Time) error {
	if _, err := s.Scans.Start(ctx, by, scan.All, scan.List, now); err != nil {
		return err
	}
	s.scanner.Wake()
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
