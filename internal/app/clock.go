package app

import (
	"context"
	"errors"
	"time"

	"github.com/connectd/connectd/internal/notify"
	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/retention"
)

// byTheClock is all that happens by it. All replicas do it at once, which each Tick bears.
func (p *parts) byTheClock() []entry {
	events := retention.Ticker{Jobs: p.jobs, Keep: p.cfg.Service.EventRetention}
	return []entry{
		{every: p.cfg.Service.ScanCron, waits: true, tick: just(p.scanner.Wake)}, // which looks at its start by itself
		{every: "@every 1m", tick: just(p.rejudger.Wake)},
		{every: "@every 1m", tick: p.Onboarding.Tick, failed: "kept grants could not be stored, or old OAuth states not be deleted"},
		{every: "@every 1m", tick: p.tell, failed: "reminders or mails could not be told, or event endpoints not be looked after"},
		{every: retention.Every, tick: events.Tick, failed: "old events could not be deleted"},
		{every: overview.Every, tick: p.overview.Tick, failed: "the overview's figures could not be counted"},
		// At first there are no counts: a day would be long to wait.
		{every: "@every 24h", again: time.Minute, tick: p.recount, failed: "accounts could not be counted by status"},
		{every: p.pulse.Schedule(), tick: p.pulse.Tick, failed: "the heartbeat has failed"},
		{every: "@every 10s", waits: true, tick: p.endIfTooOld},
	}
}

// runClock starts what happens by the clock, and what that wakes.
func (p *parts) runClock(context.Context) error {
	times, err := newTimetable(p.byTheClock(), p.cfg.Logger)
	if err != nil {
		return err
	}
	p.background(p.scanner.Run, p.catchUp.Run, p.rejudger.Run, times.run)
	return nil
}

// tell reminds of deadlines, mails what had to wait, and switches off endpoints that have failed for days.
func (p *parts) tell(ctx context.Context, now time.Time) error {
	mails := p.outbox()
	reminders := notify.Reminders{Pool: p.pool, Jobs: p.jobs, JudgeAge: p.Registry.JudgeAge, Mails: mails}
	return errors.Join(reminders.Tick(ctx, now), mails.Tick(ctx, p.pool, now), p.endpoints.Tick(ctx, now))
}

// recount mends how many accounts have each status, where a connectd of before these counts has served beside this one.
func (s *Service) recount(ctx context.Context, _ time.Time) error {
	return s.Registry.RecountStatuses(ctx)
}

// endIfTooOld ends the service once a newer connectd has made the database unfit for this one. A database that does not answer is
// told of by others.
func (s *Service) endIfTooOld(ctx context.Context, _ time.Time) error {
	if err := postgres.Compatible(ctx, s.pool); errors.Is(err, postgres.ErrTooOld) {
		s.fail(err)
	}
	return nil
}
