package app

import (
	"context"
	"errors"
	"sync"
)

// closers close in reverse of the order in which they were added.
type closers []func(context.Context) error

func (c *closers) add(f func(context.Context) error) { *c = append(*c, f) }

func (c *closers) close(ctx context.Context) error {
	var errs []error
	for len(*c) > 0 {
		last := len(*c) - 1
		errs = append(errs, (*c)[last](ctx))
		*c = (*c)[:last]
	}
	return errors.Join(errs...)
}

func waitFor(ctx context.Context, running *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closeWithin waits for what closes without a context, such as a pool, for no longer than ctx: its connections may have gone dead.
func closeWithin(ctx context.Context, closes func()) error {
	var closing sync.WaitGroup
	closing.Go(closes)
	return waitFor(ctx, &closing)
}
