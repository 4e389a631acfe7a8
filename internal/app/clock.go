package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/connectd/connectd/internal/overview"
	"github.com/connectd/connectd/internal/postgres"
	"github.com/connectd/connectd/internal/retention"
)

// schedule starts the scan (at once, by the cron entry, and whenever an account becomes due at once), and what else happens
// by the clock, at once too.
func (s *Service) schedule() error {
	times := newTimetable()
	if err := times.add(s.cfg.Service.ScanCron, s.scanner.Wake); err != nil {
		return setting("CONNECTD_SCAN_CRON", "is not a schedule", "*/10 * * * *")
	}
	ctx, cancel := context.WithCancel(context.Background())
	err := errors.Join(
		times.addAtOnce("@every 1m", s.wakeRejudging),
		times.addAtOnce("@every 1m", func() { s.onboard(ctx) }),
		times.addAtOnce("@every 1m", func() { s.tellByTheClock(ctx) }),
		times.addAtOnce(retention.Every, func() { s.forget(ctx) }),
		times.addAtOnce(overview.Every, func() { s.count(ctx) }),
		times.addAtOnce("@every 24h", func() { s.recount(ctx) }),
		times.addAtOnce(s.pulse.Schedule(), func() { s.beat(ctx) }),
		times.add("@every 10s", func() { s.endIfTooOld(ctx) }),
	)
	if err != nil {
		cancel()
		return err
	}
	var scanning sync.WaitGroup
	scanning.Go(func() { s.scanner.Run(ctx) })
	scanning.Go(func() { s.catchUp.Run(ctx) })
	scanning.Go(func() { s.keepRejudging(ctx) })
	times.start()
	s.closers.add(func(stop context.Context) error {
		cancel()
		return errors.Join(times.stop(stop), waitFor(stop, &scanning))
	})
	return nil
}

// wakeRejudging has accounts judged again, after what is under way: a policy that is applied meanwhile is not left out.
func (s *Service) wakeRejudging() {
	select {
	case s.rejudging <- struct{}{}:
	default: // somebody has
	}
}

func (s *Service) keepRejudging(ctx context.Context) {
	for {
		select {
		case <-s.rejudging:
			s.rejudge(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// rejudge goes on with what a new policy, or a new version of the rules, has still to judge, one batch at a time: many would
// fill the committer's queue, and webhooks be refused.
func (s *Service) rejudge(ctx context.Context) {
	err := s.Registry.Rejudge(ctx, func(left int64) { s.cfg.Logger.Info("judging accounts again", "left", left) })
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("accounts could not be judged again", "error", err)
	}
}

// onboard stores the grants that could not be stored at once, and deletes what onboarding needs no more.
func (s *Service) onboard(ctx context.Context) {
	if err := s.Onboarding.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("kept grants could not be stored, or old OAuth states not be deleted", "error", err)
	}
}

// forget has the events deleted that were kept for long enough.
func (s *Service) forget(ctx context.Context) {
	events := retention.Ticker{Jobs: s.jobs, Keep: s.cfg.Service.EventRetention}
	if err := events.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("old events could not be deleted", "error", err)
	}
}

// count adds what has happened to the overview's figures.
func (s *Service) count(ctx context.Context) {
	if err := s.overview.Tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.cfg.Logger.Error("the overview's figures could not be counted", "error", err)
	}
}

// recount mends how many accounts have each status, where a connectd of before these counts has served beside this one. At first
// there are none: what fails is tried again in a minute, not in a day.
func (s *Service) recount(ctx context.Context) {
	_ = retry.Do(ctx, retry.NewConstant(time.Minute), func(ctx context.Context) error { // it goes on until ctx ends
		err := s.Registry.RecountStatuses(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Logger.Error("accounts could not be counted by status", "error", err)
		}
		return retry.RetryableError(err)
	})
}

// endIfTooOld ends the service once a newer connectd has made the database unfit for this one.
func (s *Service) endIfTooOld(ctx context.Context) {
	if err := postgres.Compatible(ctx, s.pool); errors.Is(err, postgres.ErrTooOld) {
		s.fail(err)
	}
}
