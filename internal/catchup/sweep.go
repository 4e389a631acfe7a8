package catchup

import (
	"context"
	"fmt"
	"time"

	"github.com/connectd/connectd/internal/account"
	"github.com/connectd/connectd/internal/db"
)

// sweep has all accounts looked at, and reports whether that is done: the pass is over, or its brake holds the rest back, for
// which events don't wait. The pass is known by who has started it, so that a kill between its start and the next look starts
// no second one.
func (w *Worker) sweep(ctx context.Context, c db.CatchUp, now time.Time) (done bool, err error) {
	by := account.Actor{Name: fmt.Sprintf("catch-up %d", c.ID)}
	passes, err := w.q.SweepOf(ctx, by.Name)
	switch {
	case err != nil:
		return false, fmt.Errorf("look for the pass of the catch-up: %w", err)
	case len(passes) > 0 && passes[0].State == "running":
		return false, nil
	case len(passes) > 0 && passes[0].State != "stopped":
		return true, w.swept(ctx, c)
	}
	if len(passes) > 0 && now.Sub(passes[0].StartedAt) < longestRest {
		return false, nil
	}
	err = w.cfg.Sweep(ctx, by, now)
	if account.KindOf(err) != account.Conflict {
		return false, err
	}
	return w.sweepBeside(ctx, c, now)
}

// sweepBeside: a pass that runs will be over soon. One that is braked stays open until somebody has looked, and takes what falls
// due meanwhile.
func (w *Worker) sweepBeside(ctx context.Context, c db.CatchUp, now time.Time) (done bool, err error) {
	report, found, err := w.cfg.Passes.Current(ctx, now)
	if err != nil || !found || report.State != "braked" {
		return false, err
	}
	for after, more := "", true; more; {
		step, err := w.q.MakeDue(ctx, db.MakeDueParams{StartedAt: now, After: after, N: makeDueStep})
		if err != nil {
			return false, fmt.Errorf("make all accounts due: %w", err)
		}
		after, more = step.Through, step.LookedAt == makeDueStep
	}
	return true, w.swept(ctx, c)
}

func (w *Worker) swept(ctx context.Context, c db.CatchUp) error {
	if err := w.q.SetSwept(ctx, c.ID); err != nil {
		return fmt.Errorf("note that all accounts were looked at: %w", err)
	}
	return nil
}
