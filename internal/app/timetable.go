package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/sethvargo/go-retry"
)

// entry is what happens by the clock: at the start, and then whenever it is its turn.
type entry struct {
	every  string        // a schedule of cron
	waits  bool          // for its first turn, and does nothing at the start
	again  time.Duration // after a failure; where it is 0, at the next turn
	failed string        // what the log says where tick fails
	tick   func(ctx context.Context, now time.Time) error
}

// just is a tick that can't fail and does not ask for the time.
func just(f func()) func(context.Context, time.Time) error {
	return func(context.Context, time.Time) error { f(); return nil }
}

// timetable does what happens by the clock. What still runs is not begun again: its turn is left out.
type timetable struct {
	entries   []entry
	schedules []cron.Schedule // of the entries
	logger    *slog.Logger
}

func newTimetable(entries []entry, logger *slog.Logger) (*timetable, error) {
	t := &timetable{entries: entries, logger: logger}
	for _, e := range entries {
		schedule, err := cron.ParseStandard(e.every)
		if err != nil {
			return nil, fmt.Errorf("schedule what happens %s: %w", e.every, err)
		}
		t.schedules = append(t.schedules, schedule)
	}
	return t, nil
}

// run goes on until ctx ends, begins nothing any more then, and waits for what runs.
func (t *timetable) run(ctx context.Context) {
	turns := cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))
	var first sync.WaitGroup
	for i, e := range t.entries {
		id := turns.Schedule(t.schedules[i], cron.FuncJob(func() { t.take(ctx, e) }))
		if !e.waits {
			first.Go(turns.Entry(id).WrappedJob.Run)
		}
	}
	turns.Start()
	<-ctx.Done()
	<-turns.Stop().Done()
	first.Wait()
}

// take is one turn.
func (t *timetable) take(ctx context.Context, e entry) {
	if e.again == 0 {
		_ = t.try(ctx, e) // it is logged
		return
	}
	_ = retry.Do(ctx, retry.NewConstant(e.again), func(ctx context.Context) error { // it goes on until ctx ends
		return retry.RetryableError(t.try(ctx, e))
	})
}

func (t *timetable) try(ctx context.Context, e entry) error {
	err := e.tick(ctx, time.Now())
	if err != nil && ctx.Err() == nil {
		t.logger.Error(e.failed, "error", err)
	}
	return err
}
