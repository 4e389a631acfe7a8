package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/robfig/cron/v3"
)

// timetable does what happens by the clock. What still runs is not begun again: its turn is left out.
type timetable struct {
	entries *cron.Cron
	atOnce  []cron.Job
	first   sync.WaitGroup // those at once
}

func newTimetable() *timetable {
	return &timetable{entries: cron.New(cron.WithChain(cron.SkipIfStillRunning(cron.DiscardLogger)))}
}

func (t *timetable) add(schedule string, f func()) error {
	if _, err := t.entries.AddFunc(schedule, f); err != nil {
		return fmt.Errorf("schedule what happens %s: %w", schedule, err)
	}
	return nil
}

// addAtOnce is add of what is done at the start too.
func (t *timetable) addAtOnce(schedule string, f func()) error {
	id, err := t.entries.AddFunc(schedule, f)
	if err != nil {
		return fmt.Errorf("schedule what happens %s: %w", schedule, err)
	}
	t.atOnce = append(t.atOnce, t.entries.Entry(id).WrappedJob)
	return nil
}

func (t *timetable) start() {
	for _, job := range t.atOnce {
		t.first.Go(job.Run)
	}
	t.entries.Start()
}

// stop begins nothing any more, and waits for what runs.
func (t *timetable) stop(ctx context.Context) error {
	select {
	case <-t.entries.Stop().Done():
		return waitFor(ctx, &t.first)
	case <-ctx.Done():
		return ctx.Err()
	}
}
