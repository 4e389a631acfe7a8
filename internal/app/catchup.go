package app

import (
	"context"
	"fmt"
	"time"

	"github.com/coder/quartz"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/catchup"
	"github.com/connectd/connectd/internal/db"
	"github.com/connectd/connectd/internal/scan"
	"github.com/connectd/connectd/internal/web"
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

// beat says that connectd is alive.
func (s *Service) beat(ctx context.Context) {
	if err := s.pulse.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("the heartbeat has failed", "error", err)
	}
}

// missed are the troubles of events that did not come.
func (s *Service) missed(ctx context.Context) ([]web.Trouble, error) {
	report, err := catchup.State(ctx, s.queries)
	if err != nil {
		return nil, err
	}
	var found []web.Trouble
	if report.Deaf {
		found = append(found, web.Trouble{
			Words: "Stripe has the webhook endpoint switched off: no event comes.",
			Fix:   "connectd webhooks setup switches it on; what was missed is caught up with by itself.",
		})
	}
	if c := report.Open; c != nil {
		found = append(found, web.Trouble{
			Words: fmt.Sprintf("Events since %s may have been missed (%s): %s.", c.Since.UTC().Format(time.RFC3339), c.Why, report.Words()),
			Fix:   "That goes on by itself; the log has its progress.",
		})
	}
	return found, nil
}

// missed looks at whether events were missed that are not caught up with yet.
func (d Doctor) missed(ctx context.Context, q *db.Queries) Finding {
	report, err := catchup.State(ctx, q)
	switch {
	case err != nil:
		return Finding{"missed events", Wrong, err.Error(), "see the database's log"}
	case report.Open != nil:
		return Finding{
			"missed events", Warning,
			fmt.Sprintf("being caught up with, since %s (%s): %s", report.Open.Since.UTC().Format(time.RFC3339), report.Open.Why, report.Words()),
			"let connectd serve run until that is done",
		}
	case report.Last != nil:
		return Finding{
			"missed events", Fine,
			fmt.Sprintf("none; the last catch-up, at %s, found %d", report.Last.FinishedAt.UTC().Format(time.RFC3339), report.Last.Missed), "",
		}
	}
	return Finding{"missed events", Fine, "none", ""}
}
