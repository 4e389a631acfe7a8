package app

import (
	"context"
	"log/slog"

	"github.com/connectd/connectd/internal/registry"
)

// rejudger goes on with what a new policy, or a new version of the rules, has still to judge, one batch at a time: many would fill
// the committer's queue, and webhooks be refused.
type rejudger struct {
	registry *registry.Registry
	logger   *slog.Logger
	wake     chan struct{} // holds one where accounts are to be judged again
}

func newRejudger(reg *registry.Registry, logger *slog.Logger) *rejudger {
	return &rejudger{registry: reg, logger: logger, wake: make(chan struct{}, 1)}
}

// Wake has accounts judged again, after what is under way: a policy that is applied meanwhile is not left out.
func (r *rejudger) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // somebody has
	}
}

// Run judges at each Wake, until ctx ends.
func (r *rejudger) Run(ctx context.Context) {
	for {
		select {
		case <-r.wake:
			r.judge(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (r *rejudger) judge(ctx context.Context) {
	err := r.registry.Rejudge(ctx, func(left int64) { r.logger.Info("judging accounts again", "left", left) })
	if err != nil && ctx.Err() == nil {
		r.logger.Error("accounts could not be judged again", "error", err)
	}
}
