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
func (s *Service) byTheClock() []entry {
	events := retention.Ticker{Jobs: s.jobs, Keep: s.cfg.Service.EventRetention}
	return []entry{
		{every: s.cfg.Service.ScanCron, waits: true, tick: just(s.scanner.Wake)}, // which looks at its start by itself
		{every: "@every 1m", tick: just(s.rejudger.Wake)},
		{every: "@every 1m", tick: s.Onboarding.Tick, failed: "kept grants could not be stored, or old OAuth states not be deleted"},
		{every: "@every 1m", tick: s.tell, failed: "reminders or mails could not be told, or event endpoints not be looked after"},
		{every: retention.Every, tick: events.Tick, failed: "old events could not be deleted"},
		{every: overview.Every, tick: s.overview.Tick, failed: "the overview's figures could not be counted"},
		// At first there are no counts: a day would be long to wait.
		{every: "@every 24h", again: time.Minute, tick: s.recount, failed: "accounts could not be counted by status"},
		{every: s.pulse.Schedule(), tick: s.pulse.Tick, failed: "the heartbeat has failed"},
		{every: "@every 10s", waits: true, tick: s.endIfTooOld},
	}
}

// schedule starts what happens by the clock, and what that wakes.
func (s *Service) schedule() error {
	times, err := newTimetable(s.byTheClock(), s.cfg.Logger)
	if err != nil {
		return err
	}
	s.background(s.scanner.Run, s.catchUp.Run, s.rejudger.Run, times.run)
	return nil
}

// tell reminds of deadlines, mails what had to wait, and switches off endpoints that have failed for days.
func (s *Service) tell(ctx context.Context, now time.Time) error {
	mails := s.outbox()
	reminders := notify.Reminders{Pool: s.pool, Jobs: s.jobs, JudgeAge: s.Registry.JudgeAge, Mails: mails}
	return errors.Join(reminders.Tick(ctx, now), mails.Tick(ctx, s.pool, now), s.endpoints.Tick(ctx, now))
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
